// Matrix products of quantized weights with a few rows at once, for processors with AVX-512 VNNI.
#ifndef OMNILIVE_LLAMA_PRODUCTS_H
#define OMNILIVE_LLAMA_PRODUCTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// out[r][c] = sum over k of weights[c][k] * in[r][k]; inputs is a multiple of 32, outputs one of 8.
typedef struct {
	const uint8_t *weights;
	size_t stride; // bytes from one output's weights to the next one's
	bool packed;   // Q4_0 as ggml packs it, eight outputs side by side; else rows of Q8_0
	int64_t inputs, outputs, rows;
	const float *in;
	float *out;
	size_t in_stride, out_stride; // numbers from one row to the next
} product;

bool products_possible(void);
size_t products_scratch(int64_t inputs); // bytes that a thread needs, aligned to 64
void products_run(const product *p, void *scratch, int thread, int threads);

#endif
