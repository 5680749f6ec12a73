package ggml

// A Conv says how a convolution along time walks: Left and Right zeros are put before and behind.
type Conv struct{ Kernel, Stride, Dilation, Left, Right int }

// Len returns how many outputs n inputs give, 0 where they are too few.
func (c Conv) Len(n int) int {
	if n = n + c.Left + c.Right - c.Dilation*(c.Kernel-1) - 1; n < 0 || c.Stride < 1 {
		return 0
	}
	return n/c.Stride + 1
}

// Convolve convolves x[channels, time] along time and gives [out, time']. w is [Kernel·channels, out] with the channels of
// the first tap first; bias [out] may be the zero Tensor.
func (g *Graph) Convolve(w Matrix, x, bias Tensor, c Conv) Tensor {
	if !g.valid("convolve", x) {
		return Tensor{}
	}
	n, channels := int64(c.Len(int(x.ne[1]))), x.ne[0]
	if !plane(x) || c.Kernel < 1 || c.Stride < 1 || c.Dilation < 1 || c.Left < 0 || c.Right < 0 || n < 1 || w.in != channels*int64(c.Kernel) {
		g.fail("convolve", "%+v of [%d %d] and %v", c, w.in, w.out, x)
		return Tensor{}
	}
	if c.Left+c.Right > 0 {
		x = g.Pad(g.Cont(x), [4]int32{0, int32(c.Left)}, [4]int32{0, int32(c.Right)})
	} else {
		x = g.Cont(x)
	}
	if c.Stride == 1 && c.Kernel == 1 {
		return g.Linear(w, x, bias, Tensor{}, false)
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
	return g.Linear(w, rows, bias, Tensor{}, false)
}
