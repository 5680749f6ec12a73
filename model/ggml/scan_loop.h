// One thread's part of the recurrence; included once per instruction set. Only the last row of a chunk is read, so a chunk
// works on the memory once: each row's share, x ⊗ B, is weighted by how much of it is left at the chunk's end.

// x / (1 + e^-x) of n values, by a polynomial (2e-7).
static void NAME(scan_silu)(float *restrict v, int n) {
	for (int i = 0; i < n; i++) {
		float x = v[i], y = -x;
		y = y < -87.0f ? -87.0f : y;
		y = y > 87.0f ? 87.0f : y;
		float k = (y * 1.44269504088896341f + 12582912.0f) - 12582912.0f; // to the nearest whole number
		float r = y - k * 0.693359375f;
		r = r + k * 2.12194440e-4f;
		float p = 1.9875691500e-4f;
		p = p * r + 1.3981999507e-3f;
		p = p * r + 8.3334519073e-3f;
		p = p * r + 4.1665795894e-2f;
		p = p * r + 1.6666665459e-1f;
		p = p * r + 5.0000001201e-1f;
		p = p * r * r + r + 1.0f;
		union { int32_t i; float f; } two = {((int32_t)k + 127) << 23};
		v[i] = x / (1.0f + p * two.f);
	}
}

// The convolution at a row, of n channels from channel at on, and SiLU of it.
static void NAME(scan_front)(const scan_job *j, int row, int at, int n, float *restrict out) {
	size_t channels = (size_t)j->heads * j->size + 2 * (size_t)j->states, stride = channels + (size_t)j->heads;
	memcpy(out, j->bias + at, (size_t)n * sizeof(float));
	for (int k = 0; k < j->taps; k++) {
		int from = row - j->taps + 1 + k;
		const float *restrict x = from < 0 ? j->before + (size_t)(from + j->taps - 1) * channels + at : j->rows + (size_t)from * stride + at;
		const float *restrict w = j->kernel + (size_t)k * channels + at;
		for (int i = 0; i < n; i++) out[i] += w[i] * x[i];
	}
	NAME(scan_silu)(out, n);
}

// What is left at the chunk's end of each row's share, and of the memory.
static float NAME(scan_weights)(const scan_job *j, int head, int first, float *weights) {
	size_t channels = (size_t)j->heads * j->size + 2 * (size_t)j->states, stride = channels + (size_t)j->heads;
	float sum = 0;
	for (int t = j->chunk - 1; t >= 0; t--) {
		float d = j->rows[(size_t)(first + t) * stride + channels + head] + j->step[head];
		d = d > 20 ? d : log1pf(expf(d));
		weights[t] = expf(sum) * d;
		sum += d * j->rate[head];
	}
	return expf(sum);
}

// memory = memory · left + Σ x[t] · B[t] for one row of it, in blocks that stay in registers.
static void NAME(scan_row)(float *restrict memory, float left, const float *restrict x, int step, const float *restrict b, int rows, int states) {
	enum { width = 16, vectors = 4 };
	typedef float vec __attribute__((vector_size(width * 4), aligned(4), may_alias));
	int i = 0;
	for (; i + width * vectors <= states; i += width * vectors) {
		vec s0 = *(vec *)(memory + i) * left, s1 = *(vec *)(memory + i + width) * left;
		vec s2 = *(vec *)(memory + i + 2 * width) * left, s3 = *(vec *)(memory + i + 3 * width) * left;
		for (int t = 0; t < rows; t++) {
			const float *from = b + (size_t)t * states + i;
			float v = x[(size_t)t * step];
			s0 += *(const vec *)from * v, s1 += *(const vec *)(from + width) * v;
			s2 += *(const vec *)(from + 2 * width) * v, s3 += *(const vec *)(from + 3 * width) * v;
		}
		*(vec *)(memory + i) = s0, *(vec *)(memory + i + width) = s1;
		*(vec *)(memory + i + 2 * width) = s2, *(vec *)(memory + i + 3 * width) = s3;
	}
	for (; i < states; i++) {
		float s = memory[i] * left;
		for (int t = 0; t < rows; t++) s += x[(size_t)t * step] * b[(size_t)t * states + i];
		memory[i] = s;
	}
}

static float NAME(scan_read)(const float *restrict memory, const float *restrict c, int states) {
	float part[16] = {0}, sum = 0;
	int i = 0;
	for (; i + 16 <= states; i += 16)
		for (int k = 0; k < 16; k++) part[k] += memory[i + k] * c[i + k];
	for (int k = 0; k < 16; k++) sum += part[k];
	for (; i < states; i++) sum += memory[i] * c[i];
	return sum;
}

static void NAME(scan)(const scan_job *j, int thread, int threads, float *room) {
	int inner = j->heads * j->size, n = j->states, from = (int)((int64_t)j->heads * thread / threads), to = (int)((int64_t)j->heads * (thread + 1) / threads);
	float *b = room, *c = b + (size_t)j->chunk * n, *x = c + n, *weights = x + (size_t)j->chunk * j->size, *last = weights + j->chunk;
	float *memory = j->out + (size_t)j->chunks * inner;
	size_t mine = (size_t)from * j->size * n, all = (size_t)(to - from) * j->size * n;
	if (from == to) return;
	memcpy(memory + mine, j->memory + mine, all * sizeof(float));
	for (int chunk = 0; chunk < j->chunks; chunk++) {
		int first = chunk * j->chunk;
		for (int t = 0; t < j->chunk; t++) NAME(scan_front)(j, first + t, inner, n, b + (size_t)t * n);
		NAME(scan_front)(j, first + j->chunk - 1, inner + n, n, c);
		for (int h = from; h < to; h++) {
			float left = NAME(scan_weights)(j, h, first, weights);
			for (int t = 0; t < j->chunk; t++) {
				float *row = x + (size_t)t * j->size;
				NAME(scan_front)(j, first + t, h * j->size, j->size, row);
				if (t == j->chunk - 1) memcpy(last, row, (size_t)j->size * sizeof(float));
				for (int d = 0; d < j->size; d++) row[d] *= weights[t];
			}
			for (int d = 0; d < j->size; d++) {
				float *m = memory + ((size_t)h * j->size + d) * n;
				NAME(scan_row)(m, left, x + d, j->size, b, j->chunk, n);
				j->out[(size_t)chunk * inner + h * j->size + d] = NAME(scan_read)(m, c, n) + j->direct[h] * last[d];
			}
		}
	}
}
#undef NAME
