// This package's own operations as nodes of ggml graphs.
#ifndef OMNILIVE_GGML_CUSTOM_H
#define OMNILIVE_GGML_CUSTOM_H
#include "calls.h"
#include "kernels.h"

// A workroom is the memory in which the threads of a backend compute: so many bytes each.
typedef struct { char *at; size_t each; } workroom;

// A job is one such node: its tensors, whose memory is known only when the graph runs, and its numbers.
typedef struct {
	ptr a, b, c;
	const workroom *room;
	int next, done; // the next unit of work; threads that found none left
	union { linear_job linear; attend_job attend; keep_job keep; rotate_job rotate; } of;
} custom_job;

ptr jobs_new(int n);
custom_job *job_at(ptr jobs, int i);
ptr custom_linear(ptr ctx, custom_job *job, ptr x, ptr bias, ptr add);
ptr custom_attend(ptr ctx, custom_job *job, ptr q, ptr k, ptr v);
ptr custom_keep(ptr ctx, custom_job *job, ptr k, ptr v);
ptr custom_rotate(ptr ctx, custom_job *job, ptr x, ptr cos, ptr sin);
#endif
