package ggml

/*
#include "calls.h"
static ptr op_im2col(ptr c, ptr k, ptr x, int stride, int pad, int gap) {
	return CALL(ggml_im2col)(c, k, x, stride, 0, pad, 0, gap, 0, false, 0);
}
static ptr op_conv_transpose(ptr c, ptr k, ptr x, int stride) { return CALL(ggml_conv_transpose_1d)(c, k, x, stride, 0, 1); }
static ptr op_rope(ptr c, ptr a, ptr pos, int dims, int mode, float base, float scale) {
	return CALL(ggml_rope_ext)(c, a, pos, NULL, dims, mode, 0, base, scale, 0.0f, 1.0f, 32.0f, 1.0f);
}
static ptr op_flash(ptr c, ptr q, ptr k, ptr v, ptr m, float s) {
	return CALL(ggml_flash_attn_ext)(c, q, k, v, m, s, 0.0f, 0.0f);
}
*/
import "C"

// Conv1D convolves x[length, in, batch] with w[kernel, in, out] and gives [length', out, batch]. The windows are laid
// out in f32 whatever the type of w is (ggml's own conv_1d does so in f16).
func (g *Graph) Conv1D(w, x Tensor, stride, padding, dilation int) Tensor {
	if !g.room("conv_1d", w, x) {
		return Tensor{}
	}
	reach := int64(dilation)*(w.ne[0]-1) + 1
	if stride < 1 || padding < 0 || dilation < 1 || x.t != F32 || !x.contiguous() || !w.contiguous() || w.t == Q8_0 ||
		w.ne[1] != x.ne[1] || w.ne[3] != 1 || x.ne[3] != 1 || x.ne[0]+2*int64(padding) < reach {
		g.fail("conv_1d", "%v by %v with stride %d, padding %d, dilation %d", x, w, stride, padding, dilation)
		return Tensor{}
	}
	n := (x.ne[0]+2*int64(padding)-reach)/int64(stride) + 1
	cols := made(C.op_im2col(g.ctx, w.p, x.p, C.int(stride), C.int(padding), C.int(dilation)), F32, [4]int64{w.ne[0] * w.ne[1], n, x.ne[2], 1})
	y := g.MulMat(g.Reshape(w, w.ne[0]*w.ne[1], w.ne[2]), cols)
	return g.Cont(g.Permute(y, [4]int{1, 0, 2, 3}))
}

// ConvTranspose1D spreads x[length, in] by w[kernel, out, in] and gives [(length-1)·stride + kernel, out].
func (g *Graph) ConvTranspose1D(w, x Tensor, stride int) Tensor {
	if !g.room("conv_transpose_1d", w, x) {
		return Tensor{}
	}
	if stride < 1 || x.t != F32 || !x.contiguous() || !w.contiguous() || w.t != F32 && w.t != F16 || w.ne[2] != x.ne[1] ||
		w.ne[3] != 1 || x.ne[2] != 1 || x.ne[3] != 1 {
		g.fail("conv_transpose_1d", "%v by %v with stride %d", x, w, stride)
		return Tensor{}
	}
	ne := [4]int64{(x.ne[0]-1)*int64(stride) + w.ne[0], w.ne[1], 1, 1}
	return made(C.op_conv_transpose(g.ctx, w.p, x.p, C.int(stride)), F32, ne)
}

// Rope turns pairs of the first dims elements of a[head, heads, n] by their positions (i32 [n]). Pairs are neighbours,
// or with halves set, elements that lie dims/2 apart.
func (g *Graph) Rope(a, positions Tensor, dims int, halves bool, base float32) Tensor {
	if !g.room("rope", a, positions) {
		return Tensor{}
	}
	if a.t != F32 || !a.rows() || positions.t != I32 || positions.ne != [4]int64{a.ne[2], 1, 1, 1} || dims < 2 || dims%2 != 0 || int64(dims) > a.ne[0] || !(base > 0) {
		g.fail("rope", "%d dimensions of %v by %v, base %v", dims, a, positions, base)
		return Tensor{}
	}
	mode := C.int(0)
	if halves {
		mode = 2
	}
	return made(C.op_rope(g.ctx, a.p, positions.p, C.int(dims), mode, C.float(base), 1), F32, a.ne)
}

// FlashAttention returns softmax(scale·q·k + mask)·v for q[head, n, heads] (f32), k and v [head, m, kv heads] (f32 or
// f16), as [head, heads, n]. mask is the zero Tensor or f16 [m, at least n]. It rounds more than MulMat and SoftMax do.
func (g *Graph) FlashAttention(q, k, v, mask Tensor, scale float32) Tensor {
	if !g.room("flash_attn", q, k, v) {
		return Tensor{}
	}
	keys := func(t Tensor) bool { return (t.t == F16 || t.t == F32) && t.rows() && t.ne[3] == 1 }
	if q.t != F32 || !q.rows() || q.ne[3] != 1 || !keys(k) || !keys(v) || k.t != v.t || k.ne != v.ne || q.ne[0] != k.ne[0] || q.ne[2]%k.ne[2] != 0 {
		g.fail("flash_attn", "%v, %v and %v do not go together", q, k, v)
		return Tensor{}
	}
	if m := mask; m.p != nil && (m.t != F16 || !m.contiguous() || m.ne[0] != k.ne[1] || m.ne[1] < q.ne[1] || m.ne[2] != 1 || m.ne[3] != 1) {
		g.fail("flash_attn", "mask %v does not suit %v and %v", m, q, k)
		return Tensor{}
	}
	return made(C.op_flash(g.ctx, q.p, k.p, v.p, mask.p, C.float(scale)), F32, [4]int64{q.ne[0], q.ne[2], q.ne[1], 1})
}
