#include "native.h"
#include "_cgo_export.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTIONS(X) \
	X(llama_backend_init, void, (void)) \
	X(llama_log_set, void, (void *, void *)) \
	X(llama_model_default_params, native_model_params, (void)) \
	X(llama_context_default_params, native_context_params, (void)) \
	X(llama_model_quantize_default_params, native_quantize_params, (void)) \
	X(llama_model_load_from_file, void *, (const char *, native_model_params)) \
	X(llama_model_free, void, (void *)) \
	X(llama_model_get_vocab, void *, (void *)) \
	X(llama_vocab_type, int32_t, (void *)) \
	X(llama_vocab_n_tokens, int32_t, (void *)) \
	X(llama_vocab_bos, int32_t, (void *)) \
	X(llama_vocab_eos, int32_t, (void *)) \
	X(llama_vocab_eot, int32_t, (void *)) \
	X(llama_vocab_get_add_bos, bool, (void *)) \
	X(llama_vocab_is_eog, bool, (void *, int32_t)) \
	X(llama_vocab_is_control, bool, (void *, int32_t)) \
	X(llama_vocab_get_attr, int32_t, (void *, int32_t)) \
	X(llama_model_n_embd_inp, int32_t, (void *)) \
	X(llama_model_n_layer, int32_t, (void *)) \
	X(llama_model_n_head, int32_t, (void *)) \
	X(llama_model_n_head_kv, int32_t, (void *)) \
	X(llama_model_n_ctx_train, int32_t, (void *)) \
	X(llama_model_has_encoder, bool, (void *)) \
	X(llama_model_meta_val_str, int32_t, (void *, const char *, char *, size_t)) \
	X(llama_model_meta_count, int32_t, (void *)) \
	X(llama_model_meta_key_by_index, int32_t, (void *, int32_t, char *, size_t)) \
	X(llama_model_chat_template, const char *, (void *, const char *)) \
	X(llama_tokenize, int32_t, (void *, const char *, int32_t, int32_t *, int32_t, bool, bool)) \
	X(llama_token_to_piece, int32_t, (void *, int32_t, char *, int32_t, int32_t, bool)) \
	X(llama_model_quantize, uint32_t, (const char *, const char *, const native_quantize_params *)) \
	X(llama_init_from_model, void *, (void *, native_context_params)) \
	X(llama_free, void, (void *)) \
	X(llama_attach_threadpool, void, (void *, void *, void *)) \
	X(llama_get_memory, void *, (void *)) \
	X(llama_decode, int32_t, (void *, native_batch)) \
	X(llama_get_logits_ith, float *, (void *, int32_t)) \
	X(llama_memory_seq_rm, bool, (void *, int32_t, int32_t, int32_t)) \
	X(llama_memory_seq_cp, void, (void *, int32_t, int32_t, int32_t, int32_t))

#define DECLARE(name, result, arguments) static result(*name) arguments;
FUNCTIONS(DECLARE)

// ggml's thread pool: 512 bools of core mask, then these, 528 bytes in all.
typedef struct {
	bool mask[512];
	int32_t threads, priority;
	uint32_t poll;
	bool strict, paused;
} pool_params;
_Static_assert(sizeof(pool_params) == 528, "thread pool params");
static pool_params (*pool_default)(int);
static void *(*pool_new)(pool_params *);
static void (*pool_free)(void *);

const char *native_bind(void *llama) {
#define FIND(name, result, arguments) \
	if (dlsym(llama, #name) == NULL) return #name;
	FUNCTIONS(FIND)
#define BIND(name, result, arguments) *(void **)&name = dlsym(llama, #name);
	FUNCTIONS(BIND)
	return NULL;
}

void native_bind_ggml(void *init, void *create, void *release) {
	*(void **)&pool_default = init;
	*(void **)&pool_new = create;
	*(void **)&pool_free = release;
}

enum { image = 1024, unwritten = 0xAA };

// Lets f, which returns a struct through a hidden pointer, write into a marked buffer.
static void probe(void *f, int argument, unsigned char *out) {
	memset(out, unwritten, image);
#if defined(__x86_64__)
	((void *(*)(void *, int))f)(out, argument); // the hidden pointer travels as the first argument
#else
	typedef struct { unsigned char bytes[image]; } any;
	*(any *)out = ((any(*)(int))f)(argument);
#endif
}

static bool same(const unsigned char *have, const void *want, size_t from, size_t to) {
	return memcmp(have + from, (const unsigned char *)want + from, to - from) == 0;
}

// Reports whether nothing was written from byte n on.
static bool ends(const unsigned char *have, size_t n) {
#if defined(__x86_64__)
	for (size_t i = n; i < image; i++)
		if (have[i] != unwritten) return false;
#endif
	return true;
}

static bool check_model_params(void) {
	unsigned char have[image];
	native_model_params want = {.gpu_layers = -1, .split_mode = 1, .load_mode = 1, .extra_buffers = true};
	probe((void *)llama_model_default_params, 0, have);
	return same(have, &want, 0, offsetof(native_model_params, load_mtp) + 1) && ends(have, sizeof want);
}

static bool check_context_params(void) {
	unsigned char have[image];
	native_context_params want = {
		.n_ctx = 512, .n_batch = 2048, .n_ubatch = 512, .n_seq_max = 1, .n_outputs_max_per_seq = 1,
		.n_threads = 4, .n_threads_batch = 4, .rope_scaling = -1, .pooling = -1, .attention = -1, .flash_attn = -1,
		.yarn_ext = -1, .yarn_attn = -1, .yarn_fast = -1, .yarn_slow = -1, .defrag = -1, .type_k = 1, .type_v = 1,
		.offload_kqv = true, .no_perf = true, .op_offload = true, .swa_full = true,
	};
	probe((void *)llama_context_default_params, 0, have);
	return same(have, &want, 0, offsetof(native_context_params, kv_unified) + 1) &&
	       same(have, &want, offsetof(native_context_params, samplers), sizeof want) && ends(have, sizeof want);
}

static bool check_quantize_params(void) {
	unsigned char have[image];
	native_quantize_params want = {.file_type = 7, .output_type = 43, .embedding_type = 43, .quantize_output = true};
	probe((void *)llama_model_quantize_default_params, 0, have);
	return same(have, &want, 0, offsetof(native_quantize_params, dry_run) + 1) &&
	       same(have, &want, offsetof(native_quantize_params, reserved), sizeof want) && ends(have, sizeof want);
}

static bool check_pool_params(void) {
	unsigned char have[image];
	pool_params want = {.threads = 3, .poll = 50};
	probe((void *)pool_default, 3, have);
	return same(have, &want, 0, offsetof(pool_params, paused) + 1) && ends(have, sizeof want);
}

const char *native_check(void) {
	if (!check_model_params()) return "llama_model_params";
	if (!check_context_params()) return "llama_context_params";
	if (!check_quantize_params()) return "llama_model_quantize_params";
	if (!check_pool_params()) return "ggml_threadpool_params";
	return NULL;
}

void native_start(void *log) {
	llama_log_set(log, NULL);
	llama_backend_init();
}

static bool progress(float done, void *handle) {
	loadProgress(done, (uintptr_t)handle);
	return true;
}

void *native_load(const char *path, int32_t load_mode, int32_t gpu_layers, bool vocab_only, uintptr_t handle, bool one, void *device) {
	native_model_params p = llama_model_default_params();
	void *devices[2] = {device, NULL}; // of GPUs; libllama copies the list
	if (one) p.devices = devices;
	p.load_mode = load_mode;
	p.gpu_layers = gpu_layers;
	p.vocab_only = vocab_only;
	p.progress = progress; // libllama prints dots without one
	p.progress_data = (void *)handle;
	return llama_model_load_from_file(path, p);
}

void native_model_free(void *model) { llama_model_free(model); }
void *native_vocab(void *model) { return llama_model_get_vocab(model); }
int32_t native_vocab_type(void *vocab) { return llama_vocab_type(vocab); }
int32_t native_n_vocab(void *vocab) { return llama_vocab_n_tokens(vocab); }
int32_t native_bos(void *vocab) { return llama_vocab_bos(vocab); }
int32_t native_eos(void *vocab) { return llama_vocab_eos(vocab); }
int32_t native_eot(void *vocab) { return llama_vocab_eot(vocab); }
bool native_add_bos(void *vocab) { return llama_vocab_get_add_bos(vocab); }
bool native_is_eog(void *vocab, int32_t id) { return llama_vocab_is_eog(vocab, id); }
bool native_is_control(void *vocab, int32_t id) { return llama_vocab_is_control(vocab, id); }
int32_t native_attributes(void *vocab, int32_t id) { return llama_vocab_get_attr(vocab, id); }
int32_t native_n_embd(void *model) { return llama_model_n_embd_inp(model); }
int32_t native_n_layer(void *model) { return llama_model_n_layer(model); }
int32_t native_n_head(void *model) { return llama_model_n_head(model); }
int32_t native_n_head_kv(void *model) { return llama_model_n_head_kv(model); }
int32_t native_n_ctx_train(void *model) { return llama_model_n_ctx_train(model); }
bool native_has_encoder(void *model) { return llama_model_has_encoder(model); }
int32_t native_meta_count(void *model) { return llama_model_meta_count(model); }
const char *native_chat_template(void *model) { return llama_model_chat_template(model, NULL); }

int32_t native_meta(void *model, const char *key, char *out, size_t n) {
	return llama_model_meta_val_str(model, key, out, n);
}

int32_t native_meta_key(void *model, int32_t i, char *out, size_t n) {
	return llama_model_meta_key_by_index(model, i, out, n);
}

int32_t native_tokenize(void *vocab, const char *text, int32_t n, int32_t *out, int32_t room, bool special) {
	return llama_tokenize(vocab, text, n, out, room, false, special);
}

int32_t native_piece(void *vocab, int32_t id, char *out, int32_t room) {
	return llama_token_to_piece(vocab, id, out, room, 0, true);
}

uint32_t native_quantize(const char *in, const char *out, int32_t file_type, int32_t threads) {
	native_quantize_params p = llama_model_quantize_default_params();
	p.file_type = file_type;
	p.threads = threads;
	p.requantize = true;
	return llama_model_quantize(in, out, &p);
}

static bool aborting(void *flag) { return __atomic_load_n((int32_t *)flag, __ATOMIC_RELAXED) != 0; }

static void make_batch(native_engine *e, int32_t capacity) {
	e->capacity = capacity;
	e->token = calloc(capacity, sizeof *e->token);
	e->seq = calloc(capacity, sizeof *e->seq);
	e->batch.pos = calloc(capacity, sizeof *e->batch.pos);
	e->batch.n_seq_id = calloc(capacity, sizeof *e->batch.n_seq_id);
	e->batch.seq_id = calloc(capacity, sizeof *e->batch.seq_id);
	e->batch.logits = calloc(capacity, sizeof *e->batch.logits);
	for (int32_t i = 0; i < capacity; i++) {
		e->batch.n_seq_id[i] = 1;
		e->batch.seq_id[i] = &e->seq[i];
	}
}

// One pool serves prompts and single tokens. Without a pool ggml would start threads for every graph, and with
// polling they would fight busy neighbours for their core.
static bool attach_pool(native_engine *e, int32_t threads) {
	pool_params p = pool_default(threads);
	p.poll = 0;
	e->pool = pool_new(&p);
	if (e->pool == NULL) return false;
	llama_attach_threadpool(e->context, e->pool, e->pool);
	return true;
}

native_engine *native_engine_new(void *model, native_engine_options o) {
	native_engine *e = calloc(1, sizeof *e);
	if (e == NULL) return NULL;
	native_context_params p = llama_context_default_params();
	p.n_ctx = o.n_ctx;
	p.n_batch = p.n_ubatch = o.n_batch;
	p.n_seq_max = p.n_outputs_max = o.n_seq;
	p.n_threads = p.n_threads_batch = o.threads;
	p.flash_attn = o.flash_attn;
	p.type_k = p.type_v = o.kv_type;
	p.kv_unified = o.unified;
	p.abort = aborting;
	p.abort_data = &e->abort;
	e->scratch.threads = o.threads;
	if (o.own_products) {
		p.eval = (void *)native_reroute;
		p.eval_data = &e->scratch;
	}
	e->n_embd = llama_model_n_embd_inp(model);
	e->context = llama_init_from_model(model, p);
	if (e->context == NULL || !attach_pool(e, o.threads)) {
		native_engine_free(e);
		return NULL;
	}
	e->memory = llama_get_memory(e->context);
	make_batch(e, o.n_batch);
	return e;
}

void native_engine_free(native_engine *e) {
	if (e->context != NULL) llama_free(e->context);
	if (e->pool != NULL) pool_free(e->pool);
	free(e->scratch.bytes);
	free(e->token);
	free(e->seq);
	free(e->embd);
	free(e->batch.pos);
	free(e->batch.n_seq_id);
	free(e->batch.seq_id);
	free(e->batch.logits);
	free(e);
}

bool native_engine_embeddings(native_engine *e) {
	if (e->embd == NULL) e->embd = calloc((size_t)e->capacity * e->n_embd, sizeof *e->embd);
	return e->embd != NULL;
}

int32_t native_decode(native_engine *e, int32_t n, bool embeddings) {
	native_batch b = e->batch;
	b.n_tokens = n;
	b.token = embeddings ? NULL : e->token;
	b.embd = embeddings ? e->embd : NULL;
	return llama_decode(e->context, b);
}

float *native_logits(native_engine *e, int32_t row) { return llama_get_logits_ith(e->context, row); }

bool native_remove(native_engine *e, int32_t seq, int32_t from) {
	return llama_memory_seq_rm(e->memory, seq, from, -1);
}

void native_copy(native_engine *e, int32_t from, int32_t to, int32_t n) {
	llama_memory_seq_cp(e->memory, from, to, n < 0 ? -1 : 0, n);
}

void native_abort(native_engine *e, int32_t on) { __atomic_store_n(&e->abort, on, __ATOMIC_RELAXED); }
