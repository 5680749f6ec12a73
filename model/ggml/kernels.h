// Kernels of this package, run as custom operations of ggml graphs.
#ifndef OMNILIVE_GGML_KERNELS_H
#define OMNILIVE_GGML_KERNELS_H
#include <stddef.h>
#include <stdint.h>

// How weights are kept. The numbers are ggml's.
enum { type_f32 = 0, type_f16 = 1, type_q8_0 = 8, type_bf16 = 30 };

// What becomes of a product.
enum { act_none, act_gelu, act_gelu_tanh, act_silu, act_relu };

// A crew is one thread's view of those that compute one operation: they take its units one by one.
typedef struct {
	int thread, threads;
	int *next;  // unit
	void *room; // of this thread alone, as large as *_room said
} crew;

static inline int kernels_claim(crew *c) { return __atomic_fetch_add(c->next, 1, __ATOMIC_RELAXED); }

// out[rows, outputs] = x · weightsᵀ (+ bias) (activation) (+ or · add). Row t of x that is multiplied has taps parts,
// the inputs of positions t·step + k·gap - left of x[length, inputs]; positions beyond the ends are zero. A product
// without time has one tap and step 1. Weights are panels of outputs as kernels_pack makes them, all else is f32.
typedef struct {
	const float *x, *bias, *add;
	const void *panels;
	float *out;
	size_t stride; // floats from one position of x to the next
	int type, rows, inputs, outputs, act, times;
	int taps, step, gap, left, length;
} linear_job;

// out[queries, heads·size] = softmax(scale · q · kᵀ) · v, head by head; with causal, the last query sees all keys, the
// one before it one less, and so on. With a capacity, k and v are what kernels_keep made. With segments, each so many
// queries see as many keys at the same place only.
typedef struct {
	const float *q, *k, *v;
	float *out;
	size_t q_stride, k_stride, v_stride;
	const int32_t *segments;
	float scale;
	int queries, keys, heads, size, causal, capacity, count;
} attend_job;

// Lays the first rows of keys and values [capacity, heads·size] out as f16 panels.
typedef struct {
	const float *k, *v;
	uint16_t *keys, *values;
	size_t stride;
	int rows, heads, size, capacity;
} keep_job;

// out = x ⊙ cos + turned(x) ⊙ sin for each head of x[rows, heads·size], cos and sin being [rows, size].
typedef struct {
	const float *x, *cos, *sin;
	float *out;
	size_t stride;
	int rows, heads, size, halves;
} rotate_job;

enum { kernels_max_panel = 32 };

// kernels_panel returns the outputs in a panel on this processor: 32 with AVX-512, 16 with AVX2, else 8. The last panel
// is half as wide where that is enough. kernels_limit, for tests, lowers it before anything is packed, and with dots 0
// forbids the processor's dot products of bf16 and of bytes.
int kernels_panel(void);
void kernels_limit(int panel, int dots);

// kernels_packed returns the bytes of panels for so many outputs, each of taps · inputs weights. kernels_pack lays panel
// p out, of which it gets its rows [taps, inputs] one behind the other. kernels_unpack gives one output's weights back.
size_t kernels_packed(int type, int outputs, int inputs, int taps);
void kernels_pack(int type, const float *rows, int p, int outputs, int inputs, int taps, void *panels);
void kernels_unpack(int type, const void *panels, int output, int outputs, int inputs, int taps, float *to);

size_t kernels_linear_room(const linear_job *job, int threads);
size_t kernels_attend_room(const attend_job *job);
void kernels_linear(const linear_job *job, crew *c);
void kernels_keep(const keep_job *job, crew *c);
void kernels_attend(const attend_job *job, crew *c);
void kernels_rotate(const rotate_job *job, crew *c);
#endif
