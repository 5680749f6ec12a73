#include "native.h"
#include "products.h"
#include <stdlib.h>
#include <string.h>

// ggml's own products of Q4_0 and Q8_0 with a few rows are several times slower than the processor. libllama asks a callback about
// every node before it computes them, and here a product that ours can do becomes a custom operation in its place.

typedef struct {
	size_t size;
	void *buffer;
	bool no_alloc;
} arena;

static struct {
	int32_t mul_mat, custom; // ggml's numbers for the operations
	int32_t params[16];      // of a custom operation; the last pointer is the scratch
	bool (*is_host)(void *);
	const char *(*buffer_name)(void *);
} ggml;

enum { f32 = 0, q4_0 = 2, q8_0 = 8, block = 32, side = 8, all_threads = -1, most_inputs = 1 << 16 };

typedef struct { // as it lies in params
	void (*run)(native_tensor *, int, int, void *);
	int32_t tasks;
	void *scratch;
} custom_params;

static bool packed(const native_tensor *weights) { return weights->type == q4_0; }

static void run(native_tensor *node, int thread, int threads, void *scratch) {
	const native_tensor *weights = node->src[0], *in = node->src[1];
	const native_scratch *s = scratch;
	product p = {
		.weights = weights->data, .stride = weights->nb[1], .packed = packed(weights),
		.inputs = weights->ne[0], .outputs = weights->ne[1], .rows = in->ne[1], .in = in->data, .out = node->data,
		.in_stride = in->nb[1] / sizeof(float), .out_stride = node->nb[1] / sizeof(float),
	};
	products_run(&p, s->bytes + (size_t)thread * s->room, thread, threads);
}

// Learns ggml's numbers from tensors it makes, and compares their layout with ours.
static bool learn(void **f) {
	void *(*init)(arena) = f[native_init];
	native_tensor *(*make)(void *, int, int64_t, int64_t) = f[native_new_2d];
	native_tensor *(*multiply)(void *, native_tensor *, native_tensor *) = f[native_mul_mat];
	native_tensor *(*custom)(void *, int, int64_t, int64_t, int64_t, int64_t, native_tensor **, int, void *, int, void *) = f[native_custom];
	void *ctx = init((arena){.size = 1 << 14, .no_alloc = true});
	if (ctx == NULL) return false;
	native_tensor *a = make(ctx, q8_0, 64, 24), *b = make(ctx, f32, 64, 3), *args[] = {a, b};
	native_tensor *c = multiply(ctx, a, b), *d = custom(ctx, f32, 24, 3, 1, 1, args, 2, (void *)run, all_threads, &ggml);
	custom_params p;
	memcpy(&p, d->op_params, sizeof p);
	bool same = a->type == q8_0 && a->ne[0] == 64 && a->ne[1] == 24 && a->ne[3] == 1 && a->nb[0] == 34 && a->nb[1] == 68 &&
	            b->nb[0] == 4 && b->nb[1] == 256 && c->src[0] == a && c->src[1] == b && c->src[2] == NULL && c->nb[1] == 96 &&
	            d->src[0] == a && d->src[1] == b && c->op != d->op && p.run == run && p.scratch == &ggml && c->data == NULL;
	ggml.mul_mat = c->op, ggml.custom = d->op;
	memcpy(ggml.params, d->op_params, sizeof ggml.params);
	((void (*)(void *))f[native_free])(ctx);
	return same;
}

bool native_bind_products(void **f) {
	ggml.is_host = f[native_is_host];
	ggml.buffer_name = f[native_buffer_name];
	return learn(f);
}

// Reports whether the weights lie in memory as products_run reads them.
static bool readable(const native_tensor *w) {
	if (w->buffer == NULL || w->ne[0] % block != 0 || w->ne[0] > most_inputs || w->ne[1] % side != 0 || w->ne[2] != 1 || w->ne[3] != 1) return false;
	if (w->type == q8_0) return w->nb[0] == 34 && ggml.is_host(w->buffer);
	return w->type == q4_0 && w->nb[0] == 18 && w->nb[1] == (size_t)w->ne[0] / block * 18 && strcmp(ggml.buffer_name(w->buffer), "CPU_REPACK") == 0;
}

static bool ours(const native_tensor *node) {
	if (node->op != ggml.mul_mat || !readable(node->src[0])) return false;
	const native_tensor *in = node->src[1];
	if (in->type != f32 || in->nb[0] != sizeof(float) || in->nb[1] % sizeof(float) != 0 || in->ne[2] != 1 || in->ne[3] != 1) return false;
	if (node->type != f32 || node->nb[0] != sizeof(float) || node->nb[1] % sizeof(float) != 0) return false;
	return in->ne[1] > 1;
}

static bool reserve(native_scratch *s, size_t room) {
	if (room <= s->room) return true;
	uint8_t *bytes = aligned_alloc(64, room * (size_t)s->threads);
	if (bytes == NULL) return false;
	free(s->bytes);
	s->bytes = bytes, s->room = room;
	return true;
}

bool native_reroute(native_tensor *node, bool ask, void *scratch) {
	if (!ask) return true;
	if (!products_possible() || !ours(node) || !reserve(scratch, products_scratch(node->src[0]->ne[0]))) return false;
	custom_params p;
	memcpy(&p, ggml.params, sizeof p);
	p.scratch = scratch;
	memcpy(node->op_params, ggml.params, sizeof ggml.params);
	memcpy(node->op_params, &p, sizeof p);
	node->op = ggml.custom;
	return false;
}
