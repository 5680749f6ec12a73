package speechtokenizer

import (
	"context"
	"fmt"
	"math"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

const projectDown = "quantizer._codebook.project_down"

// An encoder is everything between the spectrogram and the numbers that are rounded.
type encoder struct {
	conv1, conv2 ggml.Affine
	blocks       []block
	down         ggml.Tensor // project_down, always f32
	downBias     ggml.Tensor
}

type block struct {
	norm1, norm2        norm
	query, key          ggml.Affine // the key has no bias
	value, out          ggml.Affine
	memory              ggml.Tensor // [hidden, places]
	widening, narrowing ggml.Affine // of the MLP
}

type norm struct{ weight, bias ggml.Tensor }

func (n norm) apply(g *ggml.Graph, x ggml.Tensor, eps float32) ggml.Tensor {
	return g.Add(g.Mul(g.Norm(x, eps), n.weight), n.bias)
}

func (n *norm) declare(p *checkpoint.Plan, name string, size int64) {
	p.Tensor(&n.weight, name+".weight", size)
	p.Tensor(&n.bias, name+".bias", size)
}

func (e *encoder) declare(p *checkpoint.Plan, s sizes) {
	hidden, mlp := int64(s.hidden), int64(s.mlp)
	p.Conv(&e.conv1.W, "encoder.conv1.weight", hidden, int64(s.mels), 3)
	p.Tensor(&e.conv1.Bias, "encoder.conv1.bias", hidden)
	p.Conv(&e.conv2.W, "encoder.conv2.weight", hidden, hidden, 3)
	p.Tensor(&e.conv2.Bias, "encoder.conv2.bias", hidden)
	e.blocks = make([]block, s.layers)
	for i := range e.blocks {
		b, p := &e.blocks[i], p.At(blockName(i))
		b.norm1.declare(p, "attn_ln", hidden)
		b.norm2.declare(p, "mlp_ln", hidden)
		p.Linear(&b.query, "attn.query", hidden, hidden)
		p.Matrix(&b.key.W, "attn.key.weight", hidden, hidden)
		p.Linear(&b.value, "attn.value", hidden, hidden)
		p.Linear(&b.out, "attn.out", hidden, hidden)
		declareMemory(p, &b.memory, s)
		p.Linear(&b.widening, "mlp.0", mlp, hidden)
		p.Linear(&b.narrowing, "mlp.2", hidden, mlp)
	}
	p.Tensor(&e.down, projectDown+".weight", int64(s.digits), hidden)
	p.Tensor(&e.downBias, projectDown+".bias", int64(s.digits))
}

// declareMemory wants the weights (hidden, 1, places) with the channels of a place side by side.
func declareMemory(p *checkpoint.Plan, dst *ggml.Tensor, s sizes) {
	from := []checkpoint.Need{{Name: "attn.fsmn_block.weight", Shape: []int64{int64(s.hidden), 1, int64(s.memory)}}}
	p.MadeTensor(dst, []int64{int64(s.memory), int64(s.hidden)}, from, func(parts [][]float32) []float32 {
		turned := make([]float32, len(parts[0]))
		for i, v := range parts[0] {
			turned[i%s.memory*s.hidden+i/s.memory] = v
		}
		return turned
	})
}

// encode returns the numbers of one piece that are rounded, digits of them for each unit.
func (t *Tokenizer) encode(ctx context.Context, samples []float32) ([]float32, error) {
	frames, err := t.mel.Compute(samples)
	if err != nil {
		return nil, err
	}
	g, e := t.graph, &t.encoder
	g.Reset()
	in := g.Input(ggml.F32, int64(t.mels), int64(len(frames)/t.mels))
	halve := ggml.Conv{Kernel: 3, Stride: 2, Dilation: 1, Left: 1, Right: 1}
	x := g.ConvolveAfter(e.conv1.W, g.Stage("mel", in), halve, ggml.After{Bias: e.conv1.Bias, Act: ggml.ActGELU})
	x = g.Stage("conv_out", g.ConvolveAfter(e.conv2.W, x, halve, ggml.After{Bias: e.conv2.Bias, Act: ggml.ActGELU}))
	if err := g.Err(); err != nil {
		return nil, err
	}
	n := x.Dim(1)
	if n > int64(t.places()) {
		return nil, fmt.Errorf("%d units in one piece, at most %d", n, t.places())
	}
	angles := rotation{g.Input(ggml.F32, int64(t.head), n), g.Input(ggml.F32, int64(t.head), n)}
	for i := range e.blocks {
		x = g.Stage(fmt.Sprintf("block%d", i), e.blocks[i].forward(g, x, angles, t.sizes))
	}
	out := g.Output(g.Linear(ggml.PlainMatrix(e.down), x, e.downBias, ggml.Tensor{}, false))
	err = g.Compute(ctx, func() {
		ggml.Put(g, in, frames)
		ggml.Put(g, angles.cos, t.cos[:n*int64(t.head)])
		ggml.Put(g, angles.sin, t.sin[:n*int64(t.head)])
	})
	if err != nil {
		return nil, err
	}
	h := make([]float32, out.Elements())
	if err := ggml.Take(g, out, 0, h); err != nil {
		return nil, err
	}
	for i, v := range h {
		if h[i] = squash(v); v != v {
			return nil, fmt.Errorf("number %d is %v: the weights are damaged", i, v)
		}
	}
	return h, nil
}

// forward is a transformer block whose attention goes along with a memory: what the values of the neighbours leave, added
// after the projection of what was attended to.
func (b *block) forward(g *ggml.Graph, x ggml.Tensor, angles rotation, s sizes) ggml.Tensor {
	n := b.norm1.apply(g, x, s.attnEps)
	v := g.Apply(b.value, n)
	q, k := angles.turn(g, g.Apply(b.query, n), s.heads), angles.turn(g, g.Apply(b.key, n), s.heads)
	seen := g.Attend(q, k, v, s.heads, float32(1/math.Sqrt(float64(s.head))), false)
	memory := g.Add(g.Depthwise(b.memory, v, (s.memory-1)/2), v)
	x = g.Add(x, g.Linear(b.out.W, seen, b.out.Bias, memory, false))
	n = b.norm2.apply(g, x, s.mlpEps)
	return g.Linear(b.narrowing.W, g.Linear(b.widening.W, n, b.widening.Bias, ggml.Tensor{}, true), b.narrowing.Bias, x, false)
}
