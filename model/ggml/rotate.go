package ggml

/*
#include "custom.h"
static ptr op_diag_mask(ptr c, ptr a, int past) { return CALL(ggml_diag_mask_inf)(c, a, past); }
*/
import "C"

import "unsafe"

// Rotate turns pairs of elements of every head of x[heads·size, n] by tables of their own: x ⊙ cos + turned(x) ⊙ sin,
// cos and sin being [size, n]. A pair (a, b) turns to (-b, a); pairs are neighbours or, with halves set, lie size/2 apart.
func (g *Graph) Rotate(x, cos, sin Tensor, heads int, halves bool) Tensor {
	if !g.valid("rotate", x, cos, sin) {
		return Tensor{}
	}
	h := int64(heads)
	if !plane(x) || h < 1 || x.ne[0]%(2*h) != 0 || !plane(cos) || !plane(sin) || cos.ne != sin.ne || !cos.contiguous() || !sin.contiguous() ||
		cos.ne[0] != x.ne[0]/h || cos.ne[1] != x.ne[1] {
		g.fail("rotate", "%d heads of %v by %v and %v", heads, x, cos, sin)
		return Tensor{}
	}
	if g.b.foreign() {
		return g.rotatePlain(x, cos, sin, h, halves)
	}
	if !g.room("rotate") {
		return Tensor{}
	}
	job := g.job()
	*(*C.rotate_job)(unsafe.Pointer(&job.of)) = C.rotate_job{
		stride: C.size_t(x.nb[1] / 4), rows: C.int(x.ne[1]), heads: C.int(h), size: C.int(x.ne[0] / h), halves: flag(halves),
	}
	return made(C.custom_rotate(g.ctx, job, x.p, cos.p, sin.p), F32, [4]int64{x.ne[0], x.ne[1], 1, 1})
}

// rotatePlain is Rotate of ggml's own operations.
func (g *Graph) rotatePlain(x, cos, sin Tensor, heads int64, halves bool) Tensor {
	size, n := x.ne[0]/heads, x.ne[1]
	x = g.Cont(x)
	var turned Tensor
	if halves {
		half := size / 2
		part := func(at int64) Tensor {
			return g.Cont(g.View(x, [4]int64{half, heads, n, 1}, [3]int64{size, size * heads, size * heads * n}, at))
		}
		turned = g.Concat(g.Scale(part(half), -1), part(0), 0)
	} else {
		pairs := size / 2 * heads * n
		part := func(at int64) Tensor {
			return g.Cont(g.View(x, [4]int64{1, pairs, 1, 1}, [3]int64{2, 2 * pairs, 2 * pairs}, at))
		}
		turned = g.Concat(g.Scale(part(1), -1), part(0), 0)
	}
	cos, sin = g.Reshape(cos, size, 1, n), g.Reshape(sin, size, 1, n)
	y := g.Add(g.Mul(g.Reshape(x, size, heads, n), cos), g.Mul(g.Reshape(turned, size, heads, n), sin))
	return g.Reshape(y, x.ne[0], n)
}

// DiagonalMask sets element i of row j of a[m, n] to -Inf where i > past + j, for each of the outer dimensions.
func (g *Graph) DiagonalMask(a Tensor, past int) Tensor {
	if !g.single("diag_mask_inf", a) {
		return Tensor{}
	}
	if past < 0 || int64(past) > a.ne[0] {
		g.fail("diag_mask_inf", "%d of %v", past, a)
		return Tensor{}
	}
	return made(C.op_diag_mask(g.ctx, a.p, C.int(past)), F32, a.ne)
}
