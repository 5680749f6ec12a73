#include "scan.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3") // cgo compiles with O2, which leaves such loops alone
#endif

#define NAME(x) x##_any
#include "scan_loop.h"

size_t scan_room(const scan_job *j) {
	return (size_t)(j->chunk + 1) * ((size_t)j->states + (size_t)j->size + 1);
}

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,fma,prefer-vector-width=512")
#define NAME(x) x##_512
#include "scan_loop.h"
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#define NAME(x) x##_256
#include "scan_loop.h"
#pragma GCC pop_options

void scan_run(const scan_job *job, int panel, int thread, int threads, float *room) {
	switch (panel) {
	case 32: scan_512(job, thread, threads, room); break;
	case 16: scan_256(job, thread, threads, room); break;
	default: scan_any(job, thread, threads, room);
	}
}
#else
void scan_run(const scan_job *job, int panel, int thread, int threads, float *room) {
	(void)panel;
	scan_any(job, thread, threads, room);
}
#endif
