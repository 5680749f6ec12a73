package ggml

// Depthwise convolves each channel of x[channels, n] along time with its own weights, w[channels, taps], and gives as many
// places: left zeros stand before the first one, the rest of taps-1 behind the last.
func (g *Graph) Depthwise(w, x Tensor, left int) Tensor {
	if !g.valid("depthwise", w, x) {
		return Tensor{}
	}
	taps, n := w.ne[1], x.ne[1]
	if !plane(w) || !plane(x) || !w.contiguous() || w.ne[0] != x.ne[0] || left < 0 || int64(left) >= taps {
		g.fail("depthwise", "%v of %v, %d zeros before it", w, x, left)
		return Tensor{}
	}
	wide := g.Pad(g.Cont(x), [4]int32{0, int32(left)}, [4]int32{0, int32(taps) - 1 - int32(left)})
	var sum Tensor
	for k := range taps {
		part := g.Mul(g.Rows(wide, k, k+n), g.Rows(w, k, k+1))
		if k == 0 {
			sum = part
		} else {
			sum = g.Add(sum, part)
		}
	}
	return sum
}
