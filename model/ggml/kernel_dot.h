// Products by the dot products of AVX-512: pairs of bf16, and fours of bytes with the weights 128 too high.

#define ROWS12 ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6) ROWS(7) ROWS(8) ROWS(9) ROWS(10) ROWS(11) ROWS(12)
#define ROWS6 ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6)

#pragma GCC push_options
#pragma GCC target("avx512bf16")
static size_t brain_line(int inputs) { return 2 * (size_t)inputs; }

static void brain_convert(const float *x, int have, int inputs, void *to) {
	uint16_t *out = to;
	int i = 0;
	for (; i + 32 <= have; i += 32) {
		__m512bh v = _mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + i + 16), _mm512_loadu_ps(x + i));
		_mm512_storeu_si512(out + i, (__m512i)v);
	}
	for (; i < have; i++) out[i] = to_brain(x[i]);
	for (; i < inputs; i++) out[i] = 0;
}

static inline __attribute__((always_inline)) void brain_tile(int r, int vectors, const char *x, size_t step, const char *panel, int k, __m512 *acc) {
	for (int j = 0; j < k; j += 2) {
		const char *w = panel + (size_t)j * vectors * 32;
		__m512bh a = (__m512bh)_mm512_loadu_si512(w), b;
		if (vectors > 1) b = (__m512bh)_mm512_loadu_si512(w + 64);
#pragma GCC unroll 12
		for (int i = 0; i < r; i++) {
			int32_t pair;
			memcpy(&pair, x + i * step + 2 * (size_t)j, 4);
			__m512bh v = (__m512bh)_mm512_set1_epi32(pair);
			acc[vectors * i] = _mm512_dpbf16_ps(acc[vectors * i], v, a);
			if (vectors > 1) acc[vectors * i + 1] = _mm512_dpbf16_ps(acc[vectors * i + 1], v, b);
		}
	}
}

#define BRAIN(r, vectors) { \
		__m512 acc[r * vectors]; \
		begin_512(s, r, vectors, at, acc); \
		for (int t = 0; t < s->job->taps; t++) brain_tile(r, vectors, x + t * s->x_tap, s->x_row, s->panel + t * s->panel_tap, s->inputs, acc); \
		finish_512(s, r, vectors, at, acc); \
	}
static void brain_strip(const strip *s, int vectors) {
	for (int at = 0; at < s->rows; at += 12) {
		const char *x = s->x + at * s->x_row;
		int r = s->rows - at < 12 ? s->rows - at : 12;
		if (vectors > 1)
#define ROWS(r) case r: BRAIN(r, 2) break;
			switch (r) { ROWS12 }
#undef ROWS
		else
#define ROWS(r) case r: BRAIN(r, 1) break;
			switch (r) { ROWS12 }
#undef ROWS
	}
}
#undef BRAIN
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512vnni")
// A position is its bytes, then for each 32 of them the scale and minus 128 times their sum.
static size_t byte_line(int inputs) { return (size_t)inputs + inputs / 32 * 8; }

static void byte_convert(const float *x, int have, int inputs, void *to) {
	int8_t *out = to;
	float *scales = (float *)(void *)(out + inputs);
	int32_t *shifts = (int32_t *)(scales + inputs / 32);
	for (int i = 0; i < inputs; i += 32) {
		int n = have - i < 0 ? 0 : have - i;
		__mmask16 first = n >= 16 ? 0xffff : (1u << n) - 1, second = n >= 32 ? 0xffff : n > 16 ? (1u << (n - 16)) - 1 : 0;
		__m512 a = _mm512_maskz_loadu_ps(first, x + i), b = _mm512_maskz_loadu_ps(second, x + i + 16);
		float most = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(a), _mm512_abs_ps(b)));
		__m512 by = _mm512_set1_ps(most > 0 ? 127 / most : 0);
		__m512i p = _mm512_cvtps_epi32(_mm512_mul_ps(a, by)), q = _mm512_cvtps_epi32(_mm512_mul_ps(b, by));
		_mm_storeu_si128((__m128i *)(out + i), _mm512_cvtsepi32_epi8(p));
		_mm_storeu_si128((__m128i *)(out + i + 16), _mm512_cvtsepi32_epi8(q));
		scales[i / 32] = most / 127;
		shifts[i / 32] = -128 * _mm512_reduce_add_epi32(_mm512_add_epi32(p, q));
	}
}

static inline __attribute__((always_inline)) void byte_tile(int r, int vectors, const char *x, size_t step, const char *panel, int k, __m512 *acc) {
	const char *scales = x + k, *shifts = scales + k / 32 * 4;
	for (int j = 0; j < k; j += 32, panel += (size_t)34 * 16 * vectors) {
		__m512i sums[r * vectors];
#pragma GCC unroll 12
		for (int i = 0; i < r; i++) {
			int32_t shift;
			memcpy(&shift, shifts + i * step + j / 8, 4);
			sums[vectors * i] = _mm512_set1_epi32(shift);
			if (vectors > 1) sums[vectors * i + 1] = sums[vectors * i];
		}
#pragma GCC unroll 8
		for (int q = 0; q < 8; q++) {
			__m512i a = _mm512_loadu_si512(panel + q * 64 * vectors), b;
			if (vectors > 1) b = _mm512_loadu_si512(panel + q * 64 * vectors + 64);
#pragma GCC unroll 12
			for (int i = 0; i < r; i++) {
				int32_t four;
				memcpy(&four, x + i * step + j + 4 * q, 4);
				__m512i v = _mm512_set1_epi32(four);
				sums[vectors * i] = _mm512_dpbusd_epi32(sums[vectors * i], a, v);
				if (vectors > 1) sums[vectors * i + 1] = _mm512_dpbusd_epi32(sums[vectors * i + 1], b, v);
			}
		}
		const char *d = panel + 32 * 16 * vectors;
		__m512 a = _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)d)), b;
		if (vectors > 1) b = _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)(d + 32)));
#pragma GCC unroll 12
		for (int i = 0; i < r; i++) {
			float scale;
			memcpy(&scale, scales + i * step + j / 8, 4);
			__m512 by = _mm512_set1_ps(scale);
			acc[vectors * i] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[vectors * i]), _mm512_mul_ps(by, a), acc[vectors * i]);
			if (vectors > 1) acc[vectors * i + 1] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[vectors * i + 1]), _mm512_mul_ps(by, b), acc[vectors * i + 1]);
		}
	}
}

#define BYTE(r, vectors) { \
		__m512 acc[r * vectors]; \
		begin_512(s, r, vectors, at, acc); \
		for (int t = 0; t < s->job->taps; t++) byte_tile(r, vectors, x + t * s->x_tap, s->x_row, s->panel + t * s->panel_tap, s->inputs, acc); \
		finish_512(s, r, vectors, at, acc); \
	}
static void byte_strip(const strip *s, int vectors) {
	for (int at = 0; at < s->rows; at += 6) {
		const char *x = s->x + at * s->x_row;
		int r = s->rows - at < 6 ? s->rows - at : 6;
		if (vectors > 1)
#define ROWS(r) case r: BYTE(r, 2) break;
			switch (r) { ROWS6 }
#undef ROWS
		else
#define ROWS(r) case r: BYTE(r, 1) break;
			switch (r) { ROWS6 }
#undef ROWS
	}
}
#undef BYTE
#undef ROWS12
#undef ROWS6
#pragma GCC pop_options

static const dot_kind brain_dots = {brain_line, brain_convert, brain_strip, 512, 16};
static const dot_kind byte_dots = {byte_line, byte_convert, byte_strip, 1024, 40};
