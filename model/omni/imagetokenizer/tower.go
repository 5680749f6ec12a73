package imagetokenizer

import (
	"context"
	"fmt"

	"omnilive/model"
	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// A tower is SigLIP's vision encoder up to the layer that is read, and what narrows its output to the codebook.
type tower struct {
	shift, scale []float32 // of the colours: (x - shift)/scale
	patches      ggml.Affine
	positions    ggml.Tensor // [hidden, tokens]
	layers       []layer
	task         ggml.Affine
	narrow       ggml.Tensor // in_linear, always f32
	narrowBias   ggml.Tensor
}

type layer struct {
	norm1, norm2     norm
	q, k, v, out     ggml.Affine
	widen, narrowing ggml.Affine // of the MLP
}

type norm struct{ weight, bias ggml.Tensor }

func (n norm) apply(g *ggml.Graph, x ggml.Tensor, eps float32) ggml.Tensor {
	return g.Add(g.Mul(g.Norm(x, eps), n.weight), n.bias)
}

func (w *tower) declare(p *checkpoint.Plan, s sizes) {
	hidden, mlp, patch, tokens, dim := int64(s.hidden), int64(s.mlp), int64(s.patch), int64(s.grid*s.grid), int64(s.dim)
	p.Floats(&w.shift, "scale_layer.shift", 1, colours, 1, 1)
	p.Floats(&w.scale, "scale_layer.scale", 1, colours, 1, 1)
	p.Matrix(&w.patches.W, "encoder.embeddings.patch_embedding.weight", hidden, colours, patch, patch)
	p.Tensor(&w.patches.Bias, "encoder.embeddings.patch_embedding.bias", hidden)
	p.Tensor(&w.positions, "encoder.embeddings.position_embedding.weight", tokens, hidden)
	w.layers = make([]layer, s.run)
	for i := range w.layers {
		l, p := &w.layers[i], p.At(layerName(i))
		p.Tensor(&l.norm1.weight, "layer_norm1.weight", hidden)
		p.Tensor(&l.norm1.bias, "layer_norm1.bias", hidden)
		p.Tensor(&l.norm2.weight, "layer_norm2.weight", hidden)
		p.Tensor(&l.norm2.bias, "layer_norm2.bias", hidden)
		p.Linear(&l.q, "self_attn.q_proj", hidden, hidden)
		p.Linear(&l.k, "self_attn.k_proj", hidden, hidden)
		p.Linear(&l.v, "self_attn.v_proj", hidden, hidden)
		p.Linear(&l.out, "self_attn.out_proj", hidden, hidden)
		p.Linear(&l.widen, "mlp.fc1", mlp, hidden)
		p.Linear(&l.narrowing, "mlp.fc2", hidden, mlp)
	}
	p.Linear(&w.task, "encode_task_layer.0", hidden, hidden)
	p.Tensor(&w.narrow, "bottleneck.in_linear.weight", dim, hidden)
	p.Tensor(&w.narrowBias, "bottleneck.in_linear.bias", dim)
}

// features returns what is looked up in the codebook: a row of length 1 for each token of a picture of the right size.
func (t *Tokenizer) features(ctx context.Context, square model.Picture, pool int) ([]float32, error) {
	patches, err := t.cut(square)
	if err != nil {
		return nil, err
	}
	g, w := t.graph, &t.tower
	g.Reset()
	in := g.Input(ggml.F32, int64(colours*t.patch*t.patch), int64(t.grid*t.grid))
	x := g.Stage("embeddings", g.Linear(w.patches.W, in, w.patches.Bias, w.positions, false))
	for i := range w.layers {
		x = g.Stage(fmt.Sprintf("layer%d", i), w.layers[i].forward(g, x, t.sizes))
	}
	x = g.Stage("vq_feats", g.Tanh(g.Apply(w.task, average(g, x, int64(t.grid), int64(pool)))))
	x = g.Stage("projected_z", g.Linear(ggml.PlainMatrix(w.narrow), x, w.narrowBias, ggml.Tensor{}, false))
	z := g.Output(g.Stage("z_unit", g.Unit(x, 1e-12)))
	if err := g.Compute(ctx, func() { ggml.Put(g, in, patches) }); err != nil {
		return nil, err
	}
	values := make([]float32, z.Elements())
	return values, ggml.Take(g, z, 0, values)
}

// forward is a transformer layer that normalises first.
func (l *layer) forward(g *ggml.Graph, x ggml.Tensor, s sizes) ggml.Tensor {
	n := l.norm1.apply(g, x, s.eps)
	seen := g.Attend(g.Apply(l.q, n), g.Apply(l.k, n), g.Apply(l.v, n), s.heads, s.attention(), false)
	x = g.Linear(l.out.W, seen, l.out.Bias, x, false)
	n = l.norm2.apply(g, x, s.eps)
	wide := g.Product(l.widen.W, n, ggml.After{Bias: l.widen.Bias, Act: ggml.ActGELUTanh})
	return g.Linear(l.narrowing.W, wide, l.narrowing.Bias, x, false)
}

// average brings x[width, side·side] to the means of its pool·pool squares; tokens that fill no square are left out.
func average(g *ggml.Graph, x ggml.Tensor, side, pool int64) ggml.Tensor {
	if pool == 1 {
		return x
	}
	width, n := x.Dim(0), side/pool
	var sum ggml.Tensor
	for i := range pool * pool {
		at := (i/pool*side + i%pool) * width
		part := g.Cont(g.View(x, [4]int64{width, n, n, 1}, [3]int64{pool * width, pool * side * width, pool * side * width * n}, at))
		if i == 0 {
			sum = part
		} else {
			sum = g.Add(sum, part)
		}
	}
	return g.Reshape(g.Scale(sum, 1/float32(pool*pool)), width, n*n)
}
