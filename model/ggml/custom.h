// This package's own operations as nodes of ggml graphs.
#ifndef OMNILIVE_GGML_CUSTOM_H
#define OMNILIVE_GGML_CUSTOM_H
#include "calls.h"
#include "kernels.h"

// A job is one such node: its tensors, whose memory is known only when the graph runs, and its numbers.
typedef struct {
	ptr a, b, c;
	union { linear_job linear; attend_job attend; keep_job keep; } of;
} custom_job;

ptr jobs_new(int n);
custom_job *job_at(ptr jobs, int i);
ptr custom_linear(ptr ctx, custom_job *job, ptr x, ptr bias, ptr add);
ptr custom_attend(ptr ctx, custom_job *job, ptr q, ptr k, ptr v);
ptr custom_keep(ptr ctx, custom_job *job, ptr k, ptr v);
#endif
