#include "kernel_plan.h"
#include <string.h>

// A block's part of x stays in the second-level cache, a panel's chunk in the first.
enum { x_budget = 256 << 10, chunk_f32 = 256, most_chunk = 2048, most_rows = 240, panels_f32 = 16, units_each = 4, row_step = 12, queries_each = 384 };

static size_t up(size_t n, size_t step) { return (n + step - 1) / step * step; }

size_t linear_bytes(int type, int inputs, int width) {
	size_t n = (size_t)inputs * width;
	switch (type) {
	case type_f32: return 4 * n;
	case type_q8_0: return n / 32 * 34;
	}
	return 2 * n;
}

static int depth_of(int type, int inputs) { return (int)up(inputs, type == type_q8_0 ? 32 : type == type_bf16 ? 2 : 1); }

static size_t line_of(const linear_plan *p, int inputs) { return p->kind ? p->kind->line(inputs) : inputs * sizeof(float); }

// The chunk must not depend on the rows where there are taps, nor may the order of the sums.
static int chunk_of(const linear_job *job, const linear_plan *p) {
	int chunk = p->kind ? p->kind->chunk : chunk_f32;
	if (job->taps > 1) {
		int each = (int)up(2 * chunk / job->taps, 32);
		if (each < chunk) chunk = each;
	} else if (job->rows * line_of(p, most_chunk) <= x_budget)
		chunk = most_chunk;
	return chunk < p->depth ? chunk : p->depth;
}

linear_plan linear_plan_of(const linear_job *job, int threads) {
	int panel = kernels_panel();
	linear_plan p = {.kind = dot_kind_of(job->type), .depth = depth_of(job->type, job->inputs)};
	p.chunk = chunk_of(job, &p);
	size_t line = line_of(&p, p.chunk), reach = (size_t)(job->taps - 1) * job->gap + 1;
	size_t room = x_budget / line, rows = room > reach ? (room - reach) / job->step + 1 : 1;
	rows = rows / row_step * row_step;
	if (rows < row_step) rows = row_step;
	if (rows > most_rows) rows = most_rows;
	p.blocks = (int)((job->rows + rows - 1) / rows);
	p.rows = (int)up((job->rows + p.blocks - 1) / p.blocks, row_step);
	p.blocks = (job->rows + p.rows - 1) / p.rows;
	p.panels = (job->outputs + panel - 1) / panel;
	int most = p.kind ? p.kind->panels : panels_f32;
	p.groups = (p.panels + most - 1) / most;
	if (threads > 1 && p.blocks * p.groups < units_each * threads) p.groups = (units_each * threads + p.blocks - 1) / p.blocks;
	if (p.groups > p.panels) p.groups = p.panels;
	p.x_size = up((((size_t)p.rows - 1) * job->step + reach) * line, 64);
	p.wide_size = p.kind || job->type == type_f32 ? 0 : (size_t)job->taps * p.chunk * panel * sizeof(float);
	p.tail_size = (size_t)p.rows * panel * sizeof(float);
	return p;
}

size_t kernels_linear_room(const linear_job *job, int threads) {
	linear_plan p = linear_plan_of(job, threads);
	return p.x_size + p.wide_size + p.tail_size;
}

// Copies inputs at to at+n-1 of the positions that these rows look at, and returns the bytes of each.
size_t linear_fill(const linear_job *job, const linear_plan *plan, int from, int rows, int at, int n, char *to) {
	size_t line = line_of(plan, n);
	int have = job->inputs - at < n ? job->inputs - at : n;
	int64_t first = (int64_t)from * job->step - job->left, end = first + (int64_t)(rows - 1) * job->step + (int64_t)(job->taps - 1) * job->gap + 1;
	for (int64_t p = first; p < end; p++, to += line) {
		if (p < 0 || p >= job->length) {
			memset(to, 0, line);
			continue;
		}
		const float *x = job->x + (size_t)p * job->stride + at;
		if (plan->kind) plan->kind->convert(x, have, n, to);
		else if (have == n && job->stride == (size_t)n) { // positions side by side
			int64_t more = (end < job->length ? end : job->length) - p;
			memcpy(to, x, line * more);
			to += line * (more - 1), p += more - 1;
		} else {
			memcpy(to, x, have * sizeof(float));
			memset(to + have * sizeof(float), 0, line - have * sizeof(float));
		}
	}
	return line;
}

int attend_pieces(const attend_job *job) {
	if (!job->segments) return (job->queries + queries_each - 1) / queries_each;
	int n = 0;
	for (int i = 0; i < job->count; i++) n += (job->segments[i] + queries_each - 1) / queries_each;
	return n;
}

piece attend_piece(const attend_job *job, int i) {
	int at = 0, length = job->queries;
	for (int s = 0; job->segments; s++) {
		length = job->segments[s];
		int n = (length + queries_each - 1) / queries_each;
		if (i < n) break;
		i -= n, at += length;
	}
	int from = i * queries_each, end = from + queries_each < length ? from + queries_each : length;
	if (job->segments) return (piece){at + from, at + end, at, at + length};
	return (piece){from, end, 0, job->keys};
}

// A head's keys and values, then what the queries in hand need.
size_t kernels_attend_room(const attend_job *job) {
	size_t keys = job->keys, panel = kernels_panel(), rows = row_step;
	if (job->segments) keys = 0;
	for (int i = 0; job->segments && i < job->count; i++)
		if ((size_t)job->segments[i] > keys) keys = job->segments[i];
	size_t wide = up(keys, panel), deep = up(job->size, panel);
	size_t laid = job->capacity ? 0 : wide * job->size + keys * deep;
	return (laid + rows * (wide + job->size + deep)) * sizeof(float);
}
