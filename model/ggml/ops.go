package ggml

/*
#include "calls.h"
static ptr op_add(ptr c, ptr a, ptr b) { return CALL(ggml_add)(c, a, b); }
static ptr op_mul(ptr c, ptr a, ptr b) { return CALL(ggml_mul)(c, a, b); }
static ptr op_scale(ptr c, ptr a, float s) { return CALL(ggml_scale)(c, a, s); }
// The processor adds up in f32 in any case; other devices do so with f16 weights only where they are told to.
static ptr op_mul_mat(ptr c, ptr a, ptr b) {
	enum { precise = 10 };
	ptr t = CALL(ggml_mul_mat)(c, a, b);
	CALL(ggml_mul_mat_set_prec)(t, precise);
	return t;
}
static ptr op_norm(ptr c, ptr a, float e) { return CALL(ggml_norm)(c, a, e); }
static ptr op_rms_norm(ptr c, ptr a, float e) { return CALL(ggml_rms_norm)(c, a, e); }
static ptr op_gelu_erf(ptr c, ptr a) { return CALL(ggml_gelu_erf)(c, a); }
static ptr op_silu(ptr c, ptr a) { return CALL(ggml_silu)(c, a); }
static ptr op_sin(ptr c, ptr a) { return CALL(ggml_sin)(c, a); }
static ptr op_sqr(ptr c, ptr a) { return CALL(ggml_sqr)(c, a); }
static ptr op_soft_max(ptr c, ptr a, ptr m, float s) { return CALL(ggml_soft_max_ext)(c, a, m, s, 0.0f); }
static ptr op_get_rows(ptr c, ptr a, ptr b) { return CALL(ggml_get_rows)(c, a, b); }
*/
import "C"

import "slices"

import "math"

// made describes the contiguous result p of an operation.
func made(p C.ptr, t Type, ne [4]int64) Tensor {
	return Tensor{p: p, t: t, ne: ne, nb: strides(t, ne)}
}

// Add returns a + b; b is repeated along the dimensions in which a is a multiple of it.
func (g *Graph) Add(a, b Tensor) Tensor {
	if !g.room("add", a, b) || !g.broadcast("add", a, b) {
		return Tensor{}
	}
	return made(C.op_add(g.ctx, a.p, b.p), F32, a.ne)
}

// Mul returns a * b element by element; b is repeated as in Add.
func (g *Graph) Mul(a, b Tensor) Tensor {
	if !g.room("mul", a, b) || !g.broadcast("mul", a, b) {
		return Tensor{}
	}
	return made(C.op_mul(g.ctx, a.p, b.p), F32, a.ne)
}

func (g *Graph) broadcast(op string, a, b Tensor) bool {
	fits := a.t == F32 && b.t == F32 && a.rows() && b.rows()
	for i := range a.ne {
		fits = fits && a.ne[i]%b.ne[i] == 0
	}
	if !fits {
		g.fail(op, "%v and %v do not go together", a, b)
	}
	return fits
}

// Scale returns a * s.
func (g *Graph) Scale(a Tensor, s float32) Tensor {
	if !g.single("scale", a) {
		return Tensor{}
	}
	return made(C.op_scale(g.ctx, a.p, C.float(s)), F32, a.ne)
}

// MulMat multiplies rows by rows: a[k,m] with b[k,n] gives f32 [m,n]. a is the weight, of any type; b is f32.
// The outer dimensions of b are multiples of a's. f32 weights keep the result exact; with f16, bf16 or q8_0 ones
// the rows of b are rounded to that type first.
func (g *Graph) MulMat(a, b Tensor) Tensor {
	if !g.room("mul_mat", a, b) {
		return Tensor{}
	}
	if a.ne[0] != b.ne[0] || b.ne[2]%a.ne[2] != 0 || b.ne[3]%a.ne[3] != 0 || !a.rows() || a.nb[1] < a.nb[0] || b.t != F32 || !b.rows() {
		g.fail("mul_mat", "%v and %v do not go together", a, b)
		return Tensor{}
	}
	if !slices.Contains(packable, a.t) {
		g.fail("mul_mat", "no product with %v", a)
		return Tensor{}
	}
	return made(C.op_mul_mat(g.ctx, a.p, b.p), F32, [4]int64{a.ne[1], b.ne[1], b.ne[2], b.ne[3]})
}

// Norm returns (a - mean) / sqrt(variance + eps) along the first dimension.
func (g *Graph) Norm(a Tensor, eps float32) Tensor {
	if !g.single("norm", a) || !g.positive("norm", eps) {
		return Tensor{}
	}
	return made(C.op_norm(g.ctx, a.p, C.float(eps)), F32, a.ne)
}

// RMSNorm returns a / sqrt(mean(a²) + eps) along the first dimension.
func (g *Graph) RMSNorm(a Tensor, eps float32) Tensor {
	if !g.single("rms_norm", a) || !g.positive("rms_norm", eps) {
		return Tensor{}
	}
	return made(C.op_rms_norm(g.ctx, a.p, C.float(eps)), F32, a.ne)
}

// GELU returns x·Φ(x) by the exact error function; ggml's other forms go through a table of f16 values.
func (g *Graph) GELU(a Tensor) Tensor {
	if !g.single("gelu", a) {
		return Tensor{}
	}
	return made(C.op_gelu_erf(g.ctx, a.p), F32, a.ne)
}

// SiLU returns x / (1 + exp(-x)).
func (g *Graph) SiLU(a Tensor) Tensor {
	if !g.single("silu", a) {
		return Tensor{}
	}
	return made(C.op_silu(g.ctx, a.p), F32, a.ne)
}

// Sin returns the sine of each element.
func (g *Graph) Sin(a Tensor) Tensor {
	if !g.single("sin", a) {
		return Tensor{}
	}
	return made(C.op_sin(g.ctx, a.p), F32, a.ne)
}

// Sqr returns the square of each element.
func (g *Graph) Sqr(a Tensor) Tensor {
	if !g.single("sqr", a) {
		return Tensor{}
	}
	return made(C.op_sqr(g.ctx, a.p), F32, a.ne)
}

// SoftMax returns softmax(scale·a + mask) along the first dimension. mask, which may be the zero Tensor, is f32 or f16
// of shape [a.Dim(0), at least a.Dim(1)] and serves all outer dimensions.
func (g *Graph) SoftMax(a, mask Tensor, scale float32) Tensor {
	if !g.single("soft_max", a) {
		return Tensor{}
	}
	if m := mask; m.p != nil && (m.t != F32 && m.t != F16 || m.ne[0] != a.ne[0] || m.ne[1] < a.ne[1] || m.ne[2] != 1 || m.ne[3] != 1 || !m.contiguous()) {
		g.fail("soft_max", "mask %v does not suit %v", m, a)
		return Tensor{}
	}
	return made(C.op_soft_max(g.ctx, a.p, mask.p, C.float(scale)), F32, a.ne)
}

// GetRows gathers rows of a[k,m] by the i32 indices of b[n] into f32 [k,n]. Nothing checks the indices: ggml stops the
// process where one is outside 0 to m-1, so the caller checks them.
func (g *Graph) GetRows(a, b Tensor) Tensor {
	if !g.room("get_rows", a, b) {
		return Tensor{}
	}
	if b.t != I32 || b.ne[1] != 1 || b.ne[2] != 1 || b.ne[3] != 1 || !b.contiguous() || a.ne[2] != 1 || a.ne[3] != 1 || !a.rows() {
		g.fail("get_rows", "%v by %v", a, b)
		return Tensor{}
	}
	return made(C.op_get_rows(g.ctx, a.p, b.p), F32, [4]int64{a.ne[0], b.ne[0], 1, 1})
}

// single checks the operand of an operation on contiguous f32.
func (g *Graph) single(op string, a Tensor) bool {
	if !g.room(op, a) {
		return false
	}
	if a.t != F32 || !a.contiguous() {
		g.fail(op, "%v is not contiguous f32", a)
		return false
	}
	return true
}

func (g *Graph) positive(op string, eps float32) bool {
	if !(eps >= 0) || math.IsInf(float64(eps), 0) {
		g.fail(op, "eps is %v", eps)
		return false
	}
	return true
}
