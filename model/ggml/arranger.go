package ggml

/*
#include "calls.h"
static ptr alloc_new(void) { return CALL(ggml_gallocr_new)(CALL(ggml_backend_cpu_buffer_type)()); }
static bool alloc_graph(ptr a, ptr g) { return CALL(ggml_gallocr_alloc_graph)(a, g); }
static size_t alloc_size(ptr a) { return CALL(ggml_gallocr_get_buffer_size)(a, 0); }
static void alloc_free(ptr a) { CALL(ggml_gallocr_free)(a); }
static int graph_compute(ptr b, ptr g) { return CALL(ggml_backend_graph_compute)(b, g); }

static ptr sched_new(ptr device, ptr cpu, int nodes) {
	ptr both[2] = {device, cpu};
	return CALL(ggml_backend_sched_new)(both, NULL, 2, (size_t)nodes, false, false);
}
static int graph_nodes(ptr g) { return CALL(ggml_graph_n_nodes)(g); }
static bool sched_graph(ptr s, ptr g) {
	CALL(ggml_backend_sched_reset)(s);
	return CALL(ggml_backend_sched_alloc_graph)(s, g);
}
static size_t sched_size(ptr s, ptr device, ptr cpu) {
	return CALL(ggml_backend_sched_get_buffer_size)(s, device) + CALL(ggml_backend_sched_get_buffer_size)(s, cpu);
}
static int sched_compute(ptr s, ptr g) { return CALL(ggml_backend_sched_graph_compute)(s, g); }
static void sched_free(ptr s) { CALL(ggml_backend_sched_free)(s); }
*/
import "C"

import "fmt"

// An arranger makes room for a graph's values and has them computed: on the processor alone, or on a device, where ggml's
// scheduler gives what the device cannot compute to the processor and copies between the two.
type arranger struct {
	p C.ptr // of gallocr or, where the backend has a processor beside it, of the scheduler
	b *Backend
	n int // nodes of the graph that is arranged, 0: none
}

func newArranger(b *Backend, nodes int) arranger {
	if b.cpu == nil {
		return arranger{p: C.alloc_new(), b: b}
	}
	// As many as the graph itself has room for, see graph_new.
	return arranger{p: C.sched_new(b.b, b.cpu.b, C.int(4*nodes)), b: b}
}

// arrange makes room for all values. The scheduler puts its copies into the graph, so that it can do this once only.
func (a *arranger) arrange(graph C.ptr) error {
	switch n := int(C.graph_nodes(graph)); {
	case a.b.cpu == nil && bool(C.alloc_graph(a.p, graph)), a.n > 0 && a.n == n:
		return nil
	case a.n > 0:
		return fmt.Errorf("graph: %d operations more after it was computed: Reset it", n-a.n)
	case a.b.cpu != nil && bool(C.sched_graph(a.p, graph)):
		a.n = n
		return nil
	}
	return fmt.Errorf("graph: no memory for its values on %s", a.b.device)
}

// reset forgets the graph.
func (a *arranger) reset() { a.n = 0 }

func (a arranger) compute(graph C.ptr) int {
	if a.b.cpu == nil {
		return int(C.graph_compute(a.b.b, graph))
	}
	return int(C.sched_compute(a.p, graph))
}

func (a arranger) size() int {
	if a.b.cpu == nil {
		return int(C.alloc_size(a.p))
	}
	return int(C.sched_size(a.p, a.b.b, a.b.cpu.b))
}

func (a *arranger) close() {
	switch {
	case a.p == nil:
	case a.b.cpu == nil:
		C.alloc_free(a.p)
	default:
		C.sched_free(a.p)
	}
	a.p = nil
}
