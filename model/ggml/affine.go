package ggml

// An Affine is a linear layer: w·x + b. The zero Bias leaves b out.
type Affine struct {
	W    Matrix
	Bias Tensor
}

// Apply returns w·x + b for x[in, n] as [out, n].
func (g *Graph) Apply(l Affine, x Tensor) Tensor { return g.Linear(l.W, x, l.Bias, Tensor{}, false) }
