package ggml

/*
#include <stdlib.h>
#include "calls.h"
static ptr backend_new(void) { return CALL(ggml_backend_cpu_init)(); }
static void backend_threads(ptr b, int n, ptr pool) {
	CALL(ggml_backend_cpu_set_n_threads)(b, n);
	if (pool) CALL(ggml_backend_cpu_set_threadpool)(b, pool);
}
// The flag is asked between two operations of a graph, on the thread that computes.
static bool flag_up(void *flag) { return __atomic_load_n((int *)flag, __ATOMIC_RELAXED) != 0; }
static void backend_flag(ptr b, int *flag) { CALL(ggml_backend_cpu_set_abort_callback)(b, flag_up, flag); }
static int *flag_new(void) { return calloc(1, sizeof(int)); }
static void flag_set(int *flag, int v) { __atomic_store_n(flag, v, __ATOMIC_RELAXED); }
static void backend_free(ptr b) { CALL(ggml_backend_free)(b); }
static void pool_free(ptr p) { CALL(ggml_threadpool_free)(p); }
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"unsafe"
)

const maxThreads = 256

// A Backend is the processor with a fixed set of threads, or another device with a processor for what it cannot do.
type Backend struct {
	b, pool C.ptr
	device  string
	cpu     *Backend // of another device
	stop    *C.int   // set: the graph under way ends before its next operation
	threads int
	observe func(stage string, values []float32)
	work    workroom
	plain   bool // our own kernels are not to be used
}

// NewBackend starts a backend of so many threads, the caller's among them. The others sleep while no graph runs:
// ggml's default makes new threads for every graph and lets them spin, which a busy neighbour turns into minutes.
func NewBackend(threads int) (*Backend, error) {
	if threads < 1 || threads > maxThreads {
		return nil, fmt.Errorf("start ggml: %d threads, want 1 to %d", threads, maxThreads)
	}
	if err := bind(); err != nil {
		return nil, fmt.Errorf("start ggml: %w", err)
	}
	b := &Backend{b: C.backend_new(), device: Processor, threads: threads, work: newWorkroom()}
	if b.b == nil {
		b.Close()
		return nil, errors.New("start ggml: no processor backend")
	}
	if threads > 1 {
		if b.pool = C.new_pool(C.int(threads)); b.pool == nil {
			b.Close()
			return nil, errors.New("start ggml: no thread pool: these libraries are of another version; " + remedy)
		}
	}
	C.backend_threads(b.b, C.int(threads), b.pool)
	if b.stop = C.flag_new(); b.stop == nil {
		b.Close()
		return nil, errors.New("start ggml: out of memory")
	}
	C.backend_flag(b.b, b.stop)
	return b, nil
}

// Threads returns how many threads compute.
func (b *Backend) Threads() int { return b.threads }

// Device returns the name of the device, as Devices has it.
func (b *Backend) Device() string { return b.device }

// foreign tells whether our own kernels cannot be used.
func (b *Backend) foreign() bool { return b.plain || b.work.at == nil }

// Close ends the threads. It is safe to call it twice; no Graph of this backend may be used afterwards.
func (b *Backend) Close() {
	if b.b != nil {
		C.backend_free(b.b)
	}
	if b.pool != nil {
		C.pool_free(b.pool)
	}
	if b.cpu != nil {
		b.cpu.Close()
	}
	C.free(unsafe.Pointer(b.stop))
	b.work.close()
	b.b, b.pool, b.stop = nil, nil, nil
}

// watch raises the flag when ctx ends; the returned function lowers it again and must be called.
func (b *Backend) watch(ctx context.Context) (done func()) {
	if b.cpu != nil {
		return b.cpu.watch(ctx)
	}
	C.flag_set(b.stop, 0)
	if ctx.Done() == nil {
		return func() {}
	}
	raised := make(chan struct{})
	forget := context.AfterFunc(ctx, func() {
		C.flag_set(b.stop, 1)
		close(raised)
	})
	return func() {
		if !forget() {
			<-raised
		}
		C.flag_set(b.stop, 0)
	}
}
