// Own declarations of the part of libllama's C interface that this package uses.
// Offsets were read off the bytes its default-parameter functions write; native_check compares them again at run time.
#ifndef OMNILIVE_LLAMA_NATIVE_H
#define OMNILIVE_LLAMA_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
	void *devices, *buffer_overrides;
	int32_t gpu_layers, split_mode, load_mode, main_gpu;
	const float *tensor_split;
	bool (*progress)(float, void *);
	void *progress_data, *metadata_overrides;
	bool vocab_only, check_tensors, extra_buffers, no_host, no_alloc, load_mtp;
} native_model_params;

typedef struct {
	uint32_t n_ctx, n_batch, n_ubatch, n_seq_max, n_rs_seq, n_outputs_max, n_outputs_max_per_seq;
	int32_t n_threads, n_threads_batch, ctx_type, rope_scaling, pooling, attention, flash_attn;
	float rope_base, rope_scale, yarn_ext, yarn_attn, yarn_fast, yarn_slow;
	uint32_t yarn_original;
	float defrag;
	void *eval, *eval_data;
	int32_t type_k, type_v;
	bool (*abort)(void *);
	void *abort_data;
	bool embeddings, offload_kqv, no_perf, op_offload, swa_full, kv_unified;
	void *samplers;
	size_t n_samplers;
	void *other;
} native_context_params;

typedef struct {
	int32_t n_tokens;
	int32_t *token;   // n_tokens, or NULL
	float *embd;      // n_tokens*n_embd, or NULL
	int32_t *pos;     // n_tokens
	int32_t *n_seq_id;
	int32_t **seq_id;
	int8_t *logits;   // 1 where a row of logits is wanted
} native_batch;

typedef struct {
	int32_t threads, file_type, output_type, embedding_type;
	bool requantize, quantize_output, only_copy, pure, keep_split, dry_run;
	void *reserved[4];
} native_quantize_params;

_Static_assert(sizeof(native_model_params) == 72, "model params");
_Static_assert(sizeof(native_context_params) == 160, "context params");
_Static_assert(sizeof(native_batch) == 56, "batch");
_Static_assert(sizeof(native_quantize_params) == 56, "quantize params");

// The part of ggml's tensor that is read and written here; native_check compares it.
typedef struct native_tensor {
	int32_t type;
	void *buffer;
	int64_t ne[4]; // numbers a row, rows ...
	size_t nb[4];  // bytes from one to the next
	int32_t op, op_params[16], flags;
	struct native_tensor *src[10], *view;
	size_t view_at;
	void *data;
	char name[64];
	void *extra;
} native_tensor;

_Static_assert(sizeof(native_tensor) == 328, "tensor"); // 8 bytes of padding follow

// Memory for the products of one engine's steps.
typedef struct {
	int32_t threads;
	size_t room;    // bytes a thread
	uint8_t *bytes; // threads*room
} native_scratch;

// A context with the thread pool and the batch buffers that belong to it.
typedef struct {
	void *context, *memory, *pool;
	int32_t capacity, n_embd, abort;
	native_scratch scratch;
	native_batch batch;
	int32_t *seq;     // capacity; what batch.seq_id points into
	int32_t *token;   // capacity
	float *embd;      // capacity*n_embd, made at the first use
} native_engine;

typedef struct {
	uint32_t n_ctx, n_batch, n_seq;
	int32_t threads, flash_attn, kv_type;
	bool unified, own_products;
} native_engine_options;

// Binds every function; NULL, or the name of the first that is missing.
const char *native_bind(void *llama);
void native_bind_ggml(void *init, void *create, void *release);
// The functions of ggml that reroute.c needs, by their order in enum native_ggml; false: a tensor is laid out differently.
enum native_ggml { native_init, native_free, native_new_2d, native_mul_mat, native_custom, native_is_host, native_buffer_name, native_ggml_count };
bool native_bind_products(void **functions);
bool native_reroute(native_tensor *node, bool ask, void *scratch);
// Compares the parameter layouts; NULL, or the name of the first that differs.
const char *native_check(void);
void native_start(void *log);

void *native_load(const char *path, int32_t load_mode, int32_t gpu_layers, bool vocab_only, uintptr_t progress, bool one, void *device);
void native_model_free(void *model);
void *native_vocab(void *model);
int32_t native_vocab_type(void *vocab);
int32_t native_n_vocab(void *vocab);
int32_t native_bos(void *vocab);
int32_t native_eos(void *vocab);
int32_t native_eot(void *vocab);
bool native_add_bos(void *vocab);
bool native_is_eog(void *vocab, int32_t id);
bool native_is_control(void *vocab, int32_t id);
int32_t native_attributes(void *vocab, int32_t id);
int32_t native_n_embd(void *model);
int32_t native_n_layer(void *model);
int32_t native_n_head(void *model);
int32_t native_n_head_kv(void *model);
int32_t native_n_ctx_train(void *model);
bool native_has_encoder(void *model);
int32_t native_meta(void *model, const char *key, char *out, size_t n);
int32_t native_meta_count(void *model);
int32_t native_meta_key(void *model, int32_t i, char *out, size_t n);
const char *native_chat_template(void *model);
int32_t native_tokenize(void *vocab, const char *text, int32_t n, int32_t *out, int32_t room, bool special);
int32_t native_piece(void *vocab, int32_t id, char *out, int32_t room);
uint32_t native_quantize(const char *in, const char *out, int32_t file_type, int32_t threads);

native_engine *native_engine_new(void *model, native_engine_options o);
void native_engine_free(native_engine *e);
bool native_engine_embeddings(native_engine *e);
int32_t native_decode(native_engine *e, int32_t n, bool embeddings);
float *native_logits(native_engine *e, int32_t row);
bool native_remove(native_engine *e, int32_t seq, int32_t from);
void native_copy(native_engine *e, int32_t from, int32_t to, int32_t n);
void native_abort(native_engine *e, int32_t on);

#endif
