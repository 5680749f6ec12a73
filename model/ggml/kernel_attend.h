// Attention. Keys are laid out in panels of PANEL positions, values in panels of PANEL channels and a last one that may
// be half as wide, so that scores and results are products with panels.

#define ROWS(r) case r: { \
		VEC acc[2 * r]; \
		_Pragma("GCC unroll 24") \
		for (int i = 0; i < 2 * r; i++) acc[i] = SET(0.0f); \
		if (half) NAME(tile)(r, 2, 1, x, stride, panel, k, acc); \
		else NAME(tile)(r, 2, 0, x, stride, panel, k, acc); \
		for (int i = 0; i < r; i++) { \
			STORE(out + i * width, acc[2 * i]); \
			STORE(out + i * width + LANES, acc[2 * i + 1]); \
		} \
		break; \
	}
static void NAME(product)(int r, int half, const float *x, size_t stride, const void *panel, int k, float *out, size_t width) {
	switch (r) { ALLROWS }
}
#undef ROWS

#define ROWS(r) case r: { \
		VEC acc[r]; \
		_Pragma("GCC unroll 12") \
		for (int i = 0; i < r; i++) acc[i] = SET(0.0f); \
		NAME(tile)(r, 1, 0, x, stride, panel, k, acc); \
		for (int i = 0; i < r; i++) STORE(out + i * width, acc[i]); \
		break; \
	}
static void NAME(slim_product)(int r, const float *x, size_t stride, const void *panel, int k, float *out, size_t width) {
	switch (r) { ALLROWS }
}
#undef ROWS

// softmax of the first n of a row; the rest up to the end of its panels becomes 0.
static void NAME(soften)(float *row, int n, int all) {
	VEC top = SET(-INFINITY);
	int i = 0;
	for (; i + LANES <= n; i += LANES) top = MAX(top, LOAD(row + i));
	float most = REDUCE_MAX(top);
	for (; i < n; i++) most = row[i] > most ? row[i] : most;
	for (i = n; i < all; i++) row[i] = -INFINITY;
	VEC sum = SET(0.0f);
	for (i = 0; i < all; i += LANES) {
		VEC v = NAME(exponential)(SUB(LOAD(row + i), SET(most)));
		STORE(row + i, v);
		sum = ADD(sum, v);
	}
	float left = 0;
	for (i = n; i < all; i++) left += row[i], row[i] = 0; // e^-87 rather than 0
	VEC scale = SET(1.0f / (REDUCE_ADD(sum) - left));
	for (i = 0; i < all; i += LANES) STORE(row + i, MUL(LOAD(row + i), scale));
}

// Lays keys from to end-1 of head h and their values out, both in f32.
static void NAME(lay)(const attend_job *job, int h, int from, int end, float *keys, float *values) {
	int n = end - from, d = job->size;
	for (int b = 0; b < n; b += PANEL)
		for (int i = 0; i < PANEL; i++) {
			const float *k = job->k + (size_t)(from + b + i) * job->k_stride + (size_t)h * d;
			float *to = keys + (size_t)b * d + i;
			if (b + i < n)
				for (int j = 0; j < d; j++) to[(size_t)j * PANEL] = k[j];
			else
				for (int j = 0; j < d; j++) to[(size_t)j * PANEL] = 0;
		}
	for (int p = 0; p < d; p += PANEL) {
		int have = d - p < PANEL ? d - p : PANEL, width = have > LANES ? PANEL : LANES;
		float *to = values + (size_t)p * n;
		for (int at = from; at < end; at++, to += width) {
			const float *v = job->v + (size_t)at * job->v_stride + (size_t)h * d + p;
			int i = 0;
			for (; i + LANES <= have; i += LANES) STORE(to + i, LOAD(v + i));
			for (; i < have; i++) to[i] = v[i];
			for (; i < width; i++) to[i] = 0;
		}
	}
}

// The same of new rows, in f16, among those that are laid out already.
static void NAME(keep)(const keep_job *job, int thread, int threads) {
	int d = job->size;
	size_t head = (size_t)job->capacity * d;
	for (int h = job->heads * thread / threads; h < job->heads * (thread + 1) / threads; h++)
		for (int at = 0; at < job->rows; at++) {
			const float *k = job->k + (size_t)at * job->stride + h * d, *v = job->v + (size_t)at * job->stride + h * d;
			uint16_t *keys = job->keys + h * head + (size_t)(at / PANEL) * d * PANEL + at % PANEL;
			for (int j = 0; j < d; j++) keys[j * PANEL] = TOHALF(k[j]);
			for (int j = 0; j < d; j++)
				job->values[h * head + ((size_t)(j / PANEL) * job->capacity + at) * PANEL + j % PANEL] = TOHALF(v[j]);
		}
}

// Queries from to end-1 of head h over n keys that are laid out, a few at a time.
static void NAME(ask)(const attend_job *job, int h, int from, int end, int n, const char *keys, const char *values, float *room) {
	int d = job->size, half = job->capacity > 0;
	size_t each = half ? 2 : 4, rows = half ? (size_t)job->capacity : (size_t)n; // of a panel of values
	size_t wide = (size_t)(n + PANEL - 1) / PANEL * PANEL, deep = (size_t)(d + PANEL - 1) / PANEL * PANEL;
	float *scores = room, *query = scores + MAXROWS * wide, *out = query + (size_t)MAXROWS * d;
	for (int row = from; row < end;) {
		int r = end - row < MAXROWS ? end - row : MAXROWS;
		int most = job->causal ? n - job->queries + row + r : n; // keys that the last of these sees
		int all = (most + PANEL - 1) / PANEL * PANEL;
		for (int i = 0; i < r; i++) {
			const float *q = job->q + (size_t)(row + i) * job->q_stride + (size_t)h * d;
			for (int j = 0; j < d; j++) query[(size_t)i * d + j] = q[j] * job->scale;
		}
		for (int b = 0; b < all; b += PANEL) NAME(product)(r, half, query, d, keys + (size_t)b * d * each, d, scores + b, wide);
		for (int i = 0; i < r; i++) NAME(soften)(scores + i * wide, job->causal ? most - r + i + 1 : n, all);
		for (int p = 0; p < d; p += PANEL) {
			const void *v = values + (size_t)p * rows * each;
			if (d - p <= LANES) NAME(slim_product)(r, scores, wide, v, most, out + p, deep);
			else NAME(product)(r, half, scores, wide, v, most, out + p, deep);
		}
		for (int i = 0; i < r; i++) memcpy(job->out + ((size_t)(row + i) * job->heads + h) * d, out + i * deep, d * sizeof(float));
		row += r;
	}
}

// Attention of the pieces this thread gets hold of: some queries of one head and segment.
static void NAME(attend)(const attend_job *job, crew *c) {
	float *keys = c->room;
	int laid_head = -1, laid_from = -1, pieces = attend_pieces(job);
	for (int unit; (unit = kernels_claim(c)) < pieces * job->heads;) {
		int h = unit / pieces;
		piece p = attend_piece(job, unit % pieces);
		int n = p.keys_end - p.keys;
		size_t wide = (size_t)(n + PANEL - 1) / PANEL * PANEL, deep = (size_t)(job->size + PANEL - 1) / PANEL * PANEL;
		if (job->capacity > 0) {
			size_t head = (size_t)job->capacity * job->size;
			NAME(ask)(job, h, p.from, p.end, n, (const char *)((const uint16_t *)(const void *)job->k + h * head),
				(const char *)((const uint16_t *)(const void *)job->v + h * head), c->room);
			continue;
		}
		float *values = keys + wide * job->size;
		if (h != laid_head || p.keys != laid_from) NAME(lay)(job, h, p.keys, p.keys_end, keys, values);
		laid_head = h, laid_from = p.keys;
		NAME(ask)(job, h, p.from, p.end, n, (const char *)keys, (const char *)values, values + (size_t)n * deep);
	}
}
