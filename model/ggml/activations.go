package ggml

/*
#include "calls.h"
static ptr op_tanh(ptr c, ptr a) { return CALL(ggml_tanh)(c, a); }
static ptr op_scale_bias(ptr c, ptr a, float s, float b) { return CALL(ggml_scale_bias)(c, a, s, b); }
static ptr op_div(ptr c, ptr a, ptr b) { return CALL(ggml_div)(c, a, b); }
static ptr op_l2_norm(ptr c, ptr a, float e) { return CALL(ggml_l2_norm)(c, a, e); }
*/
import "C"

import "math"

// Tanh returns the hyperbolic tangent of each element.
func (g *Graph) Tanh(a Tensor) Tensor {
	if !g.single("tanh", a) {
		return Tensor{}
	}
	return made(C.op_tanh(g.ctx, a.p), F32, a.ne)
}

// Stretch returns a·scale + bias, two numbers for all elements.
func (g *Graph) Stretch(a Tensor, scale, bias float32) Tensor {
	if !g.single("stretch", a) {
		return Tensor{}
	}
	return made(C.op_scale_bias(g.ctx, a.p, C.float(scale), C.float(bias)), F32, a.ne)
}

// Div returns a / b element by element; b is repeated as in Add.
func (g *Graph) Div(a, b Tensor) Tensor {
	if !g.room("div", a, b) || !g.broadcast("div", a, b) {
		return Tensor{}
	}
	return made(C.op_div(g.ctx, a.p, b.p), F32, a.ne)
}

// Unit returns a / max(‖a‖, eps) along the first dimension.
func (g *Graph) Unit(a Tensor, eps float32) Tensor {
	if !g.single("unit", a) || !g.positive("unit", eps) {
		return Tensor{}
	}
	return made(C.op_l2_norm(g.ctx, a.p, C.float(eps)), F32, a.ne)
}

// GELUTanh returns x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2, the approximation of Hendrycks and Gimpel (2016), in f32.
// ggml's own goes through a table of f16 values. The half of 1 + tanh(u) is the sigmoid of 2u, and 2u = x·q for
// q = 2√(2/π)·(1 + 0.044715·x²), which is never 0: so it is silu(x·q)/q, of operations that run on vectors.
func (g *Graph) GELUTanh(a Tensor) Tensor {
	const slope = 2 * math.Sqrt2 / math.SqrtPi
	q := g.Stretch(g.Sqr(a), slope*0.044715, slope)
	return g.Div(g.SiLU(g.Mul(a, q)), q)
}
