package imagedecoder

import (
	"context"
	"math"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// maxScores is how many pairs of positions are looked at in one graph.
const maxScores = 16 << 20

// An attention lets every position of the smallest picture look at all others, with one head.
type attention struct {
	norm          norm
	q, k, v, back ggml.Affine
}

func (a *attention) declare(p *checkpoint.Plan, c VAE, width int64) {
	a.norm.declare(p, "group_norm", c, width)
	p.Linear(&a.q, "to_q", width, width)
	p.Linear(&a.k, "to_k", width, width)
	p.Linear(&a.v, "to_v", width, width)
	p.Linear(&a.back, "to_out.0", width, width)
}

// run returns x, which it drops, plus what was seen, some positions at a time: memory does not grow with the square of the picture.
func (a *attention) run(ctx context.Context, g *easel, x plane) (plane, error) {
	y, err := g.normalised(x, &a.norm)
	if err != nil {
		return x, err
	}
	k, err := apply(ctx, g, a.k, y)
	if err != nil {
		return x, err
	}
	v, err := apply(ctx, g, a.v, y)
	if err != nil {
		return x, err
	}
	c, n := int64(x.channels), int64(x.width*x.height)
	out, err := g.plane(x.width, x.height, x.channels)
	if err != nil {
		return x, err
	}
	step := max(1, maxScores/n)
	for from := int64(0); from < n; from += step {
		to := min(from+step, n)
		g.Reset()
		in, old := g.Input(ggml.F32, c, to-from), g.Input(ggml.F32, c, to-from)
		keys, values := g.Input(ggml.F32, c, n), g.Input(ggml.F32, c, n)
		seen := g.Attend(g.Apply(a.q, in), keys, values, 1, float32(1/math.Sqrt(float64(c))), false)
		sum := g.Output(g.Add(g.Apply(a.back, seen), old))
		err := g.Compute(ctx, func() {
			ggml.Put(g.Graph, in, y.v[from*c:to*c])
			ggml.Put(g.Graph, old, x.v[from*c:to*c])
			ggml.Put(g.Graph, keys, k.v)
			ggml.Put(g.Graph, values, v.v)
		})
		if err != nil {
			return x, err
		}
		if err := ggml.Take(g.Graph, sum, 0, out.v[from*c:to*c]); err != nil {
			return x, err
		}
	}
	for _, p := range []plane{x, y, k, v} {
		g.drop(p)
	}
	return out, nil
}

// normalised is x after n.
func (g *easel) normalised(x plane, n *norm) (plane, error) {
	scale, shift := n.fit(x, g.threads)
	y, err := g.plane(x.width, x.height, x.channels)
	if err != nil {
		return x, err
	}
	for at := 0; at < len(x.v); at += x.channels {
		for c, v := range x.v[at : at+x.channels] {
			y.v[at+c] = v*scale[c] + shift[c]
		}
	}
	return y, nil
}
