// Vectors of sixteen floats: AVX-512.
static inline __m512 low_512(const void *p) { return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_loadu_si512(p), 16)); }
static inline __m512 high_512(const void *p) {
	return _mm512_castsi512_ps(_mm512_and_si512(_mm512_loadu_si512(p), _mm512_set1_epi32((int)0xffff0000)));
}
static inline __m512 bytes_512(const void *p, int i) {
	__m512i v = _mm512_and_si512(_mm512_srli_epi32(_mm512_loadu_si512(p), (unsigned)(8 * i)), _mm512_set1_epi32(255));
	return _mm512_sub_ps(_mm512_cvtepi32_ps(v), _mm512_set1_ps(128));
}

#define NAME(x) x##_512
#define VEC __m512
#define LANES 16
#define MAXROWS 12
#define ALLROWS ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6) ROWS(7) ROWS(8) ROWS(9) ROWS(10) ROWS(11) ROWS(12)
#define SET(x) _mm512_set1_ps(x)
#define LOAD(p) _mm512_loadu_ps(p)
#define STORE(p, v) _mm512_storeu_ps(p, v)
#define HALF(p) _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(p)))
#define TOHALF(x) _cvtss_sh(x, 0)
#define LOW(p) low_512(p)
#define HIGH(p) high_512(p)
#define BYTES(p, i) bytes_512(p, i)
#define ADD(a, b) _mm512_add_ps(a, b)
#define SUB(a, b) _mm512_sub_ps(a, b)
#define MUL(a, b) _mm512_mul_ps(a, b)
#define DIV(a, b) _mm512_div_ps(a, b)
#define MAX(a, b) _mm512_max_ps(a, b)
#define FMA(a, b, c) _mm512_fmadd_ps(a, b, c)
#define FNMA(a, b, c) _mm512_fnmadd_ps(a, b, c)
#define ABS(a) _mm512_abs_ps(a)
#define ROUND(a) _mm512_roundscale_ps(a, 8)
#define POW2(p, n) _mm512_scalef_ps(p, n)
#define COPYSIGN(a, s) _mm512_or_ps(a, _mm512_and_ps(s, _mm512_set1_ps(-0.0f)))
#define SWAP(a) _mm512_permute_ps(a, 0xb1)
#define REDUCE_ADD(v) _mm512_reduce_add_ps(v)
#define REDUCE_MAX(v) _mm512_reduce_max_ps(v)
