package ggml

// #include "custom.h"
import "C"

import (
	"math"
	"unsafe"
)

// An Activation is a function of each element of a product.
type Activation int

// The activations that are computed along with a product.
const (
	NoActivation Activation = iota
	ActGELU                 // by the error function
	ActGELUTanh             // by tanh
	ActSiLU
	ActReLU
)

// An After says what becomes of a product: + Bias [out], then Act, then + Add or · Times [out, n]. Tensors may be zero;
// only one of Add and Times is given.
type After struct {
	Bias, Add, Times Tensor
	Act              Activation
}

// Linear returns w·x + bias for x[in, n] as [out, n]; with gelu set, GELU of that; and that + add. bias [out] and
// add [out, n] may be the zero Tensor. It is exact in f32 where w is f32 or f16, and the result for one column of x is
// the same bit by bit whatever the others are.
func (g *Graph) Linear(w Matrix, x, bias, add Tensor, gelu bool) Tensor {
	a := After{Bias: bias, Add: add}
	if gelu {
		a.Act = ActGELU
	}
	return g.Product(w, x, a)
}

// Product is Linear with any activation, and with a third operand that may be multiplied instead of added:
// g.Product(up, x, After{Times: g.Product(gate, x, After{Act: ActSiLU})}).
func (g *Graph) Product(w Matrix, x Tensor, a After) Tensor {
	if !g.valid("linear", x) {
		return Tensor{}
	}
	if w.data == nil {
		return g.after("linear", g.linearPlain(w, x), a)
	}
	if !plane(x) || x.ne[0] != w.in || !w.suits(1) {
		g.fail("linear", "[%d %d] by %v", w.in, w.out, x)
		return Tensor{}
	}
	return g.packed("linear", w, x, a, C.linear_job{
		rows: C.int(x.ne[1]), inputs: C.int(w.in), taps: 1, step: 1, gap: 1, length: C.int(x.ne[1]),
	})
}

// suits tells whether w may be read as if packed for so many taps: each begins a new block where weights have blocks.
func (w Matrix) suits(taps int64) bool {
	block := map[Type]int64{BF16: 2, Q8_0: 32}[w.kind]
	return w.taps == taps || block == 0 || w.in/w.taps%block == 0 && w.in/taps%block == 0
}

// packed makes the node of a product by panels; j says how x is walked.
func (g *Graph) packed(op string, w Matrix, x Tensor, a After, j C.linear_job) Tensor {
	ne := [4]int64{w.out, int64(j.rows), 1, 1}
	third := a.Add
	if a.Times.p != nil {
		third, j.times = a.Times, 1
	}
	if !g.suitAfter(op, ne, a) || !g.room(op) {
		return Tensor{}
	}
	if g.b.foreign() || x.ne[1] > math.MaxInt32/2 {
		g.fail(op, "a packed matrix [%d %d] by %v is for the processor", w.in, w.out, x)
		return Tensor{}
	}
	j.panels, j._type = unsafe.Pointer(&w.data[0]), C.int(w.kind)
	j.stride, j.outputs, j.act = C.size_t(x.nb[1]/4), C.int(w.out), C.int(a.Act)
	job := g.job()
	*(*C.linear_job)(unsafe.Pointer(&job.of)) = j
	g.own.each = max(g.own.each, C.kernels_linear_room(&j, C.int(g.b.threads)))
	return made(C.custom_linear(g.ctx, job, x.p, a.Bias.p, third.p), F32, ne)
}

// suitAfter checks what a result of this shape is combined with.
func (g *Graph) suitAfter(op string, ne [4]int64, a After) bool {
	ok := a.Act >= NoActivation && a.Act <= ActReLU && (a.Add.p == nil || a.Times.p == nil)
	if b := a.Bias; b.p != nil {
		ok = ok && b.t == F32 && b.contiguous() && b.ne == [4]int64{ne[0], 1, 1, 1}
	}
	for _, t := range []Tensor{a.Add, a.Times} {
		ok = ok && (t.p == nil || t.t == F32 && t.contiguous() && t.ne == ne)
	}
	if !ok {
		g.fail(op, "%v with %+v", ne, a)
	}
	return ok
}

// after computes what becomes of y with ggml's own operations.
func (g *Graph) after(op string, y Tensor, a After) Tensor {
	if !g.valid(op, y) || !g.suitAfter(op, y.ne, a) {
		return Tensor{}
	}
	if a.Bias.p != nil {
		y = g.Add(y, a.Bias)
	}
	switch a.Act {
	case ActGELU:
		y = g.GELU(y)
	case ActGELUTanh:
		y = g.GELUTanh(y)
	case ActSiLU:
		y = g.SiLU(y)
	case ActReLU:
		y = g.LeakyReLU(y, 0)
	}
	if a.Add.p != nil {
		y = g.Add(y, a.Add)
	}
	if a.Times.p != nil {
		y = g.Mul(y, a.Times)
	}
	return y
}

// linearPlain multiplies with ggml's own operation.
func (g *Graph) linearPlain(w Matrix, x Tensor) Tensor {
	if !g.valid("linear", w.plain, x) {
		return Tensor{}
	}
	return g.MulMat(w.plain, x)
}
