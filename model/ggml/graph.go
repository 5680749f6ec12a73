package ggml

/*
#include <stdlib.h>
#include "calls.h"
#include "custom.h"
static size_t graph_arena(int n) {
	return CALL(ggml_tensor_overhead)() * (size_t)(2 * n) + CALL(ggml_graph_overhead_custom)((size_t)(4 * n), false) + 4096;
}
// Room for four times the nodes, since ggml stops the process where the tensors of Stores that are read outnumber it.
static ptr graph_new(ptr ctx, int n) { return CALL(ggml_new_graph_custom)(ctx, (size_t)(4 * n), false); }
static void graph_add(ptr g, ptr t) { CALL(ggml_build_forward_expand)(g, t); }
static void graph_out(ptr t) { CALL(ggml_set_output)(t); }
static ptr graph_in(ptr ctx, int type, const int64_t *ne) {
	ptr t = CALL(ggml_new_tensor)(ctx, type, 4, ne);
	if (t) CALL(ggml_set_input)(t);
	return t;
}
static void graph_arena_free(ptr c) { CALL(ggml_free)(c); }
static bool placed(ptr t) { return CALL(ggml_get_data)(t) != NULL; }
static void put(ptr t, const void *p, size_t n) { CALL(ggml_backend_tensor_set)(t, p, 0, n); }
static void take(ptr t, void *p, size_t at, size_t n) { CALL(ggml_backend_tensor_get)(t, p, at, n); }
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"unsafe"
)

const maxNodes = 1 << 16

// A Graph is built by its operations, computed once, and begun anew by Reset, which keeps the memory of the last one.
//
//	x := g.Input(ggml.F32, 512, 10)
//	y := g.Output(g.MulMat(w, x))
//	err := g.Compute(ctx, func() { ggml.Put(g, x, values) })
//	err = ggml.Take(g, y, 0, out)
type Graph struct {
	b            *Backend
	nodes, made  int
	memory       []byte
	ctx, g       C.ptr
	mem          arranger
	err          error
	placed, done bool
	stages       []stage
	own          own
	before       func()
}

// NewGraph returns an empty graph of at most nodes operations.
func NewGraph(b *Backend, nodes int) (*Graph, error) {
	if nodes < 1 || nodes > maxNodes {
		return nil, fmt.Errorf("graph of %d nodes, want 1 to %d", nodes, maxNodes)
	}
	_, memory, err := mapPages(int(C.graph_arena(C.int(nodes))))
	if err != nil {
		return nil, fmt.Errorf("room for a graph: %w", err)
	}
	g := &Graph{b: b, nodes: nodes, memory: memory, mem: newArranger(b, nodes), own: own{jobs: C.jobs_new(C.int(nodes))}}
	g.Reset()
	return g, nil
}

// Reset forgets all operations and values. Tensors of before must not be used any more.
func (g *Graph) Reset() {
	if g.ctx != nil {
		C.graph_arena_free(g.ctx)
	}
	g.made, g.err, g.placed, g.done, g.stages = 0, nil, false, false, nil
	g.own.reset()
	g.mem.reset()
	g.ctx = C.new_arena(unsafe.Pointer(&g.memory[0]), C.graph_arena(C.int(g.nodes)))
	g.g = nil
	if g.ctx != nil {
		g.g = C.graph_new(g.ctx, C.int(g.nodes))
	}
	if g.g == nil || g.mem.p == nil || g.own.jobs == nil {
		g.err = errors.New("graph: ggml has no memory")
	}
}

// Err returns the first mistake made since Reset.
func (g *Graph) Err() error { return g.err }

// Scratch returns the bytes that intermediate values took in the largest graph so far.
func (g *Graph) Scratch() int { return g.mem.size() }

// Close frees the graph. It is safe to call it twice.
func (g *Graph) Close() {
	if g.ctx != nil {
		C.graph_arena_free(g.ctx)
	}
	g.mem.close()
	if g.memory != nil {
		unmapPages(g.memory)
	}
	g.own.reset()
	C.free(unsafe.Pointer(g.own.jobs))
	g.ctx, g.memory, g.own.jobs = nil, nil, nil
	g.err = errors.New("graph: closed")
}

// Input is a tensor whose values Put brings.
func (g *Graph) Input(t Type, dims ...int64) Tensor {
	ne, err := shape(t, dims)
	if err != nil {
		g.fail("input", "%w", err)
	}
	if !g.room("input") {
		return Tensor{}
	}
	return Tensor{p: C.graph_in(g.ctx, C.int(t), (*C.int64_t)(&ne[0])), t: t, ne: ne, nb: strides(t, ne)}
}

// Output marks t as a value to keep until Reset, and has it computed.
func (g *Graph) Output(t Tensor) Tensor {
	if g.valid("output", t) {
		C.graph_out(t.p)
		C.graph_add(g.g, t.p)
	}
	return t
}

// Do has t computed although nothing reads it: a Copy into a Store.
func (g *Graph) Do(t Tensor) {
	if g.valid("do", t) {
		C.graph_add(g.g, t.p)
	}
}

// Before has f called at the beginning of every Compute: a network of many graphs lets others on its device there.
func (g *Graph) Before(f func()) { g.before = f }

// Compute makes room for the graph, calls fill, in which Put brings the inputs, and computes all Outputs and Dos.
// ctx is looked at before and not in between: keep a graph short.
func (g *Graph) Compute(ctx context.Context, fill func()) error {
	if g.err != nil {
		return g.err
	}
	if g.before != nil {
		g.before()
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if err := g.mem.arrange(g.g); err != nil {
		return err
	}
	if err := g.b.work.reserve(g.b.threads, g.own.each); err != nil {
		return err
	}
	g.placed = true
	if fill != nil {
		fill()
	}
	if g.err != nil {
		return g.err
	}
	done := g.b.watch(ctx)
	code := g.mem.compute(g.g)
	done()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if code != 0 {
		return fmt.Errorf("graph: ggml ended with status %d", code)
	}
	g.done = true
	return g.report()
}

// Element is what goes in and out of tensors: float32 for F32, int32 for I32, uint16 for F16 and BF16.
type Element interface{ float32 | int32 | uint16 }

// Put brings the values of an Input, from within Compute's fill.
func Put[E Element](g *Graph, t Tensor, values []E) {
	if !g.valid("put", t) {
		return
	}
	if !g.placed || !suits[E](t) || int64(len(values)) != t.Elements() || !t.contiguous() {
		g.fail("put", "%d values of %T into %v", len(values), values, t)
		return
	}
	if !C.placed(t.p) {
		g.fail("put", "%v is an input that nothing reads", t)
		return
	}
	C.put(t.p, unsafe.Pointer(&values[0]), C.size_t(t.span()))
}

// Take copies len(dst) values of an Output, from element at on.
func Take[E Element](g *Graph, t Tensor, at int64, dst []E) error {
	if !g.valid("take", t) {
		return g.err
	}
	if !g.done || !suits[E](t) || !t.contiguous() || at < 0 || len(dst) == 0 || int64(len(dst)) > t.Elements()-at {
		return fmt.Errorf("graph: take %d values of %T from %d on out of %v", len(dst), dst, at, t)
	}
	C.take(t.p, unsafe.Pointer(&dst[0]), C.size_t(at*t.nb[0]), C.size_t(int64(len(dst))*t.nb[0]))
	return nil
}

func suits[E Element](t Tensor) bool {
	var e E
	switch any(e).(type) {
	case float32:
		return t.t == F32
	case int32:
		return t.t == I32
	}
	return t.t == F16 || t.t == BF16
}

// fail keeps the first mistake.
func (g *Graph) fail(op, format string, a ...any) {
	if g.err == nil {
		g.err = fmt.Errorf("graph: %s: "+format, append([]any{op}, a...)...)
	}
}

// valid tells whether op can go on with these operands.
func (g *Graph) valid(op string, ts ...Tensor) bool {
	for _, t := range ts {
		if t.p == nil {
			g.fail(op, "operand is missing")
		}
	}
	return g.err == nil
}

// room tells whether op can go on and counts one node.
func (g *Graph) room(op string, ts ...Tensor) bool {
	if g.made++; g.made > g.nodes {
		g.fail(op, "more than %d nodes", g.nodes)
	}
	return g.valid(op, ts...)
}
