// How the work of the kernels is cut into units.
#ifndef OMNILIVE_GGML_KERNEL_PLAN_H
#define OMNILIVE_GGML_KERNEL_PLAN_H
#include "kernels.h"

// A strip is a block of rows with a chunk of the inputs of one panel.
typedef struct {
	const linear_job *job;
	const char *x, *panel;          // what linear_fill made; the panel at the chunk
	size_t x_row, x_tap, panel_tap; // bytes from one row, tap to the next
	float *sums;                    // between chunks
	size_t sums_row;                // floats from one row to the next
	int row, rows, column, inputs, first, last;
} strip;

// A dot_kind is a processor's own way with a type of weights: it multiplies converted x.
typedef struct {
	size_t (*line)(int inputs); // bytes of so many converted inputs
	void (*convert)(const float *x, int have, int inputs, void *to); // inputs from have on are zero
	void (*strip)(const strip *s, int vectors);
	int chunk, panels; // inputs in a chunk, most panels of a unit
} dot_kind;

typedef struct {
	const dot_kind *kind;             // NULL: sums of f32
	int depth, chunk;                 // inputs of a tap, rounded up, and how many at once
	int rows, blocks, panels, groups; // rows of a block; a unit is a block by a group of panels
	size_t x_size, wide_size, tail_size;
} linear_plan;

linear_plan linear_plan_of(const linear_job *job, int threads);
size_t linear_bytes(int type, int inputs, int width);
size_t linear_fill(const linear_job *job, const linear_plan *plan, int from, int rows, int at, int n, char *to);
const dot_kind *dot_kind_of(int type);

// A piece is some queries of a segment with its keys.
typedef struct { int from, end, keys, keys_end; } piece;
int attend_pieces(const attend_job *job);
piece attend_piece(const attend_job *job, int i);
#endif
