#include "curve.h"
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3") // cgo compiles with O2, which leaves such loops alone
#endif

#define NAME(x) x##_any
#include "curve_loop.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,fma")
#define NAME(x) x##_512
#include "curve_loop.h"
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#define NAME(x) x##_256
#include "curve_loop.h"
#pragma GCC pop_options

void curve_run(const curve_job *job, int panel, int thread, int threads) {
	switch (panel) {
	case 32: curve_512(job, thread, threads); break;
	case 16: curve_256(job, thread, threads); break;
	default: curve_any(job, thread, threads);
	}
}
#else
void curve_run(const curve_job *job, int panel, int thread, int threads) {
	(void)panel;
	curve_any(job, thread, threads);
}
#endif
