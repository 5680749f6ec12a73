package ggml

// #include "custom.h"
import "C"

import (
	"math"
	"unsafe"
)

// Attend returns softmax(scale·q·k)·v, head by head, for q[width, n], k and v [width, m] as [width, n]. With causal set
// the last query sees all keys, the one before it one less, and so on. It is exact in f32, holds the scores of a few
// queries at a time, and takes heads of any size.
func (g *Graph) Attend(q, k, v Tensor, heads int, scale float32, causal bool) Tensor {
	if !g.suitAttend("attend", q, k, v, heads) {
		return Tensor{}
	}
	if causal && k.ne[1] < q.ne[1] {
		g.fail("attend", "%d queries see no more than %d keys", q.ne[1], k.ne[1])
		return Tensor{}
	}
	if g.b.foreign() {
		return g.attendPlain(q, k, v, int64(heads), scale, causal)
	}
	if !g.room("attend") {
		return Tensor{}
	}
	job := g.attendJob(q, heads, k.ne[1], scale)
	j := (*C.attend_job)(unsafe.Pointer(&job.of))
	j.k_stride, j.v_stride, j.causal = C.size_t(k.nb[1]/4), C.size_t(v.nb[1]/4), flag(causal)
	return g.attended(job, q, k, v)
}

// AttendKeys is Attend to the first keys of k and v only: those behind them are padding.
func (g *Graph) AttendKeys(q, k, v Tensor, heads int, scale float32, keys int) Tensor {
	if !g.suitAttend("attend", q, k, v, heads) {
		return Tensor{}
	}
	if keys < 1 || int64(keys) > k.ne[1] {
		g.fail("attend", "%d keys of %v", keys, k)
		return Tensor{}
	}
	return g.Attend(q, g.Rows(k, 0, int64(keys)), g.Rows(v, 0, int64(keys)), heads, scale, false)
}

// AttendSegments is Attend inside consecutive segments of so many positions each, which together are all of q, k and v.
func (g *Graph) AttendSegments(q, k, v Tensor, heads int, scale float32, lengths []int32) Tensor {
	if !g.suitAttend("attend", q, k, v, heads) {
		return Tensor{}
	}
	sum, least := int64(0), int32(1)
	for _, n := range lengths {
		sum, least = sum+int64(n), min(least, n)
	}
	if least < 1 || sum != q.ne[1] || sum != k.ne[1] {
		g.fail("attend", "segments of %d positions for %v and %v", sum, q, k)
		return Tensor{}
	}
	if g.b.foreign() {
		return g.segmentsPlain(q, k, v, int64(heads), scale, lengths)
	}
	if !g.room("attend") {
		return Tensor{}
	}
	job := g.attendJob(q, heads, k.ne[1], scale)
	j := (*C.attend_job)(unsafe.Pointer(&job.of))
	j.k_stride, j.v_stride = C.size_t(k.nb[1]/4), C.size_t(v.nb[1]/4)
	j.segments, j.count = g.own.keep(lengths), C.int(len(lengths))
	return g.attended(job, q, k, v)
}

func (g *Graph) suitAttend(op string, q, k, v Tensor, heads int) bool {
	if !g.valid(op, q, k, v) {
		return false
	}
	if !plane(q) || !plane(k) || !plane(v) || heads < 1 || q.ne[0]%int64(heads) != 0 || k.ne != v.ne || k.ne[0] != q.ne[0] ||
		q.ne[0] > math.MaxInt32 || q.ne[1] > math.MaxInt32/2 || k.ne[1] > math.MaxInt32/2 {
		g.fail(op, "%d heads of %v, %v and %v", heads, q, k, v)
		return false
	}
	return true
}

func (g *Graph) attendJob(q Tensor, heads int, keys int64, scale float32) *C.custom_job {
	job := g.job()
	*(*C.attend_job)(unsafe.Pointer(&job.of)) = C.attend_job{
		q_stride: C.size_t(q.nb[1] / 4), scale: C.float(scale), queries: C.int(q.ne[1]), keys: C.int(keys),
		heads: C.int(heads), size: C.int(q.ne[0] / int64(heads)),
	}
	return job
}

// attended makes the node of a job that is complete.
func (g *Graph) attended(job *C.custom_job, q, k, v Tensor) Tensor {
	g.own.each = max(g.own.each, C.kernels_attend_room((*C.attend_job)(unsafe.Pointer(&job.of))))
	return made(C.custom_attend(g.ctx, job, q.p, k.p, v.p), F32, [4]int64{q.ne[0], q.ne[1], 1, 1})
}

// heads views x[width, n] as [size, n, heads] in an order of its own.
func (g *Graph) split(x Tensor, heads int64, place [4]int) Tensor {
	return g.Cont(g.Permute(g.Reshape(g.Cont(x), x.ne[0]/heads, heads, x.ne[1]), place))
}

// attendPlain is Attend of ggml's own operations; the scores of all heads are held at once.
func (g *Graph) attendPlain(q, k, v Tensor, heads int64, scale float32, causal bool) Tensor {
	scores := g.MulMat(g.split(k, heads, [4]int{0, 2, 1, 3}), g.split(q, heads, [4]int{0, 2, 1, 3})) // [m, n, heads]
	if causal {
		scores = g.DiagonalMask(scores, int(k.ne[1]-q.ne[1]))
	}
	out := g.MulMat(g.split(v, heads, [4]int{1, 2, 0, 3}), g.SoftMax(scores, Tensor{}, scale)) // [size, n, heads]
	return g.Reshape(g.Cont(g.Permute(out, [4]int{0, 2, 1, 3})), q.ne[0], q.ne[1])
}

// segmentsPlain is AttendSegments of ggml's own operations: neighbours of one length go together.
func (g *Graph) segmentsPlain(q, k, v Tensor, heads int64, scale float32, lengths []int32) Tensor {
	var all Tensor
	at := int64(0)
	for i := 0; i < len(lengths); {
		n, same := int64(lengths[i]), i
		for i < len(lengths) && int64(lengths[i]) == n {
			i++
		}
		end := at + n*int64(i-same)
		y := g.sameSegments(g.Rows(q, at, end), g.Rows(k, at, end), g.Rows(v, at, end), heads, scale, n)
		if at = end; all.p == nil {
			all = y
		} else {
			all = g.Concat(all, y, 1)
		}
	}
	return all
}

// sameSegments attends inside segments of n positions.
func (g *Graph) sameSegments(q, k, v Tensor, heads int64, scale float32, n int64) Tensor {
	width, many := q.ne[0], q.ne[1]/n
	split := func(t Tensor, place [4]int) Tensor {
		return g.Cont(g.Permute(g.Reshape(g.Cont(t), width/heads, heads, n, many), place))
	}
	scores := g.SoftMax(g.MulMat(split(k, [4]int{0, 2, 1, 3}), split(q, [4]int{0, 2, 1, 3})), Tensor{}, scale)
	out := g.MulMat(split(v, [4]int{1, 2, 0, 3}), scores) // [size, n, heads, many]
	return g.Reshape(g.Cont(g.Permute(out, [4]int{0, 2, 1, 3})), width, n*many)
}

// plane tells whether t is f32 [k, n] with its rows in order.
func plane(t Tensor) bool { return t.t == F32 && t.rows() && t.ne[2] == 1 && t.ne[3] == 1 }

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}
