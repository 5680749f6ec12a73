package cosyvoice

import (
	"math"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// A relative is attention whose scores also tell how far a key is from its query (Dai et al., "Transformer-XL", 2019, in
// the form of ESPnet: every distance of either sign has its own position vector).
type relative struct {
	query, key, value, out ggml.Affine
	position               ggml.Matrix // of position vectors, without bias
	byKey, byPosition      ggml.Tensor // [head, heads]: what is added to queries for either score
}

func planRelative(p *checkpoint.Plan, a *relative, c EncoderConfig) {
	w, heads := int64(c.Width), int64(c.Heads)
	p.Linear(&a.query, "linear_q", w, w)
	p.Linear(&a.key, "linear_k", w, w)
	p.Linear(&a.value, "linear_v", w, w)
	p.Linear(&a.out, "linear_out", w, w)
	p.Matrix(&a.position, "linear_pos.weight", w, w)
	p.Tensor(&a.byKey, "pos_bias_u", heads, w/heads)
	p.Tensor(&a.byPosition, "pos_bias_v", heads, w/heads)
}

// apply returns attention(x) + add for x[width, n].
func (a relative) apply(g *ggml.Graph, x, add ggml.Tensor, s sight, past *past) ggml.Tensor {
	q := g.Apply(a.query, x)
	k, v := past.keep(g, g.Apply(a.key, x)), past.keep(g, g.Apply(a.value, x))
	heads := attended{size: a.byKey.Dim(0), heads: a.byKey.Dim(1), width: q.Dim(0), k: k}
	byHead := g.Reshape(q, heads.size, heads.heads, q.Dim(1))
	heads.byKey, heads.byPosition = g.Add(byHead, a.byKey), g.Add(byHead, a.byPosition)
	heads.v = g.Cont(g.Permute(g.Reshape(g.Cont(v), heads.size, heads.heads, v.Dim(1)), [4]int{1, 2, 0, 3}))
	heads.positions = g.Linear(a.position, s.positions, ggml.Tensor{}, ggml.Tensor{}, false)
	y := s.each(g, func(from, to, keys int64) ggml.Tensor { return heads.block(g, s, from, to, keys) })
	return g.Linear(a.out.W, y, a.out.Bias, add, false)
}

// attended holds what the blocks of one attention share.
type attended struct {
	size, heads, width int64
	byKey, byPosition  ggml.Tensor // queries [size, heads, n]
	k                  ggml.Tensor // [width, past + n]
	v                  ggml.Tensor // [past + n, size, heads]
	positions          ggml.Tensor // [width, distances], the greatest first
}

// block attends from queries from to to-1 to the first keys.
//
// Positions run from the distance of the last query to the first key downwards, so the scores by position of a query are
// those of the one after it moved by one: taken with a step one shorter than a row, keys stand under keys.
func (a attended) block(g *ggml.Graph, s sight, from, to, keys int64) ggml.Tensor {
	m := to - from
	queries := func(q ggml.Tensor) ggml.Tensor {
		return g.View(q, [4]int64{a.size, m, a.heads, 1}, [3]int64{a.width, a.size, a.width * m}, from*a.width)
	}
	rows := func(t ggml.Tensor, first, n int64) ggml.Tensor {
		return g.View(t, [4]int64{a.size, n, a.heads, 1}, [3]int64{a.width, a.size, a.width * n}, first*a.width)
	}
	distances := keys + m - 1
	byPosition := g.MulMat(rows(a.positions, s.n-to, distances), queries(a.byPosition))
	byPosition = g.View(byPosition, [4]int64{keys, m, a.heads, 1}, [3]int64{distances - 1, distances * m, distances * m * a.heads}, m-1)
	byKey := g.MulMat(rows(a.k, 0, keys), queries(a.byKey))
	weights := g.SoftMax(g.Add(byKey, byPosition), ggml.Tensor{}, float32(1/math.Sqrt(float64(a.size))))
	all := a.v.Dim(0)
	values := g.View(a.v, [4]int64{keys, a.size, a.heads, 1}, [3]int64{all, all * a.size, all * a.width}, 0)
	y := g.MulMat(values, weights) // [size, m, heads]
	return g.Reshape(g.Cont(g.Permute(y, [4]int{0, 2, 1, 3})), a.width, m)
}

// positions returns the vectors [distances][width] of the distances of n queries, the past of them before, to all keys.
func positions(width, past, n int) []float32 {
	out := make([]float32, 0, (past+2*n-1)*width)
	step := make([]float32, width/2)
	for i := range step {
		step[i] = float32(math.Exp(float64(2*i) * -(math.Log(10000) / float64(width))))
	}
	for d := past + n - 1; d > -n; d-- {
		for _, s := range step {
			sin, cos := math.Sincos(float64(float32(d) * s))
			out = append(out, float32(sin), float32(cos))
		}
	}
	return out
}
