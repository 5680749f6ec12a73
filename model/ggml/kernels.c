#include "kernels.h"
#include "half.h"
#include "kernel_plan.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

// A panel is PANEL outputs of a matrix, laid out input by input, so that a row of activations times a panel is a run of
// multiply-adds.
#define PANEL (2 * LANES)

#include "lanes_any.h"
#include "kernel_math.h"
#include "kernel_product.h"
#include "kernel_attend.h"
#include "kernel_rotate.h"
#include "lanes_none.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#include <immintrin.h>

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,fma,f16c")
#include "lanes_512.h"
#include "kernel_math.h"
#include "kernel_product.h"
#include "kernel_attend.h"
#include "kernel_rotate.h"
#include "kernel_dot.h"
#include "lanes_none.h"
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")
#include "lanes_256.h"
#include "kernel_math.h"
#include "kernel_product.h"
#include "kernel_attend.h"
#include "kernel_rotate.h"
#include "lanes_none.h"
#pragma GCC pop_options

static int supported(void) {
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw")) return 32;
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 16 : 8;
}
static int has_dots(int type) {
	if (type == type_bf16) return __builtin_cpu_supports("avx512bf16");
	return type == type_q8_0 && __builtin_cpu_supports("avx512vnni");
}
#define DOTS(type) (type == type_bf16 ? &brain_dots : &byte_dots)
#define CHOOSE(name, ...) \
	switch (kernels_panel()) { \
	case 32: name##_512(__VA_ARGS__); break; \
	case 16: name##_256(__VA_ARGS__); break; \
	default: name##_any(__VA_ARGS__); \
	}

#else

static int supported(void) { return 8; }
static int has_dots(int type) { return type < 0; }
#define DOTS(type) NULL
#define CHOOSE(name, ...) name##_any(__VA_ARGS__)

#endif

static int most = kernels_max_panel, dots = 1;

void kernels_limit(int panel, int allow) { most = panel, dots = allow; }

int kernels_panel(void) {
	int have = supported();
	return have < most ? have : most;
}

const dot_kind *dot_kind_of(int type) { return dots && kernels_panel() == 32 && has_dots(type) ? DOTS(type) : NULL; }

void kernels_linear(const linear_job *job, crew *c) { CHOOSE(linear, job, c); }
void kernels_keep(const keep_job *job, crew *c) { CHOOSE(keep, job, c->thread, c->threads); }
void kernels_attend(const attend_job *job, crew *c) { CHOOSE(attend, job, c); }
void kernels_rotate(const rotate_job *job, crew *c) { CHOOSE(rotate, job, c); }
