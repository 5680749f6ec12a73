#include "custom.h"
#include <stdlib.h>

enum { all_threads = -1, f32 = 0 };

ptr jobs_new(int n) { return calloc((size_t)n, sizeof(custom_job)); }

custom_job *job_at(ptr jobs, int i) { return (custom_job *)jobs + i; }

static void *data(ptr t) { return t ? CALL(ggml_get_data)(t) : NULL; }

static crew crew_of(custom_job *job, int thread, int threads) {
	return (crew){thread, threads, &job->next, job->room->at + (size_t)thread * job->room->each};
}

// The last thread makes the job ready for another run.
static void leave(custom_job *job, int threads) {
	if (__atomic_add_fetch(&job->done, 1, __ATOMIC_ACQ_REL) < threads) return;
	__atomic_store_n(&job->next, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&job->done, 0, __ATOMIC_RELEASE);
}

static void run_linear(ptr out, int thread, int threads, void *p) {
	custom_job *job = p;
	crew c = crew_of(job, thread, threads);
	linear_job j = job->of.linear;
	j.x = data(job->a), j.bias = data(job->b), j.add = data(job->c), j.out = data(out);
	kernels_linear(&j, &c);
	leave(job, threads);
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
	custom_job *job = p;
	crew c = crew_of(job, thread, threads);
	attend_job j = job->of.attend;
	j.q = data(job->a), j.out = data(out);
	if (job->b) j.k = data(job->b), j.v = data(job->c);
	kernels_attend(&j, &c);
	leave(job, threads);
}

ptr custom_attend(ptr ctx, custom_job *job, ptr q, ptr k, ptr v) {
	ptr args[3] = {q, k, v};
	job->a = q, job->b = k, job->c = v;
	return CALL(ggml_custom_4d)(ctx, f32, job->of.attend.heads * job->of.attend.size, job->of.attend.queries, 1, 1, args, k ? 3 : 1, (ptr)run_attend, all_threads, job);
}

static void run_keep(ptr out, int thread, int threads, void *p) {
	custom_job *job = p;
	crew c = crew_of(job, thread, threads);
	keep_job j = job->of.keep;
	(void)out;
	j.k = data(job->a), j.v = data(job->b);
	kernels_keep(&j, &c);
}

ptr custom_keep(ptr ctx, custom_job *job, ptr k, ptr v) {
	ptr args[2] = {k, v};
	job->a = k, job->b = v;
	return CALL(ggml_custom_4d)(ctx, f32, 1, 1, 1, 1, args, 2, (ptr)run_keep, all_threads, job);
}

static void run_rotate(ptr out, int thread, int threads, void *p) {
	custom_job *job = p;
	crew c = crew_of(job, thread, threads);
	rotate_job j = job->of.rotate;
	j.x = data(job->a), j.cos = data(job->b), j.sin = data(job->c), j.out = data(out);
	kernels_rotate(&j, &c);
	leave(job, threads);
}

ptr custom_rotate(ptr ctx, custom_job *job, ptr x, ptr cos, ptr sin) {
	ptr args[3] = {x, cos, sin};
	job->a = x, job->b = cos, job->c = sin;
	return CALL(ggml_custom_4d)(ctx, f32, job->of.rotate.heads * job->of.rotate.size, job->of.rotate.rows, 1, 1, args, 3, (ptr)run_rotate, all_threads, job);
}
