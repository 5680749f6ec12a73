package ggml

// Convolve2D convolves x[channels, width, height] with a kernel as wide as it is high and gives [out, width', height'],
// each side shorter by what the kernel reaches over: put zeros around x with Pad for a picture of the same size. rows are
// the rows of the kernel from the top, each [taps·channels, out] with the channels of the first tap first; bias [out] may
// be the zero Tensor.
//
// The rows of the picture are taken as one long row, along which every row of the kernel is a convolution in time; what
// then crosses an edge is left out. Nothing but the sum is as large as the picture.
func (g *Graph) Convolve2D(rows []Matrix, x, bias Tensor) Tensor {
	if !g.valid("convolve_2d", x) {
		return Tensor{}
	}
	taps := int64(len(rows))
	channels, width, height := x.ne[0], x.ne[1], x.ne[2]
	ok := taps > 0 && x.t == F32 && x.contiguous() && x.ne[3] == 1 && width >= taps && height >= taps
	for _, r := range rows {
		ok = ok && r.in == taps*channels && r.out == rows[0].out
	}
	if !ok {
		g.fail("convolve_2d", "kernel of %d rows by %v", taps, x)
		return Tensor{}
	}
	w, h, out := width-taps+1, height-taps+1, rows[0].out
	flat := g.Reshape(x, channels, width*height)
	var sum Tensor
	for i, r := range rows {
		line := g.Rows(flat, int64(i)*width, (int64(i)+h)*width)
		sum = g.ConvolveAfter(r, line, Conv{Kernel: int(taps), Stride: 1, Dilation: 1}, After{Bias: bias, Add: sum})
		bias = Tensor{}
	}
	return g.Cont(g.View(sum, [4]int64{out, w, h, 1}, [3]int64{out, out * width, out * width * h}, 0))
}
