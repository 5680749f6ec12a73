#include "kernels.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

// The value of an f16, and the nearest f16 of a value, for processors without an instruction for it.
static inline float from_half(uint16_t h) {
	uint32_t sign = (uint32_t)(h >> 15) << 31, rest = h & 0x7fff, bits = rest << 13;
	float f;
	memcpy(&f, &bits, 4);
	f *= 0x1p112f; // also right where the exponent is 0
	memcpy(&bits, &f, 4);
	if (rest >= 0x7c00) bits = 0x7f800000 | (rest & 0x3ff) << 13;
	bits |= sign;
	memcpy(&f, &bits, 4);
	return f;
}

static inline uint16_t to_half(float f) {
	uint32_t bits, sign;
	memcpy(&bits, &f, 4);
	sign = bits >> 16 & 0x8000;
	bits &= 0x7fffffff;
	if (bits >= 0x47800000) return sign | (bits > 0x7f800000 ? 0x7e00 : 0x7c00);
	if (bits < 0x38800000) { // below the smallest normal f16: let the adder round
		float small;
		memcpy(&small, &bits, 4);
		small += 0.5f;
		memcpy(&bits, &small, 4);
		return sign | (bits - 0x3f000000);
	}
	bits += 0xfff + (bits >> 13 & 1);
	return sign | (bits - 0x38000000) >> 13;
}

typedef float vec4 __attribute__((vector_size(16)));
static inline vec4 set4(float x) { return (vec4){x, x, x, x}; }
static inline vec4 load4(const float *p) { vec4 v; memcpy(&v, p, 16); return v; }
static inline void store4(float *p, vec4 v) { memcpy(p, &v, 16); }
static inline vec4 half4(const uint16_t *p) { return (vec4){from_half(p[0]), from_half(p[1]), from_half(p[2]), from_half(p[3])}; }
#define EACH(f) (vec4){f(0), f(1), f(2), f(3)}
static inline vec4 max4(vec4 a, vec4 b) {
#define F(i) (a[i] > b[i] ? a[i] : b[i])
	return EACH(F);
#undef F
}
static inline vec4 abs4(vec4 a) {
#define F(i) __builtin_fabsf(a[i])
	return EACH(F);
#undef F
}
static inline vec4 round4(vec4 a) {
#define F(i) __builtin_rintf(a[i])
	return EACH(F);
#undef F
}
static inline vec4 pow4(vec4 p, vec4 n) {
#define F(i) __builtin_ldexpf(p[i], (int)n[i])
	return EACH(F);
#undef F
}
static inline vec4 sign4(vec4 a, vec4 s) {
#define F(i) __builtin_copysignf(a[i], s[i])
	return EACH(F);
#undef F
}

#define NAME(x) x##_any
#define VEC vec4
#define LANES 4
#define MAXROWS 4
#define ALLROWS ROWS(1) ROWS(2) ROWS(3) ROWS(4)
#define SET(x) set4(x)
#define LOAD(p) load4(p)
#define STORE(p, v) store4(p, v)
#define HALF(p) half4(p)
#define TOHALF(x) to_half(x)
#define ADD(a, b) ((a) + (b))
#define SUB(a, b) ((a) - (b))
#define MUL(a, b) ((a) * (b))
#define DIV(a, b) ((a) / (b))
#define MAX(a, b) max4(a, b)
#define FMA(a, b, c) ((a) * (b) + (c))
#define FNMA(a, b, c) ((c) - (a) * (b))
#define ABS(a) abs4(a)
#define ROUND(a) round4(a)
#define POW2(p, n) pow4(p, n)
#define COPYSIGN(a, s) sign4(a, s)
#define REDUCE_ADD(v) ((v[0] + v[2]) + (v[1] + v[3]))
#define REDUCE_MAX(v) most4(v)
static inline float most4(vec4 v) {
	float a = v[0] > v[1] ? v[0] : v[1], b = v[2] > v[3] ? v[2] : v[3];
	return a > b ? a : b;
}
#include "kernel.inc"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#include <immintrin.h>

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,fma,f16c")
#include "forget.inc"
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
#define REDUCE_ADD(v) _mm512_reduce_add_ps(v)
#define REDUCE_MAX(v) _mm512_reduce_max_ps(v)
#include "kernel.inc"
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")
static inline __m256 pow2_256(__m256 p, __m256 n) {
	__m256i e = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
	return _mm256_mul_ps(p, _mm256_castsi256_ps(e));
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
#include "forget.inc"
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
#define REDUCE_ADD(v) add_256(v)
#define REDUCE_MAX(v) max_256(v)
#include "kernel.inc"
#pragma GCC pop_options

static int supported(void) {
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")) return 32;
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 16 : 8;
}
#define CHOOSE(name, ...) \
	switch (kernels_panel()) { \
	case 32: name##_512(__VA_ARGS__); break; \
	case 16: name##_256(__VA_ARGS__); break; \
	default: name##_any(__VA_ARGS__); \
	}

#else

static int supported(void) { return 8; }
#define CHOOSE(name, ...) name##_any(__VA_ARGS__)

#endif

static int most = kernels_max_panel;

void kernels_limit(int panel) { most = panel; }

int kernels_panel(void) {
	int have = supported();
	return have < most ? have : most;
}

void kernels_pack(const uint16_t *matrix, int outputs, int inputs, uint16_t *to) { CHOOSE(pack, matrix, outputs, inputs, to); }
void kernels_linear(const linear_job *job, int thread, int threads) { CHOOSE(linear, job, thread, threads); }
void kernels_keep(const keep_job *job, int thread, int threads) { CHOOSE(keep, job, thread, threads); }
void kernels_attend(const attend_job *job, int thread, int threads) { CHOOSE(attend, job, thread, threads); }
