package compressor

import "omnilive/model/ggml"

// A pass is one graph's ends.
type pass struct {
	rows, before, memory ggml.Tensor // in
	out, tail, kept      ggml.Tensor
}

// build lays out n seconds.
func (c *Compressor) build(g *ggml.Graph, n int64) (p pass) {
	s, w := c.shape, &c.w
	width, chunk := int64(s.Width), int64(s.Chunk)
	p.rows = g.Input(ggml.F32, int64(s.In), chunk*n)
	p.before = g.Input(ggml.F32, int64(s.channels()), int64(s.Taps-1))
	p.memory = g.Input(ggml.F32, int64(s.States), int64(s.Inner))

	x := g.Apply(w.in, p.rows)
	x = g.Add(g.Mul(g.Norm(x, layerNormEpsilon), w.scale), w.shift)
	x = g.Reshape(g.Mul(g.RMSNorm(x, epsilon), w.norm), width, chunk, n)
	query := c.pool(g, x, n)
	x = g.Reshape(g.Concat(x, g.Reshape(query, width, 1, n), 1), width, (chunk+1)*n)
	x = g.Linear(w.rows, x, ggml.Tensor{}, ggml.Tensor{}, false)
	y, kept := g.Scan(w.scan, x, p.before, p.memory)
	p.kept = g.Output(g.Cont(kept))
	p.tail = g.Output(c.tail(g, x))

	y = g.Mul(g.RMSNorm(g.Cont(y), epsilon), w.scanNorm)
	y = g.Mul(y, g.SiLU(g.Linear(w.gate, query, ggml.Tensor{}, ggml.Tensor{}, false)))
	y = g.Add(g.Linear(w.scanOut, y, ggml.Tensor{}, ggml.Tensor{}, false), w.query)
	y = g.Mul(g.RMSNorm(y, epsilon), w.last)
	p.out = g.Output(g.Apply(w.out, y))
	return p
}

// pool returns the query of every second behind its look at x [Width, Chunk, n]: [Width, n].
func (c *Compressor) pool(g *ggml.Graph, x ggml.Tensor, n int64) ggml.Tensor {
	width, chunk := int64(c.shape.Width), int64(c.shape.Chunk)
	parts := g.Mul(x, c.w.share)
	var sum ggml.Tensor
	for i := range chunk {
		part := g.View(parts, [4]int64{width, n, 1, 1}, [3]int64{width * chunk, width * chunk * n, width * chunk * n}, i*width)
		if i == 0 {
			sum = g.Add(g.Cont(part), c.w.base)
		} else {
			sum = g.Add(sum, part)
		}
	}
	return sum
}

// tail returns the last rows of x that the convolution looks back at.
func (c *Compressor) tail(g *ggml.Graph, x ggml.Tensor) ggml.Tensor {
	rows, step := int64(c.shape.Taps-1), x.Dim(0)
	from := (x.Dim(1) - rows) * step
	return g.Cont(g.View(x, [4]int64{int64(c.shape.channels()), rows, 1, 1}, [3]int64{step, step * rows, step * rows}, from))
}
