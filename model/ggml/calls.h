// Own declarations of the part of ggml's C interface that is used here. Every function is reached through a table
// that Go fills from the loaded libraries, so nothing is linked against ggml. Handles and tensors are void pointers.
#ifndef OMNILIVE_GGML_CALLS_H
#define OMNILIVE_GGML_CALLS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void *ptr;
typedef struct { size_t size; void *memory; bool no_alloc; } arena_params;

#define CALLS(X) \
	X(ggml_init, ptr, (arena_params)) \
	X(ggml_free, void, (ptr)) \
	X(ggml_tensor_overhead, size_t, (void)) \
	X(ggml_graph_overhead_custom, size_t, (size_t, bool)) \
	X(ggml_new_graph_custom, ptr, (ptr, size_t, bool)) \
	X(ggml_build_forward_expand, void, (ptr, ptr)) \
	X(ggml_graph_n_nodes, int, (ptr)) \
	X(ggml_set_input, void, (ptr)) \
	X(ggml_set_output, void, (ptr)) \
	X(ggml_nbytes, size_t, (ptr)) \
	X(ggml_new_tensor, ptr, (ptr, int, int, const int64_t *)) \
	X(ggml_view_4d, ptr, (ptr, ptr, int64_t, int64_t, int64_t, int64_t, size_t, size_t, size_t, size_t)) \
	X(ggml_reshape_4d, ptr, (ptr, ptr, int64_t, int64_t, int64_t, int64_t)) \
	X(ggml_permute, ptr, (ptr, ptr, int, int, int, int)) \
	X(ggml_cont, ptr, (ptr, ptr)) \
	X(ggml_cpy, ptr, (ptr, ptr, ptr)) \
	X(ggml_cast, ptr, (ptr, ptr, int)) \
	X(ggml_concat, ptr, (ptr, ptr, ptr, int)) \
	X(ggml_pad_ext, ptr, (ptr, ptr, int, int, int, int, int, int, int, int)) \
	X(ggml_get_rows, ptr, (ptr, ptr, ptr)) \
	X(ggml_add, ptr, (ptr, ptr, ptr)) \
	X(ggml_mul, ptr, (ptr, ptr, ptr)) \
	X(ggml_scale, ptr, (ptr, ptr, float)) \
	X(ggml_mul_mat, ptr, (ptr, ptr, ptr)) \
	X(ggml_norm, ptr, (ptr, ptr, float)) \
	X(ggml_rms_norm, ptr, (ptr, ptr, float)) \
	X(ggml_gelu_erf, ptr, (ptr, ptr)) \
	X(ggml_silu, ptr, (ptr, ptr)) \
	X(ggml_leaky_relu, ptr, (ptr, ptr, float, bool)) \
	X(ggml_elu, ptr, (ptr, ptr)) \
	X(ggml_softplus, ptr, (ptr, ptr)) \
	X(ggml_tanh, ptr, (ptr, ptr)) \
	X(ggml_div, ptr, (ptr, ptr, ptr)) \
	X(ggml_scale_bias, ptr, (ptr, ptr, float, float)) \
	X(ggml_l2_norm, ptr, (ptr, ptr, float)) \
	X(ggml_sin, ptr, (ptr, ptr)) \
	X(ggml_exp, ptr, (ptr, ptr)) \
	X(ggml_sqr, ptr, (ptr, ptr)) \
	X(ggml_diag_mask_inf, ptr, (ptr, ptr, int)) \
	X(ggml_soft_max_ext, ptr, (ptr, ptr, ptr, float, float)) \
	X(ggml_im2col, ptr, (ptr, ptr, ptr, int, int, int, int, int, int, bool, int)) \
	X(ggml_conv_transpose_1d, ptr, (ptr, ptr, ptr, int, int, int)) \
	X(ggml_rope_ext, ptr, (ptr, ptr, ptr, ptr, int, int, int, float, float, float, float, float, float)) \
	X(ggml_flash_attn_ext, ptr, (ptr, ptr, ptr, ptr, ptr, float, float, float)) \
	X(ggml_custom_4d, ptr, (ptr, int, int64_t, int64_t, int64_t, int64_t, ptr *, int, ptr, int, ptr)) \
	X(ggml_get_data, ptr, (ptr)) \
	X(ggml_quantize_chunk, size_t, (int, const float *, void *, int64_t, int64_t, int64_t, const float *)) \
	X(ggml_fp16_to_fp32_row, void, (const void *, float *, int64_t)) \
	X(ggml_bf16_to_fp32_row, void, (const void *, float *, int64_t)) \
	X(ggml_gallocr_new, ptr, (ptr)) \
	X(ggml_gallocr_free, void, (ptr)) \
	X(ggml_gallocr_alloc_graph, bool, (ptr, ptr)) \
	X(ggml_gallocr_get_buffer_size, size_t, (ptr, int)) \
	X(ggml_backend_cpu_buffer_type, ptr, (void)) \
	X(ggml_backend_cpu_buffer_from_ptr, ptr, (void *, size_t)) \
	X(ggml_backend_buffer_free, void, (ptr)) \
	X(ggml_backend_tensor_alloc, int, (ptr, ptr, void *)) \
	X(ggml_backend_tensor_set, void, (ptr, const void *, size_t, size_t)) \
	X(ggml_backend_tensor_get, void, (ptr, void *, size_t, size_t)) \
	X(ggml_backend_graph_compute, int, (ptr, ptr)) \
	X(ggml_backend_free, void, (ptr)) \
	X(ggml_backend_cpu_init, ptr, (void)) \
	X(ggml_backend_cpu_set_n_threads, void, (ptr, int)) \
	X(ggml_backend_cpu_set_threadpool, void, (ptr, ptr)) \
	X(ggml_backend_cpu_set_abort_callback, void, (ptr, bool (*)(void *), void *)) \
	X(ggml_backend_dev_count, size_t, (void)) \
	X(ggml_backend_dev_get, ptr, (size_t)) \
	X(ggml_backend_dev_name, const char *, (ptr)) \
	X(ggml_backend_dev_description, const char *, (ptr)) \
	X(ggml_backend_dev_type, int, (ptr)) \
	X(ggml_backend_dev_memory, void, (ptr, size_t *, size_t *)) \
	X(ggml_backend_dev_init, ptr, (ptr, const char *)) \
	X(ggml_backend_get_default_buffer_type, ptr, (ptr)) \
	X(ggml_backend_alloc_ctx_tensors_from_buft, ptr, (ptr, ptr)) \
	X(ggml_backend_buffer_set_usage, void, (ptr, int)) \
	X(ggml_backend_buffer_clear, void, (ptr, uint8_t)) \
	X(ggml_backend_buffer_get_size, size_t, (ptr)) \
	X(ggml_backend_sched_new, ptr, (ptr *, ptr *, int, size_t, bool, bool)) \
	X(ggml_backend_sched_free, void, (ptr)) \
	X(ggml_backend_sched_reset, void, (ptr)) \
	X(ggml_backend_sched_alloc_graph, bool, (ptr, ptr)) \
	X(ggml_backend_sched_graph_compute, int, (ptr, ptr)) \
	X(ggml_backend_sched_get_buffer_size, size_t, (ptr, ptr)) \
	X(ggml_backend_sched_get_n_splits, int, (ptr)) \
	X(ggml_mul_mat_set_prec, void, (ptr, int)) \
	X(ggml_threadpool_params_init, void, (void *, int)) \
	X(ggml_threadpool_new, ptr, (void *)) \
	X(ggml_threadpool_free, void, (ptr))

// The table: one entry per call, in the order above.
enum {
#define X(name, result, arguments) at_##name,
	CALLS(X)
#undef X
	calls
};
extern void *call_table[calls];
const char *call_name(int i);

#define X(name, result, arguments) typedef result (*call_##name) arguments;
CALLS(X)
#undef X

// CALL(ggml_add)(ctx, a, b) calls through the table.
#define CALL(name) ((call_##name)call_table[at_##name])

ptr new_arena(void *memory, size_t size);
ptr new_pool(int threads);
#endif
