package imagedecoder

import (
	"math"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// A block computes attention and an MLP of the same input side by side and adds their common projection. Its two
// matrices are kept as five, so that no value has to be moved between them.
type block struct {
	c          Network
	qk, v, mlp ggml.Affine // of linear1
	fromHeads  ggml.Affine // of linear2, with its bias
	fromMLP    ggml.Matrix
	scale      ggml.Tensor // of every query head, then of every key head
	modulation ggml.Affine
}

func (b *block) declare(p *checkpoint.Plan, c Network) {
	b.c = c
	h, inner := c.Hidden, c.inner()
	rows := func(dst *ggml.Affine, from, to int64) {
		p.Made(&dst.W, to-from, h, []checkpoint.Need{{Name: "linear1.weight", Shape: []int64{3*h + inner, h}}}, cut(from*h, to*h))
		p.MadeTensor(&dst.Bias, []int64{to - from}, []checkpoint.Need{{Name: "linear1.bias", Shape: []int64{3*h + inner}}}, cut(from, to))
	}
	rows(&b.qk, 0, 2*h)
	rows(&b.v, 2*h, 3*h)
	rows(&b.mlp, 3*h, 3*h+inner)
	second := []checkpoint.Need{{Name: "linear2.weight", Shape: []int64{h, h + inner}}}
	p.Made(&b.fromHeads.W, h, h, second, columns(h+inner, 0, h))
	p.Made(&b.fromMLP, h, inner, second, columns(h+inner, h, h+inner))
	p.Tensor(&b.fromHeads.Bias, "linear2.bias", h)
	norms := []checkpoint.Need{{Name: "norm.query_norm.scale", Shape: []int64{c.head()}}, {Name: "norm.key_norm.scale", Shape: []int64{c.head()}}}
	p.MadeTensor(&b.scale, []int64{2 * c.Heads, c.head()}, norms, func(parts [][]float32) []float32 {
		all := make([]float32, 0, 2*h)
		for _, scale := range parts {
			for range c.Heads {
				all = append(all, scale...)
			}
		}
		return all
	})
	modulate(p, &b.modulation, "modulation.lin", h, 3)
}

// cut takes elements from to to-1 of a tensor.
func cut(from, to int64) func([][]float32) []float32 {
	return func(parts [][]float32) []float32 { return parts[0][from:to] }
}

// columns takes columns from to to-1 of rows of so many.
func columns(width, from, to int64) func([][]float32) []float32 {
	return func(parts [][]float32) []float32 {
		var all []float32
		for row := parts[0]; int64(len(row)) >= width; row = row[width:] {
			all = append(all, row[from:to]...)
		}
		return all
	}
}

// run returns x [hidden, n] after the block; vec is SiLU of the modulation vector.
func (b *block) run(g *ggml.Graph, x, vec ggml.Tensor, t turns) ggml.Tensor {
	h, n, head := b.c.Hidden, x.Dim(1), b.c.head()
	m := g.Apply(b.modulation, vec)
	y := modulated(g, x, m)
	qk := g.Reshape(g.Apply(b.qk, y), head, 2*b.c.Heads, n)
	qk = g.Reshape(g.Mul(g.RMSNorm(qk, normEps), b.scale), 2*h, n)
	qk = g.Rotate(qk, t.cos, t.sin, int(2*b.c.Heads), false)
	q := g.View(qk, [4]int64{h, n, 1, 1}, [3]int64{2 * h, 2 * h * n, 2 * h * n}, 0)
	k := g.View(qk, [4]int64{h, n, 1, 1}, [3]int64{2 * h, 2 * h * n, 2 * h * n}, h)
	seen := g.Attend(q, k, g.Apply(b.v, y), int(b.c.Heads), float32(1/math.Sqrt(float64(head))), false)
	out := g.Product(b.fromHeads.W, seen, ggml.After{Bias: b.fromHeads.Bias, Add: b.dense(g, y)})
	return g.Add(x, g.Mul(out, part(g, m, h, 2)))
}

// Positions go through the MLP in at most maxPieces pieces, of pieceSize positions where they are few enough: its values
// take four times the memory of all others.
const (
	pieceSize = 2048
	maxPieces = 8
)

// dense is the MLP's part of the projection.
func (b *block) dense(g *ggml.Graph, y ggml.Tensor) ggml.Tensor {
	n := y.Dim(1)
	step := max(pieceSize, (n+maxPieces-1)/maxPieces)
	var all ggml.Tensor
	for from := int64(0); from < n; from += step {
		piece := g.Rows(y, from, min(from+step, n))
		piece = g.Product(b.mlp.W, piece, ggml.After{Bias: b.mlp.Bias, Act: ggml.ActGELUTanh})
		piece = g.Product(b.fromMLP, piece, ggml.After{})
		if from == 0 {
			all = piece
		} else {
			all = g.Concat(all, piece, 1)
		}
	}
	return all
}
