// Kernels of this package, run as custom operations of ggml graphs.
#ifndef OMNILIVE_GGML_KERNELS_H
#define OMNILIVE_GGML_KERNELS_H
#include <stddef.h>
#include <stdint.h>

// out[rows, outputs] = x · weightsᵀ (+ bias) (gelu) (+ add); weights are f16 panels, all else is f32.
typedef struct {
	const float *x, *bias, *add;
	const uint16_t *panels;
	float *out;
	size_t stride; // elements from one row of x to the next
	int rows, inputs, outputs, gelu;
} linear_job;

// out[queries, heads·size] = softmax(scale · q · kᵀ) · v, head by head; with causal, the last query sees all keys, the
// one before it one less, and so on. With a capacity, k and v are what kernels_keep made.
typedef struct {
	const float *q, *k, *v;
	float *out;
	size_t q_stride, k_stride, v_stride;
	float scale;
	int queries, keys, heads, size, causal, capacity;
} attend_job;

// Lays the first rows of keys and values [capacity, heads·size] out as f16 panels.
typedef struct {
	const float *k, *v;
	uint16_t *keys, *values;
	size_t stride;
	int rows, heads, size, capacity;
} keep_job;

enum { kernels_max_panel = 32 };

// kernels_panel returns the outputs in a panel on this processor: 32 with AVX-512, 16 with AVX2, else 8.
// kernels_limit, for tests, lowers it before anything is packed.
int kernels_panel(void);
void kernels_limit(int panel);
void kernels_pack(const uint16_t *matrix, int outputs, int inputs, uint16_t *to);
void kernels_linear(const linear_job *job, int thread, int threads);
void kernels_keep(const keep_job *job, int thread, int threads);
void kernels_attend(const attend_job *job, int thread, int threads);
#endif
