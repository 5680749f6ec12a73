#include "custom.h"
#include <stdlib.h>

enum { all_threads = -1, f32 = 0 };

ptr jobs_new(int n) { return calloc((size_t)n, sizeof(custom_job)); }

custom_job *job_at(ptr jobs, int i) { return (custom_job *)jobs + i; }

static void *data(ptr t) { return t ? CALL(ggml_get_data)(t) : NULL; }

static void run_linear(ptr out, int thread, int threads, void *p) {
	const custom_job *job = p;
	linear_job j = job->of.linear;
	j.x = data(job->a), j.bias = data(job->b), j.add = data(job->c), j.out = data(out);
	kernels_linear(&j, thread, threads);
}

ptr custom_linear(ptr ctx, custom_job *job, ptr x, ptr bias, ptr add) {
	ptr args[3] = {x};
	int n = 1;
	if (bias) args[n++] = bias;
	if (add) args[n++] = add;
	job->a = x, job->b = bias, job->c = add;
	return CALL(ggml_custom_4d)(ctx, f32, job->of.linear.outputs, job->of.linear.rows, 1, 1, args, n, (ptr)run_linear, all_threads, job);
}

static void run_attend(ptr out, int thread, int threads, void *p) {
	const custom_job *job = p;
	attend_job j = job->of.attend;
	j.q = data(job->a), j.out = data(out);
	if (job->b) j.k = data(job->b), j.v = data(job->c);
	kernels_attend(&j, thread, threads);
}

ptr custom_attend(ptr ctx, custom_job *job, ptr q, ptr k, ptr v) {
	ptr args[3] = {q, k, v};
	job->a = q, job->b = k, job->c = v;
	return CALL(ggml_custom_4d)(ctx, f32, job->of.attend.heads * job->of.attend.size, job->of.attend.queries, 1, 1, args, k ? 3 : 1, (ptr)run_attend, all_threads, job);
}

static void run_keep(ptr out, int thread, int threads, void *p) {
	const custom_job *job = p;
	keep_job j = job->of.keep;
	(void)out;
	j.k = data(job->a), j.v = data(job->b);
	kernels_keep(&j, thread, threads);
}

ptr custom_keep(ptr ctx, custom_job *job, ptr k, ptr v) {
	ptr args[2] = {k, v};
	job->a = k, job->b = v;
	return CALL(ggml_custom_4d)(ctx, f32, 1, 1, 1, 1, args, 2, (ptr)run_keep, all_threads, job);
}
