package ggml

// scanPlain is Scan of ggml's own operations, for other devices. All chunks' shares are products of their own; the memory
// then takes them one by one.
func (g *Graph) scanPlain(s Scan, z scanSizes, rows, before, memory Tensor) (y, after Tensor) {
	n, inner := z.chunk*z.chunks, z.inner()
	v := g.scanFront(s, z, rows, before) // [channels, n]
	part := func(at, wide int64) Tensor {
		return g.Cont(g.View(v, [4]int64{wide, n, 1, 1}, [3]int64{v.ne[0], v.ne[0] * n, v.ne[0] * n}, at))
	}
	weights, left := g.scanWeights(s, z, rows)
	x := g.Reshape(part(0, inner), z.size, z.heads, z.chunk, z.chunks)
	shares := g.Mul(g.Cont(g.Permute(x, [4]int{1, 2, 0, 3})), g.Reshape(weights, z.chunk, 1, z.heads, z.chunks))
	b := g.Cont(g.Permute(g.Reshape(part(inner, z.states), z.states, z.chunk, z.chunks), [4]int{1, 0, 2, 3}))
	shares = g.MulMat(g.Reshape(b, z.chunk, z.states, 1, z.chunks), shares) // [states, size, heads, chunks]
	c := part(inner+z.states, z.states)
	memory = g.Reshape(memory, z.states, z.size, z.heads)
	for k := range z.chunks {
		add := g.View(shares, [4]int64{z.states, z.size, z.heads, 1}, [3]int64{z.states, z.states * z.size, z.states * inner}, k*z.states*inner)
		memory = g.Add(g.Mul(memory, g.Reshape(g.Rows(left, k, k+1), 1, 1, z.heads)), add)
		read := g.MulMat(g.Reshape(memory, z.states, inner), g.Rows(c, (k+1)*z.chunk-1, (k+1)*z.chunk))
		last := g.View(v, [4]int64{z.size, z.heads, 1, 1}, [3]int64{z.size, inner, inner}, ((k+1)*z.chunk-1)*v.ne[0])
		read = g.Add(read, g.Reshape(g.Mul(last, g.Reshape(s.Direct, 1, z.heads)), inner, 1))
		if k == 0 {
			y = read
		} else {
			y = g.Concat(y, read, 1)
		}
	}
	return y, g.Reshape(memory, z.states, inner)
}

// scanFront is the convolution along time, bias and SiLU.
func (g *Graph) scanFront(s Scan, z scanSizes, rows, before Tensor) Tensor {
	n := z.chunk * z.chunks
	wide := g.Concat(before, g.View(rows, [4]int64{z.channels(), n, 1, 1}, [3]int64{rows.ne[0], rows.ne[0] * n, rows.ne[0] * n}, 0), 1)
	var sum Tensor
	for k := range z.taps {
		tap := g.Mul(g.Rows(wide, k, k+n), g.Rows(s.Kernel, k, k+1))
		if k == 0 {
			sum = g.Add(tap, s.Bias)
		} else {
			sum = g.Add(sum, tap)
		}
	}
	return g.SiLU(sum)
}

// scanWeights returns what is left at a chunk's end of each row's share, [chunk, heads, chunks], and of the memory before
// it, [heads, chunks].
func (g *Graph) scanWeights(s Scan, z scanSizes, rows Tensor) (shares, memory Tensor) {
	n := z.chunk * z.chunks
	steps := g.Cont(g.View(rows, [4]int64{z.heads, n, 1, 1}, [3]int64{rows.ne[0], rows.ne[0] * n, rows.ne[0] * n}, z.channels()))
	steps = g.Softplus(g.Add(steps, s.Step))
	fall := g.Reshape(g.Mul(steps, s.Rate), z.heads, z.chunk, z.chunks)
	row := func(k int64) Tensor { // [heads, 1, chunks]
		return g.View(fall, [4]int64{z.heads, 1, z.chunks, 1}, [3]int64{z.heads, z.heads * z.chunk, z.heads * z.chunk * z.chunks}, k*z.heads)
	}
	sum := g.Scale(g.Cont(row(z.chunk-1)), 0)
	behind := sum
	for k := z.chunk - 1; k >= 0; k-- {
		sum = g.Add(sum, row(k))
		if k > 0 {
			behind = g.Concat(sum, behind, 1)
		}
	}
	shares = g.Mul(g.Exp(behind), g.Reshape(steps, z.heads, z.chunk, z.chunks))
	return g.Cont(g.Permute(shares, [4]int{1, 0, 2, 3})), g.Reshape(g.Exp(sum), z.heads, z.chunks)
}
