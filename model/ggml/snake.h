// The anti-aliased periodic activation of BigVGAN, a kernel of its own.
#ifndef OMNILIVE_GGML_SNAKE_H
#define OMNILIVE_GGML_SNAKE_H

enum { snake_taps = 12 };

// out[rows', channels] of x[rows, channels]: doubled along time by up, x + gain·sin²(rate·x), halved by down. At the first
// and the last row of all, where `first` and `last` say that x has them, rows are repeated; elsewhere each side gives
// five rows fewer.
typedef struct {
	const float *x, *rate, *gain, *up, *down;
	float *out;
	int rows, channels, first, last;
} snake_job;

// As kernels_panel has it: 32 for AVX-512, 16 for AVX2, else 8.
void snake_run(const snake_job *job, int panel, int thread, int threads);
#endif
