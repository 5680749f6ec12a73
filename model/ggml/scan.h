// The recurrence of Mamba2 (Dao and Gu 2024), a kernel of its own.
#ifndef OMNILIVE_GGML_SCAN_H
#define OMNILIVE_GGML_SCAN_H
#include <stddef.h>

// rows hold, side by side, heads·size values of x, states of B and of C, and a step for each head; so many rows are a
// chunk, and what is read out is the last row of each. before holds the rows of x, B and C in front of the first,
// taps-1 of them. memory is [heads·size, states] before the first chunk and, in out, behind the readings
// [chunks, heads·size], what it is after the last. room has scan_room floats for each thread.
typedef struct {
	const float *rows, *before, *memory;
	const float *kernel, *bias;        // of the convolution along time: [taps, channels] and [channels]
	const float *step, *rate, *direct; // for each head: added to its step, its decay, and x's way around the memory
	float *out;
	int heads, size, states, taps, chunk, chunks;
} scan_job;

size_t scan_room(const scan_job *job);
// panel is as kernels_panel has it: 32 for AVX-512, 16 for AVX2, else 8.
void scan_run(const scan_job *job, int panel, int thread, int threads, float *room);
#endif
