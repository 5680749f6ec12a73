package ggml

// #include "custom.h"
import "C"

import "math"

// A Conv says how a convolution along time walks: Left and Right zeros are put before and behind.
type Conv struct{ Kernel, Stride, Dilation, Left, Right int }

// Len returns how many outputs n inputs give, 0 where they are too few.
func (c Conv) Len(n int) int {
	if n = n + c.Left + c.Right - c.Dilation*(c.Kernel-1) - 1; n < 0 || c.Stride < 1 {
		return 0
	}
	return n/c.Stride + 1
}

// Most taps, places between them and zeros of a convolution.
const maxReach = 1 << 16

func (c Conv) valid() bool {
	for _, n := range []int{c.Kernel, c.Stride, c.Dilation} {
		if n < 1 || n > maxReach {
			return false
		}
	}
	return c.Left >= 0 && c.Right >= 0 && c.Left <= maxReach && c.Right <= maxReach && c.Dilation*(c.Kernel-1) <= maxReach
}

// Convolve convolves x[channels, time] along time and gives [out, time']. w is [Kernel·channels, out] with the channels of
// the first tap first; bias [out] may be the zero Tensor.
func (g *Graph) Convolve(w Matrix, x, bias Tensor, c Conv) Tensor {
	return g.ConvolveAfter(w, x, c, After{Bias: bias})
}

// ConvolveAfter is Convolve with what becomes of its result [out, time'].
func (g *Graph) ConvolveAfter(w Matrix, x Tensor, c Conv, a After) Tensor {
	if !g.valid("convolve", x) {
		return Tensor{}
	}
	if !plane(x) || !c.valid() || x.ne[1] > math.MaxInt32/2-2*maxReach || c.Len(int(x.ne[1])) < 1 || w.in != x.ne[0]*int64(c.Kernel) {
		g.fail("convolve", "%+v of [%d %d] and %v", c, w.in, w.out, x)
		return Tensor{}
	}
	if w.data == nil {
		return g.after("convolve", g.convolvePlain(w, x, c), a)
	}
	if !w.suits(int64(c.Kernel)) {
		g.fail("convolve", "%+v of a matrix packed for %d taps", c, w.taps)
		return Tensor{}
	}
	return g.packed("convolve", w, x, a, C.linear_job{
		rows: C.int(c.Len(int(x.ne[1]))), inputs: C.int(x.ne[0]), taps: C.int(c.Kernel), step: C.int(c.Stride),
		gap: C.int(c.Dilation), left: C.int(c.Left), length: C.int(x.ne[1]),
	})
}

// convolvePlain lays the taps side by side and multiplies, all with ggml's own operations.
func (g *Graph) convolvePlain(w Matrix, x Tensor, c Conv) Tensor {
	channels, n := x.ne[0], int64(c.Len(int(x.ne[1])))
	x = g.Cont(x)
	if c.Left+c.Right > 0 {
		x = g.Pad(x, [4]int32{0, int32(c.Left)}, [4]int32{0, int32(c.Right)})
	}
	if c.Stride == 1 && c.Kernel == 1 {
		return g.linearPlain(w, x)
	}
	step := int64(c.Stride) * channels
	rows := Tensor{}
	for k := range int64(c.Kernel) {
		tap := g.Cont(g.View(x, [4]int64{channels, n, 1, 1}, [3]int64{step, step * n, step * n}, k*int64(c.Dilation)*channels))
		if k == 0 {
			rows = tap
		} else {
			rows = g.Concat(rows, tap, 0)
		}
	}
	return g.linearPlain(w, rows)
}
