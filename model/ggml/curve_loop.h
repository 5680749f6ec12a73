// One thread's part of a function of each element; included once per instruction set. Plain loops that the compiler turns
// into vectors.

// The angle less the nearest multiple of pi, then sin² as a polynomial of its square: sin²(r) = r²·p(r²), 1e-9.
static void NAME(curve_snake)(const float *restrict x, int n, const float *restrict rate, const float *restrict gain, float *restrict out) {
	for (int i = 0; i < n; i++) {
		float y = x[i] * rate[i];
		float k = (y * 0.318309886f + 12582912.0f) - 12582912.0f; // to the nearest whole number
		float r = y - k * 3.140625f;
		r = r - k * 9.67502593994140625e-4f;
		r = r - k * 1.5099579897e-7f;
		r = r > 1.6f ? 1.6f : r; // so large an angle that nothing of it is known
		r = r < -1.6f ? -1.6f : r;
		float z = r * r, s = 8.133221740536101e-08f;
		s = s * z - 4.233659183228156e-06f;
		s = s * z + 1.4102377463132143e-04f;
		s = s * z - 3.1745433807373047e-03f;
		s = s * z + 4.444441944360733e-02f;
		s = s * z - 3.333333432674408e-01f;
		s = s * z + 1.0f;
		out[i] = x[i] + gain[i] * (z * s);
	}
}

// With e = exp(x) and n = e·(e + 2), tanh(ln(1 + e)) is n/(n + 2), of which nothing cancels. Above 20 it is 1.
static void NAME(curve_mish)(const float *restrict x, int n, float *restrict out) {
	for (int i = 0; i < n; i++) {
		float v = x[i] > 20.0f ? 20.0f : x[i];
		v = v < -87.0f ? -87.0f : v;
		float k = (v * 1.44269504f + 12582912.0f) - 12582912.0f;
		float r = v - k * 0.693359375f;
		r = r + k * 2.12194440e-4f;
		float p = 1.9875691500e-4f; // Cephes' polynomial of e^r
		p = p * r + 1.3981999507e-3f;
		p = p * r + 8.3334519073e-3f;
		p = p * r + 4.1665795894e-2f;
		p = p * r + 1.6666665459e-1f;
		p = p * r + 5.0000001201e-1f;
		p = p * (r * r) + r + 1.0f;
		union { int32_t bits; float power; } two = {.bits = ((int32_t)k + 127) << 23};
		float e = p * two.power, m = e * (e + 2.0f);
		out[i] = x[i] * (m / (m + 2.0f));
	}
}

static void NAME(curve)(const curve_job *job, int thread, int threads) {
	int c = job->channels, from = (int)((int64_t)job->rows * thread / threads), to = (int)((int64_t)job->rows * (thread + 1) / threads);
	if (!job->rate) {
		for (int row = from; row < to; row++) NAME(curve_mish)(job->x + (size_t)row * c, c, job->out + (size_t)row * c);
		return;
	}
	for (int row = from; row < to; row++) NAME(curve_snake)(job->x + (size_t)row * c, c, job->rate, job->gain, job->out + (size_t)row * c);
}
#undef NAME
