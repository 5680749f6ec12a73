package ggml

// #include "custom.h"
import "C"

import "unsafe"

// Linear returns w·x + bias for x[in, n] as [out, n]; with gelu set, GELU of that; and that + add. bias [out] and
// add [out, n] may be the zero Tensor. It is exact in f32, and the result for one column of x is the same bit by bit
// whatever the others are.
func (g *Graph) Linear(w Matrix, x, bias, add Tensor, gelu bool) Tensor {
	if w.data == nil {
		return g.linearPlain(w, x, bias, add, gelu)
	}
	if !g.room("linear", x) {
		return Tensor{}
	}
	ok := plane(x) && w.data != nil && x.ne[0] == w.in
	if b := bias; b.p != nil {
		ok = ok && b.t == F32 && b.contiguous() && b.ne == [4]int64{w.out, 1, 1, 1}
	}
	if a := add; a.p != nil {
		ok = ok && a.t == F32 && a.contiguous() && a.ne == [4]int64{w.out, x.ne[1], 1, 1}
	}
	if (gelu || add.p != nil) && w.out%C.kernels_max_panel != 0 {
		ok = false
	}
	if !ok {
		g.fail("linear", "[%d %d] by %v + %v + %v", w.in, w.out, x, bias, add)
		return Tensor{}
	}
	job := C.job_at(g.jobs, C.int(g.made-1))
	*(*C.linear_job)(unsafe.Pointer(&job.of)) = C.linear_job{
		panels: (*C.uint16_t)(unsafe.Pointer(&w.data[0])), stride: C.size_t(x.nb[1] / 4),
		rows: C.int(x.ne[1]), inputs: C.int(w.in), outputs: C.int(w.out), gelu: flag(gelu),
	}
	return made(C.custom_linear(g.ctx, job, x.p, bias.p, add.p), F32, [4]int64{w.out, x.ne[1], 1, 1})
}

// linearPlain is Linear of ggml's own operations.
func (g *Graph) linearPlain(w Matrix, x, bias, add Tensor, gelu bool) Tensor {
	if !g.valid("linear", w.plain, x) {
		return Tensor{}
	}
	y := g.MulMat(w.plain, x)
	if bias.p != nil {
		y = g.Add(y, bias)
	}
	if gelu {
		y = g.GELU(y)
	}
	if add.p != nil {
		y = g.Add(y, add)
	}
	return y
}

// Attend returns softmax(scale·q·k)·v, head by head, for q[width, n], k and v [width, m] as [width, n]. With causal set
// the last query sees all keys, the one before it one less, and so on.
func (g *Graph) Attend(q, k, v Tensor, heads int, scale float32, causal bool) Tensor {
	if g.valid("attend", q, k, v) && heads > 0 && q.ne[0]%int64(heads) == 0 && !causal && !g.suitsAttend(q, heads) {
		return g.attendPlain(q, k, v, int64(heads), scale)
	}
	if !g.room("attend", q, k, v) {
		return Tensor{}
	}
	if !g.suitsAttend(q, heads) || !plane(k) || !plane(v) || k.ne != v.ne || k.ne[0] != q.ne[0] || causal && k.ne[1] < q.ne[1] {
		g.fail("attend", "%d heads of %v, %v and %v", heads, q, k, v)
		return Tensor{}
	}
	job := g.attendJob(q, heads, k.ne[1], scale)
	j := (*C.attend_job)(unsafe.Pointer(&job.of))
	j.k_stride, j.v_stride, j.causal = C.size_t(k.nb[1]/4), C.size_t(v.nb[1]/4), flag(causal)
	return made(C.custom_attend(g.ctx, job, q.p, k.p, v.p), F32, [4]int64{q.ne[0], q.ne[1], 1, 1})
}

// attendPlain is Attend of ggml's own operations; the scores of all heads are held at once.
func (g *Graph) attendPlain(q, k, v Tensor, heads int64, scale float32) Tensor {
	split := func(t Tensor, place [4]int) Tensor {
		return g.Cont(g.Permute(g.Reshape(g.Cont(t), t.ne[0]/heads, heads, t.ne[1]), place))
	}
	scores := g.SoftMax(g.MulMat(split(k, [4]int{0, 2, 1, 3}), split(q, [4]int{0, 2, 1, 3})), Tensor{}, scale)
	out := g.MulMat(split(v, [4]int{1, 2, 0, 3}), scores) // [size, n, heads]
	return g.Reshape(g.Cont(g.Permute(out, [4]int{0, 2, 1, 3})), q.ne[0], q.ne[1])
}

func (g *Graph) suitsAttend(q Tensor, heads int) bool {
	return plane(q) && heads > 0 && q.ne[0]%int64(heads) == 0 && q.ne[0]/int64(heads)%C.kernels_max_panel == 0
}

func (g *Graph) attendJob(q Tensor, heads int, keys int64, scale float32) *C.custom_job {
	job := C.job_at(g.jobs, C.int(g.made-1))
	*(*C.attend_job)(unsafe.Pointer(&job.of)) = C.attend_job{
		q_stride: C.size_t(q.nb[1] / 4), scale: C.float(scale), queries: C.int(q.ne[1]), keys: C.int(keys),
		heads: C.int(heads), size: C.int(q.ne[0] / int64(heads)),
	}
	return job
}

// plane tells whether t is f32 [k, n] with its rows in order.
func plane(t Tensor) bool { return t.t == F32 && t.rows() && t.ne[2] == 1 && t.ne[3] == 1 }

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}
