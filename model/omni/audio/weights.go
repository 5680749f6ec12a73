package audio

import (
	"fmt"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// A norm is a layer norm's scale and shift.
type norm struct{ scale, shift ggml.Tensor }

// A layer is one block of the encoder.
type layer struct {
	attend, think norm
	q, v, out     ggml.Affine
	k             ggml.Matrix // the key has no bias
	up, down      ggml.Affine
}

// weights are the tensors of the encoder and the projector.
type weights struct {
	front, half ggml.Affine // convolutions over three frames, the second in steps of two
	positions   ggml.Tensor
	layers      []layer
	norm        norm
	in, to      ggml.Affine // projector
}

// declare names every tensor; p stands before audio_model and audio_projector.
func (w *weights) declare(p *checkpoint.Plan, c Config) {
	s, project := c.Audio, p.At("audio_projector.")
	width, p := int64(s.Width), p.At("audio_model.")
	p.Conv(&w.front.W, "conv1.weight", width, int64(s.Bands), 3)
	p.Tensor(&w.front.Bias, "conv1.bias", width)
	p.Conv(&w.half.W, "conv2.weight", width, width, 3)
	p.Tensor(&w.half.Bias, "conv2.bias", width)
	p.Tensor(&w.positions, "embed_positions.weight", int64(s.Positions), width)
	w.layers = make([]layer, s.Layers)
	for i := range w.layers {
		w.layers[i].declare(p.At(fmt.Sprintf("layers.%d.", i)), width, int64(s.Inner))
	}
	w.norm.declare(p, "layer_norm", width)
	inner := width // config.json has no key for it
	if t, ok := project.Find("fc1.bias"); ok && len(t.Shape) == 1 {
		inner = t.Shape[0]
	}
	project.Linear(&w.in, "fc1", inner, width)
	project.Linear(&w.to, "fc2", int64(c.Text.Width), inner)
}

func (l *layer) declare(p *checkpoint.Plan, width, inner int64) {
	l.attend.declare(p, "self_attn_layer_norm", width)
	p.Linear(&l.q, "self_attn.q_proj", width, width)
	p.Matrix(&l.k, "self_attn.k_proj.weight", width, width)
	p.Linear(&l.v, "self_attn.v_proj", width, width)
	p.Linear(&l.out, "self_attn.out_proj", width, width)
	l.think.declare(p, "final_layer_norm", width)
	p.Linear(&l.up, "fc1", inner, width)
	p.Linear(&l.down, "fc2", width, inner)
}

func (n *norm) declare(p *checkpoint.Plan, name string, width int64) {
	p.Tensor(&n.scale, name+".weight", width)
	p.Tensor(&n.shift, name+".bias", width)
}

// epsilon is that of all layer norms here.
const epsilon = 1e-5

func (n norm) of(g *ggml.Graph, x ggml.Tensor) ggml.Tensor {
	return g.Add(g.Mul(g.Norm(x, epsilon), n.scale), n.shift)
}
