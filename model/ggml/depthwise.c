#include "depthwise.h"
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3") // cgo compiles with O2, which leaves such loops alone
#endif

#define NAME(x) x##_any
#include "depthwise_loop.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,fma,prefer-vector-width=512")
#define NAME(x) x##_512
#include "depthwise_loop.h"
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#define NAME(x) x##_256
#include "depthwise_loop.h"
#pragma GCC pop_options

void depthwise_run(const depthwise_job *job, int panel, int thread, int threads) {
	switch (panel) {
	case 32: depthwise_512(job, thread, threads); break;
	case 16: depthwise_256(job, thread, threads); break;
	default: depthwise_any(job, thread, threads);
	}
}
#else
void depthwise_run(const depthwise_job *job, int panel, int thread, int threads) {
	(void)panel;
	depthwise_any(job, thread, threads);
}
#endif
