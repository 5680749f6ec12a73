// A convolution of each channel along time by weights of its own, a kernel of its own.
#ifndef OMNILIVE_GGML_DEPTHWISE_H
#define OMNILIVE_GGML_DEPTHWISE_H
#include <stddef.h>

// out[rows, channels] of x[rows, channels], whose rows lie stride floats apart, by w[taps, channels]: row t is the sum of
// rows t - left + k of x by row k of w, what lies outside x being 0.
typedef struct {
	const float *x, *w;
	float *out;
	size_t stride;
	int rows, channels, taps, left;
} depthwise_job;

// As kernels_panel has it: 32 for AVX-512, 16 for AVX2, else 8.
void depthwise_run(const depthwise_job *job, int panel, int thread, int threads);
#endif
