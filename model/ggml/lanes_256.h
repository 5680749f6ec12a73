// Vectors of eight floats: AVX2.
static inline __m256 pow2_256(__m256 p, __m256 n) {
	__m256i e = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
	return _mm256_mul_ps(p, _mm256_castsi256_ps(e));
}
static inline __m256i words_256(const void *p) { return _mm256_loadu_si256((const __m256i *)p); }
static inline __m256 low_256(const void *p) { return _mm256_castsi256_ps(_mm256_slli_epi32(words_256(p), 16)); }
static inline __m256 high_256(const void *p) {
	return _mm256_castsi256_ps(_mm256_and_si256(words_256(p), _mm256_set1_epi32((int)0xffff0000)));
}
static inline __m256 bytes_256(const void *p, int i) {
	__m256i v = _mm256_and_si256(_mm256_srli_epi32(words_256(p), 8 * i), _mm256_set1_epi32(255));
	return _mm256_sub_ps(_mm256_cvtepi32_ps(v), _mm256_set1_ps(128));
}
static inline float add_256(__m256 v) {
	float f[8];
	_mm256_storeu_ps(f, v);
	return ((f[0] + f[4]) + (f[1] + f[5])) + ((f[2] + f[6]) + (f[3] + f[7]));
}
static inline float max_256(__m256 v) {
	float f[8], m;
	_mm256_storeu_ps(f, v);
	m = f[0];
	for (int i = 1; i < 8; i++) m = f[i] > m ? f[i] : m;
	return m;
}

#define NAME(x) x##_256
#define VEC __m256
#define LANES 8
#define MAXROWS 6
#define ALLROWS ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6)
#define SET(x) _mm256_set1_ps(x)
#define LOAD(p) _mm256_loadu_ps(p)
#define STORE(p, v) _mm256_storeu_ps(p, v)
#define HALF(p) _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p)))
#define TOHALF(x) _cvtss_sh(x, 0)
#define LOW(p) low_256(p)
#define HIGH(p) high_256(p)
#define BYTES(p, i) bytes_256(p, i)
#define ADD(a, b) _mm256_add_ps(a, b)
#define SUB(a, b) _mm256_sub_ps(a, b)
#define MUL(a, b) _mm256_mul_ps(a, b)
#define DIV(a, b) _mm256_div_ps(a, b)
#define MAX(a, b) _mm256_max_ps(a, b)
#define FMA(a, b, c) _mm256_fmadd_ps(a, b, c)
#define FNMA(a, b, c) _mm256_fnmadd_ps(a, b, c)
#define ABS(a) _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a)
#define ROUND(a) _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#define POW2(p, n) pow2_256(p, n)
#define COPYSIGN(a, s) _mm256_or_ps(a, _mm256_and_ps(s, _mm256_set1_ps(-0.0f)))
#define SWAP(a) _mm256_permute_ps(a, 0xb1)
#define REDUCE_ADD(v) add_256(v)
#define REDUCE_MAX(v) max_256(v)
