// Products with packed matrices, along time too. A unit of work is a block of rows times some panels, input by input in
// chunks that stay in the cache: fill copies the chunk of x (zeros where a convolution looks over the edge), and strips
// of MAXROWS rows add the chunk's products to the sums, which wait in the output in between.

// Puts one vector of results into its row: + bias, activation, + or · the third operand.
static inline __attribute__((always_inline)) void NAME(put)(const linear_job *job, size_t row, int column, VEC v) {
	int left = job->outputs - column;
	if (left <= 0) return;
	size_t at = row * job->outputs + column;
	float bias[LANES], add[LANES], all[LANES];
	const float *b = job->bias ? job->bias + column : NULL, *a = job->add ? job->add + at : NULL;
	if (left < LANES) {
		for (int i = 0; i < left; i++) bias[i] = b ? b[i] : 0, add[i] = a ? a[i] : 0;
		for (int i = left; i < LANES; i++) bias[i] = add[i] = 0;
		if (b) b = bias;
		if (a) a = add;
	}
	if (b) v = ADD(v, LOAD(b));
	if (job->act) v = NAME(act)(v, job->act);
	if (a) v = job->times ? MUL(v, LOAD(a)) : ADD(v, LOAD(a));
	if (left >= LANES) {
		STORE(job->out + at, v);
		return;
	}
	STORE(all, v);
	memcpy(job->out + at, all, left * sizeof(float));
}

// The sums of r rows, before and after.
static inline __attribute__((always_inline)) void NAME(begin)(const strip *s, int r, int vectors, int at, VEC *acc) {
#pragma GCC unroll 24
	for (int i = 0; i < r * vectors; i++)
		acc[i] = s->first ? SET(0.0f) : LOAD(s->sums + (size_t)(at + i / vectors) * s->sums_row + i % vectors * LANES);
}

static inline __attribute__((always_inline)) void NAME(finish)(const strip *s, int r, int vectors, int at, const VEC *acc) {
	for (int i = 0; i < r; i++)
		for (int j = 0; j < vectors; j++) {
			if (s->last) NAME(put)(s->job, s->row + at + i, s->column + j * LANES, acc[vectors * i + j]);
			else STORE(s->sums + (size_t)(at + i) * s->sums_row + j * LANES, acc[vectors * i + j]);
		}
}

#define STRIP_OF(r, vectors, half) { \
		VEC acc[r * vectors]; \
		NAME(begin)(s, r, vectors, at, acc); \
		for (int t = 0; t < s->job->taps; t++) \
			NAME(tile)(r, vectors, half, (const float *)(const void *)(x + t * s->x_tap), s->x_row / sizeof(float), s->panel + t * s->panel_tap, s->inputs, acc); \
		NAME(finish)(s, r, vectors, at, acc); \
	}
#define ALL(name, vectors, half) \
	static void NAME(name)(const strip *s) { \
		for (int at = 0; at < s->rows; at += MAXROWS) { \
			const char *x = s->x + at * s->x_row; \
			switch (s->rows - at < MAXROWS ? s->rows - at : MAXROWS) { ALLROWS } \
		} \
	}
#define ROWS(r) case r: STRIP_OF(r, 2, 0) break;
ALL(strip_f32, 2, 0)
#undef ROWS
#define ROWS(r) case r: STRIP_OF(r, 1, 0) break;
ALL(slim_f32, 1, 0)
#undef ROWS
#define ROWS(r) case r: STRIP_OF(r, 2, 1) break;
ALL(strip_f16, 2, 1)
#undef ROWS
#undef ALL
#undef STRIP_OF

// The inputs from to from+n-1 of each tap of a panel, as f32.
static void NAME(widen)(int type, const char *panel, size_t tap, int taps, int width, int n, float *to) {
	for (int t = 0; t < taps; t++) {
		const uint16_t *w = (const uint16_t *)(const void *)(panel + t * tap);
		if (type == type_f16) {
			for (int i = 0; i < n * width; i += LANES) STORE(to + i, HALF(w + i));
		} else if (type == type_bf16) {
			for (int k = 0; k < n; k += 2, w += 2 * width)
				for (int i = 0; i < width; i += LANES) {
					STORE(to + (size_t)k * width + i, LOW(w + 2 * i));
					STORE(to + (size_t)(k + 1) * width + i, HIGH(w + 2 * i));
				}
		} else {
			for (int k = 0; k < n; k += 32, w += 17 * width)
				for (int i = 0; i < width; i += LANES) {
					VEC scale = HALF(w + 16 * width + i);
					for (int j = 0; j < 32; j += 4) {
						const uint8_t *q = (const uint8_t *)w + (size_t)j * width + 4 * i;
						float *out = to + (size_t)(k + j) * width + i;
						STORE(out, MUL(BYTES(q, 0), scale));
						STORE(out + width, MUL(BYTES(q, 1), scale));
						STORE(out + 2 * (size_t)width, MUL(BYTES(q, 2), scale));
						STORE(out + 3 * (size_t)width, MUL(BYTES(q, 3), scale));
					}
				}
		}
		to += (size_t)n * width;
	}
}

// Some panels of a block of rows.
static void NAME(unit)(const linear_job *job, const linear_plan *plan, int unit, char *room) {
	int from = unit / plan->groups * plan->rows, rows = job->rows - from < plan->rows ? job->rows - from : plan->rows;
	int group = unit % plan->groups, panels = plan->panels;
	int first = (int)((int64_t)panels * group / plan->groups), end = (int)((int64_t)panels * (group + 1) / plan->groups);
	char *x = room;
	float *wide = (float *)(void *)(room + plan->x_size), *tail = (float *)(void *)(room + plan->x_size + plan->wide_size);
	for (int at = 0; at < plan->depth; at += plan->chunk) {
		int n = plan->depth - at < plan->chunk ? plan->depth - at : plan->chunk;
		size_t line = linear_fill(job, plan, from, rows, at, n, x);
		for (int p = first; p < end; p++) {
			int column = p * PANEL, left = job->outputs - column, width = left > LANES ? PANEL : LANES;
			strip s = {job, x, NULL, line * job->step, line * job->gap, linear_bytes(job->type, plan->depth, width), tail, PANEL,
				from, rows, column, n, at == 0, at + n == plan->depth};
			s.panel = (const char *)job->panels + (size_t)job->taps * linear_bytes(job->type, plan->depth, PANEL) * p + linear_bytes(job->type, at, width);
			if (left >= PANEL) s.sums = job->out + (size_t)from * job->outputs + column, s.sums_row = job->outputs;
			if (plan->kind) {
				plan->kind->strip(&s, width / LANES);
				continue;
			}
			if (job->type == type_f16 && width == PANEL && rows <= 2 * MAXROWS) {
				NAME(strip_f16)(&s);
				continue;
			}
			if (job->type != type_f32) {
				NAME(widen)(job->type, s.panel, s.panel_tap, job->taps, width, n, wide);
				s.panel = (const char *)wide, s.panel_tap = (size_t)n * width * sizeof(float);
			}
			if (width == PANEL) NAME(strip_f32)(&s);
			else NAME(slim_f32)(&s);
		}
	}
}

// out = x · weightsᵀ for the units this thread gets hold of.
static void NAME(linear)(const linear_job *job, crew *c) {
	linear_plan plan = linear_plan_of(job, c->threads);
	for (int unit; (unit = kernels_claim(c)) < plan.blocks * plan.groups;) NAME(unit)(job, &plan, unit, c->room);
}
