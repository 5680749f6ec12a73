// Rotary positions: every head of every row of x turns by that row's cosines and sines.

static void NAME(rotate_row)(const float *x, const float *cos, const float *sin, int size, int halves, float *out) {
	int half = size / 2, i = 0;
	if (halves) { // [a | b] becomes [-b | a]
		for (; i + LANES <= half; i += LANES) {
			VEC a = LOAD(x + i), b = LOAD(x + half + i);
			STORE(out + i, FNMA(b, LOAD(sin + i), MUL(a, LOAD(cos + i))));
			STORE(out + half + i, FMA(a, LOAD(sin + half + i), MUL(b, LOAD(cos + half + i))));
		}
		for (; i < half; i++) {
			out[i] = x[i] * cos[i] - x[half + i] * sin[i];
			out[half + i] = x[half + i] * cos[half + i] + x[i] * sin[half + i];
		}
		return;
	}
	float signs[LANES]; // (a, b) becomes (-b, a)
	for (int j = 0; j < LANES; j++) signs[j] = j % 2 ? 1 : -1;
	VEC sign = LOAD(signs);
	for (; i + LANES <= size; i += LANES) {
		VEC v = LOAD(x + i);
		STORE(out + i, FMA(MUL(SWAP(v), sign), LOAD(sin + i), MUL(v, LOAD(cos + i))));
	}
	for (; i < size; i += 2) {
		out[i] = x[i] * cos[i] - x[i + 1] * sin[i];
		out[i + 1] = x[i + 1] * cos[i + 1] + x[i] * sin[i + 1];
	}
}

static void NAME(rotate)(const rotate_job *job, crew *c) {
	int many = 16; // rows at a time
	for (int unit; (unit = kernels_claim(c)) * many < job->rows;)
		for (int row = unit * many; row < job->rows && row < (unit + 1) * many; row++)
			for (int h = 0; h < job->heads; h++)
				NAME(rotate_row)(job->x + (size_t)row * job->stride + (size_t)h * job->size, job->cos + (size_t)row * job->size,
					job->sin + (size_t)row * job->size, job->size, job->halves, job->out + ((size_t)row * job->heads + h) * job->size);
}
