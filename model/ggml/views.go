package ggml

/*
#include "calls.h"
static ptr op_view(ptr c, ptr a, const int64_t *ne, const int64_t *nb, int64_t at) {
	return CALL(ggml_view_4d)(c, a, ne[0], ne[1], ne[2], ne[3], (size_t)nb[1], (size_t)nb[2], (size_t)nb[3], (size_t)at);
}
static ptr op_reshape(ptr c, ptr a, const int64_t *ne) { return CALL(ggml_reshape_4d)(c, a, ne[0], ne[1], ne[2], ne[3]); }
static ptr op_permute(ptr c, ptr a, int i, int j, int k, int l) { return CALL(ggml_permute)(c, a, i, j, k, l); }
static ptr op_cont(ptr c, ptr a) { return CALL(ggml_cont)(c, a); }
static ptr op_cpy(ptr c, ptr a, ptr b) { return CALL(ggml_cpy)(c, a, b); }
static ptr op_cast(ptr c, ptr a, int t) { return CALL(ggml_cast)(c, a, t); }
static ptr op_concat(ptr c, ptr a, ptr b, int d) { return CALL(ggml_concat)(c, a, b, d); }
static ptr op_pad(ptr c, ptr a, const int *l, const int *r) {
	return CALL(ggml_pad_ext)(c, a, l[0], r[0], l[1], r[1], l[2], r[2], l[3], r[3]);
}
*/
import "C"

// View returns a part of a without copying: its shape, the steps in elements of a's rows for each dimension but the
// first (whose elements lie side by side), and the element at which it begins. a is of a type without blocks.
func (g *Graph) View(a Tensor, dims [4]int64, steps [3]int64, at int64) Tensor {
	if !g.room("view", a) {
		return Tensor{}
	}
	unit := a.nb[0]
	v := Tensor{t: a.t, ne: dims, nb: [4]int64{unit, steps[0] * unit, steps[1] * unit, steps[2] * unit}}
	volume := unit
	for i, d := range dims {
		if d < 1 || i > 0 && steps[i-1] < 0 || volume > a.span()/d {
			g.fail("view", "shape %v steps %v of %v", dims, steps, a)
			return Tensor{}
		}
		volume *= d
	}
	if a.t == Q8_0 || at < 0 || !a.rows() || at*unit > a.span() || v.span() > a.span()-at*unit || volume > a.span()-at*unit {
		g.fail("view", "shape %v steps %v from %d on passes the end of %v", dims, steps, at, a)
		return Tensor{}
	}
	offset := C.int64_t(at * unit)
	v.p = C.op_view(g.ctx, a.p, (*C.int64_t)(&v.ne[0]), (*C.int64_t)(&v.nb[0]), offset)
	return v
}

// Rows returns rows from to to-1 of a[k,n] without copying.
func (g *Graph) Rows(a Tensor, from, to int64) Tensor {
	if !g.valid("rows", a) {
		return Tensor{}
	}
	step := a.nb[1] / a.nb[0]
	return g.View(a, [4]int64{a.ne[0], to - from, 1, 1}, [3]int64{step, step * (to - from), step * (to - from)}, from*step)
}

// Reshape gives the elements of a, which lie in order, another shape.
func (g *Graph) Reshape(a Tensor, dims ...int64) Tensor {
	if !g.room("reshape", a) {
		return Tensor{}
	}
	ne, err := shape(a.t, dims)
	if n := ne[0] * ne[1] * ne[2] * ne[3]; err != nil || n != a.Elements() || !a.contiguous() {
		g.fail("reshape", "%v does not become %v", a, dims)
		return Tensor{}
	}
	return made(C.op_reshape(g.ctx, a.p, (*C.int64_t)(&ne[0])), a.t, ne)
}

// Permute moves dimension i of a to place[i] without copying.
func (g *Graph) Permute(a Tensor, place [4]int) Tensor {
	if !g.room("permute", a) {
		return Tensor{}
	}
	out, seen := Tensor{t: a.t}, 0
	for i, p := range place {
		if p < 0 || p > 3 || seen&(1<<p) != 0 {
			g.fail("permute", "%v is no order of dimensions", place)
			return Tensor{}
		}
		seen |= 1 << p
		out.ne[p], out.nb[p] = a.ne[i], a.nb[i]
	}
	out.p = C.op_permute(g.ctx, a.p, C.int(place[0]), C.int(place[1]), C.int(place[2]), C.int(place[3]))
	return out
}

// Cont copies a so that its elements lie in order.
func (g *Graph) Cont(a Tensor) Tensor {
	if !g.room("cont", a) || !g.plain("cont", a) {
		return Tensor{}
	}
	return made(C.op_cont(g.ctx, a.p), a.t, a.ne)
}

// Copy copies a into b, converting, and returns b. It is computed where Do is called on what it returns.
func (g *Graph) Copy(a, b Tensor) Tensor {
	if !g.room("copy", a, b) || !g.plain("copy", a) || !g.plain("copy", b) {
		return Tensor{}
	}
	if a.Elements() != b.Elements() {
		g.fail("copy", "%v into %v", a, b)
		return Tensor{}
	}
	b.p = C.op_cpy(g.ctx, a.p, b.p)
	return b
}

// Cast returns a as another type: f32, f16 or bf16.
func (g *Graph) Cast(a Tensor, t Type) Tensor {
	if !g.room("cast", a) || !g.plain("cast", a) {
		return Tensor{}
	}
	if t != F32 && t != F16 && t != BF16 {
		g.fail("cast", "%v to %v", a, t)
		return Tensor{}
	}
	return made(C.op_cast(g.ctx, a.p, C.int(t)), t, a.ne)
}

// Concat puts b behind a along dimension dim.
func (g *Graph) Concat(a, b Tensor, dim int) Tensor {
	if !g.room("concat", a, b) {
		return Tensor{}
	}
	fits := dim >= 0 && dim < 4 && a.t == F32 && b.t == F32
	for i := range a.ne {
		fits = fits && (i == dim || a.ne[i] == b.ne[i])
	}
	if !fits {
		g.fail("concat", "%v and %v along dimension %d", a, b, dim)
		return Tensor{}
	}
	ne := a.ne
	ne[dim] += b.ne[dim]
	return made(C.op_concat(g.ctx, a.p, b.p, C.int(dim)), F32, ne)
}

// Pad puts zeros before and after a along each dimension.
func (g *Graph) Pad(a Tensor, before, after [4]int32) Tensor {
	if !g.single("pad", a) {
		return Tensor{}
	}
	ne := a.ne
	for i := range ne {
		if before[i] < 0 || after[i] < 0 {
			g.fail("pad", "%v and %v", before, after)
			return Tensor{}
		}
		ne[i] += int64(before[i]) + int64(after[i])
	}
	return made(C.op_pad(g.ctx, a.p, (*C.int)(&before[0]), (*C.int)(&after[0])), F32, ne)
}

// plain checks the operand of a copying operation: f32, f16 or bf16 in any order.
func (g *Graph) plain(op string, a Tensor) bool {
	if a.t == F32 || a.t == F16 || a.t == BF16 {
		return true
	}
	g.fail(op, "%v is not f32, f16 or bf16", a)
	return false
}
