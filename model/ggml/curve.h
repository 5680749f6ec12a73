// Functions of each element, kernels of their own.
#ifndef OMNILIVE_GGML_CURVE_H
#define OMNILIVE_GGML_CURVE_H

// out[rows, channels] of x[rows, channels]: with a rate and a gain for each channel x + gain·sin²(rate·x), else
// x·tanh(ln(1 + exp(x))).
typedef struct {
	const float *x, *rate, *gain;
	float *out;
	int rows, channels;
} curve_job;

// As kernels_panel has it: 32 for AVX-512, 16 for AVX2, else 8.
void curve_run(const curve_job *job, int panel, int thread, int threads);
#endif
