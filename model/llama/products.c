#include "products.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#include <immintrin.h>
#include <string.h>

enum { block = 32, side = 8, most_pairs = 8, bytes_q8 = 34, bytes_packed = 144 };

// A pair is 32 inputs of two rows as ggml's Q8_0 has them. The weights are multiplied as unsigned numbers, so much too large;
// excess takes away what that adds.
typedef struct {
	int8_t in[2][block];
	float scale[2];
	int64_t excess[2];
} pair;

bool products_possible(void) {
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
	       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}

size_t products_scratch(int64_t inputs) {
	size_t n = (size_t)(inputs / block) * most_pairs * sizeof(pair);
	return (n + 63) / 64 * 64;
}

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,f16c,fma")
#define ALWAYS static inline __attribute__((always_inline))

// Rounds 32 inputs to bytes.
ALWAYS void quantize(const float *in, int lift, pair *to, int row) {
	__m512 a = _mm512_loadu_ps(in), b = _mm512_loadu_ps(in + 16);
	float most = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(a), _mm512_abs_ps(b)));
	__m512 up = _mm512_set1_ps(most != 0 ? 127.0f / most : 0);
	__m512i x = _mm512_cvtps_epi32(_mm512_mul_ps(a, up)), y = _mm512_cvtps_epi32(_mm512_mul_ps(b, up));
	_mm_storeu_si128((void *)to->in[row], _mm512_cvtepi32_epi8(x));
	_mm_storeu_si128((void *)(to->in[row] + 16), _mm512_cvtepi32_epi8(y));
	to->scale[row] = _cvtsh_ss(_cvtss_sh(most / 127.0f, 0));
	to->excess[row] = (int64_t)(uint32_t)(-lift * _mm512_reduce_add_epi32(_mm512_add_epi32(x, y)));
}

// Rounds the rows of a tile, block by block.
static void gather(const product *p, int64_t from, int rows, int pairs, pair *to) {
	int lift = p->packed ? 8 : 128;
	if (rows % 2 != 0)
		for (int64_t b = 0; b < p->inputs / block; b++) memset(&to[b * pairs + rows / 2], 0, sizeof *to);
	for (int r = 0; r < rows; r++) {
		const float *in = p->in + (size_t)(from + r) * p->in_stride;
		for (int64_t b = 0; b < p->inputs / block; b++) quantize(in + b * block, lift, &to[b * pairs + r / 2], r % 2);
	}
}

// The weights of eight outputs for 32 inputs: w[i] holds inputs 8i to 8i+7 of output 0, then of output 1 and so on.
typedef struct {
	__m512i w[4];
	__m256 scale;
} panel;

ALWAYS panel unpack(const uint8_t *at) {
	const __m512i low = _mm512_set1_epi8(15), flip = _mm512_set1_epi8((char)0x88);
	__m512i a = _mm512_xor_si512(_mm512_loadu_si512(at + 16), flip), b = _mm512_xor_si512(_mm512_loadu_si512(at + 80), flip);
	return (panel){
		{_mm512_and_si512(a, low), _mm512_and_si512(b, low), _mm512_and_si512(_mm512_srli_epi16(a, 4), low),
		 _mm512_and_si512(_mm512_srli_epi16(b, 4), low)},
		_mm256_cvtph_ps(_mm_loadu_si128((const void *)at)),
	};
}

ALWAYS __m512i two(const uint8_t *a, const uint8_t *b) {
	return _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_loadu_si256((const void *)(a + 2))), _mm256_loadu_si256((const void *)(b + 2)), 1);
}

ALWAYS short half(const uint8_t *at) {
	short h;
	memcpy(&h, at, sizeof h);
	return h;
}

ALWAYS panel turn(const uint8_t *at, size_t s) {
	const __m512i flip = _mm512_set1_epi8((char)0x80);
#pragma GCC unroll 8
	for (int i = 0; i < side; i++) _mm_prefetch((const char *)at + (side + i) * s, _MM_HINT_T0);
	__m512i a = two(at, at + 2 * s), b = two(at + s, at + 3 * s), c = two(at + 4 * s, at + 6 * s), d = two(at + 5 * s, at + 7 * s);
	__m512i ab = _mm512_xor_si512(_mm512_unpacklo_epi64(a, b), flip), cd = _mm512_xor_si512(_mm512_unpacklo_epi64(c, d), flip);
	__m512i AB = _mm512_xor_si512(_mm512_unpackhi_epi64(a, b), flip), CD = _mm512_xor_si512(_mm512_unpackhi_epi64(c, d), flip);
	return (panel){
		{_mm512_shuffle_i64x2(ab, cd, 0x88), _mm512_shuffle_i64x2(AB, CD, 0x88), _mm512_shuffle_i64x2(ab, cd, 0xDD),
		 _mm512_shuffle_i64x2(AB, CD, 0xDD)},
		_mm256_cvtph_ps(_mm_setr_epi16(half(at), half(at + s), half(at + 2 * s), half(at + 3 * s), half(at + 4 * s), half(at + 5 * s),
			half(at + 6 * s), half(at + 7 * s))),
	};
}

// The products of a row: two sums for each of the eight outputs.
ALWAYS __m512i dots(const panel *w, const pair *x, int row) {
	__m512i sum = _mm512_set1_epi64(x->excess[row]);
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		int64_t in;
		memcpy(&in, x->in[row] + 8 * i, sizeof in);
		sum = _mm512_dpbusd_epi32(sum, w->w[i], _mm512_set1_epi64(in));
	}
	return sum;
}

// Eight outputs of all rows of a tile. Every row adds up its blocks one by one, however many rows there are: nobody's answer
// depends on who else is in the batch.
ALWAYS void columns(const product *p, int64_t column, const pair *x, int pairs, float *out, int rows) {
	const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
	const __m512i odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
	const uint8_t *at = p->weights + (size_t)column * p->stride;
	__m512 sums[most_pairs];
#pragma GCC unroll 8
	for (int i = 0; i < pairs; i++) sums[i] = _mm512_setzero_ps();
	for (int64_t b = 0; b < p->inputs / block; b++, x += pairs) {
		panel w = p->packed ? unpack(at) : turn(at, p->stride);
		at += p->packed ? bytes_packed : bytes_q8;
		__m512 outputs = _mm512_broadcast_f32x8(w.scale);
#pragma GCC unroll 8
		for (int i = 0; i < pairs; i++) {
			__m512i s = dots(&w, x + i, 0), t = dots(&w, x + i, 1);
			__m512i both = _mm512_add_epi32(_mm512_permutex2var_epi32(s, even, t), _mm512_permutex2var_epi32(s, odd, t));
			__m512 inputs = _mm512_mask_broadcastss_ps(_mm512_set1_ps(x[i].scale[0]), 0xFF00, _mm_load_ss(&x[i].scale[1]));
			sums[i] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(both), _mm512_mul_ps(outputs, inputs), sums[i]);
		}
	}
#pragma GCC unroll 16
	for (int r = 0; r < 2 * pairs; r++) {
		if (r >= rows) break;
		__m512 s = sums[r / 2];
		_mm256_storeu_ps(out + (size_t)r * p->out_stride + column, r % 2 ? _mm512_extractf32x8_ps(s, 1) : _mm512_castps512_ps256(s));
	}
}

#define TILE(n) \
	static void tile_##n(const product *p, const pair *x, float *out, int rows, int64_t from, int64_t to) { \
		product q = *p; \
		if (p->packed) { \
			q.packed = true; \
			for (int64_t c = from; c < to; c += side) columns(&q, c, x, n, out, rows); \
		} else { \
			q.packed = false; \
			for (int64_t c = from; c < to; c += side) columns(&q, c, x, n, out, rows); \
		} \
	}
TILE(1) TILE(2) TILE(3) TILE(4) TILE(8)

void products_run(const product *p, void *scratch, int thread, int threads) {
	static void (*const tiles[])(const product *, const pair *, float *, int, int64_t, int64_t) = {
		tile_1, tile_2, tile_3, tile_4, tile_8, tile_8, tile_8, tile_8,
	};
	static const int room[] = {1, 2, 3, 4, 8, 8, 8, 8};
	int64_t groups = p->outputs / side, from = groups * thread / threads * side, to = groups * (thread + 1) / threads * side;
	if (from == to) return;
	for (int64_t r = 0, rows; r < p->rows; r += rows) {
		rows = p->rows - r;
		if (rows > 2 * most_pairs) rows = 2 * most_pairs;
		if (rows > 8 && rows < 12) rows = 8;
		int kind = (int)(rows + 1) / 2 - 1;
		int pairs = room[kind];
		if (2 * pairs > rows + 1) memset(scratch, 0, (size_t)(p->inputs / block) * pairs * sizeof(pair));
		gather(p, r, (int)rows, pairs, scratch);
		tiles[kind](p, scratch, p->out + (size_t)r * p->out_stride, (int)rows, from, to);
	}
}
#pragma GCC pop_options

#else

bool products_possible(void) { return false; }
size_t products_scratch(int64_t inputs) { return inputs < 0; }
void products_run(const product *p, void *scratch, int thread, int threads) { (void)p, (void)scratch, (void)thread, (void)threads; }

#endif
