package ecapa

import (
	"fmt"
	"math"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

const normEps = 1e-5

// A norm is a batch normalisation with fixed statistics: x·scale + shift.
type norm struct{ scale, shift ggml.Tensor }

func normNeeds(p *checkpoint.Plan, name string, n int64) []checkpoint.Need {
	if _, ok := p.Find(name + ".num_batches_tracked"); ok {
		p.Unused(name + ".num_batches_tracked") // counts training steps; without dimensions
	}
	var needs []checkpoint.Need
	for _, part := range []string{"weight", "running_var", "bias", "running_mean"} {
		needs = append(needs, checkpoint.Need{Name: name + "." + part, Shape: []int64{n}})
	}
	return needs
}

func normScale(parts [][]float32) []float32 {
	out := make([]float32, len(parts[0]))
	for i, w := range parts[0] {
		out[i] = float32(float64(w) / math.Sqrt(float64(parts[1][i])+normEps))
	}
	return out
}

func normShift(parts [][]float32) []float32 {
	out := make([]float32, len(parts[0]))
	for i, w := range parts[0] {
		scale := float64(w) / math.Sqrt(float64(parts[1][i])+normEps)
		out[i] = float32(float64(parts[2][i]) - float64(parts[3][i])*scale)
	}
	return out
}

func (n *norm) declare(p *checkpoint.Plan, name string, channels int64) {
	needs := normNeeds(p, name, channels)
	p.MadeTensor(&n.scale, []int64{channels}, needs, normScale)
	p.MadeTensor(&n.shift, []int64{channels}, needs, normShift)
}

func (n *norm) apply(g *ggml.Graph, x ggml.Tensor) ggml.Tensor {
	return g.Add(g.Mul(x, n.scale), n.shift)
}

// A unit is a convolution that keeps the length, a rectifier and a norm, in this order.
type unit struct {
	w         ggml.Matrix
	norm      norm
	taps, gap int
}

const maxTaps = 63

// declare reads the number of taps off the weight.
func (u *unit) declare(p *checkpoint.Plan, weight, norm string, out, in int64, gap int) {
	u.taps, u.gap = 1, gap
	if t, ok := p.Find(weight); ok && len(t.Shape) == 3 {
		if t.Shape[2] < 1 || t.Shape[2] > maxTaps || t.Shape[2]%2 == 0 {
			p.Fail(fmt.Errorf("tensor %q: %d taps, want an odd number up to %d", weight, t.Shape[2], maxTaps))
			return
		}
		u.taps = int(t.Shape[2])
	}
	p.Conv(&u.w, weight, out, in, int64(u.taps))
	u.norm.declare(p, norm, out)
}

func (u *unit) apply(g *ggml.Graph, x ggml.Tensor) ggml.Tensor {
	side := (u.taps - 1) * u.gap / 2
	how := ggml.Conv{Kernel: u.taps, Stride: 1, Dilation: u.gap, Left: side, Right: side}
	return u.norm.apply(g, g.ConvolveAfter(u.w, x, how, ggml.After{Act: ggml.ActReLU}))
}

// A block is an SE-Res2 block: a mixture of channels, a ladder of convolutions over eighths of them, a second mixture, a
// gate for every channel, and what came in.
type block struct {
	name           string
	before, behind unit
	ladder         []unit
	narrow, widen  ggml.Affine
}

func (b *block) declare(p *checkpoint.Plan, name string, channels int64, gap int) {
	b.name = name
	b.before.declare(p, name+".Conv1dReluBn1.conv.weight", name+".Conv1dReluBn1.bn", channels, channels, 1)
	width := channels / 8
	if t, ok := p.Find(name + ".Res2Conv1dReluBn.convs.0.weight"); ok && len(t.Shape) == 3 {
		width = t.Shape[0]
	}
	if width < 1 || channels%width != 0 || channels/width < 2 || channels/width > 64 {
		p.Fail(fmt.Errorf("%s: %d channels in parts of %d", name, channels, width))
		return
	}
	b.ladder = make([]unit, channels/width-1)
	for i := range b.ladder {
		b.ladder[i].declare(p, fmt.Sprintf("%s.Res2Conv1dReluBn.convs.%d.weight", name, i), fmt.Sprintf("%s.Res2Conv1dReluBn.bns.%d", name, i), width, width, gap)
	}
	b.behind.declare(p, name+".Conv1dReluBn2.conv.weight", name+".Conv1dReluBn2.bn", channels, channels, 1)
	inner := outputs(p, name+".SE_Connect.linear1.weight", 128)
	p.Linear(&b.narrow, name+".SE_Connect.linear1", inner, channels)
	p.Linear(&b.widen, name+".SE_Connect.linear2", channels, inner)
}

// outputs reads the first dimension of a weight.
func outputs(p *checkpoint.Plan, weight string, usual int64) int64 {
	if t, ok := p.Find(weight); ok && len(t.Shape) > 0 {
		if t.Shape[0] < 1 || t.Shape[0] > 1<<20 {
			p.Fail(fmt.Errorf("tensor %q has %d outputs", weight, t.Shape[0]))
		}
		return t.Shape[0]
	}
	return usual
}

// apply takes mean[frames], each one part of one.
func (b *block) apply(g *ggml.Graph, x, mean ggml.Tensor) ggml.Tensor {
	y := g.Stage(b.name+".Conv1dReluBn1", b.before.apply(g, x))
	y = g.Stage(b.name+".Res2Conv1dReluBn", b.climb(g, y))
	y = g.Stage(b.name+".Conv1dReluBn2", b.behind.apply(g, y))
	over := g.MulMat(g.Cont(g.Permute(y, [4]int{1, 0, 2, 3})), mean) // over time, [channels, 1]
	gate := g.Apply(b.widen, g.LeakyReLU(g.Apply(b.narrow, over), 0))
	half := g.Stretch(g.Tanh(g.Scale(gate, 0.5)), 0.5, 0.5) // the logistic function
	y = g.Stage(b.name+".SE_Connect", g.Mul(y, half))
	return g.Stage(b.name, g.Add(y, x))
}

// climb convolves each part of the channels with what came out of the part before it added; the last one passes.
func (b *block) climb(g *ggml.Graph, x ggml.Tensor) ggml.Tensor {
	width := x.Dim(0) / int64(len(b.ladder)+1)
	n, step := x.Dim(1), x.Dim(0)
	part := func(i int) ggml.Tensor {
		return g.Cont(g.View(x, [4]int64{width, n, 1, 1}, [3]int64{step, step * n, step * n}, int64(i)*width))
	}
	var all, last ggml.Tensor
	for i := range b.ladder {
		in := part(i)
		if i > 0 {
			in = g.Add(in, last)
		}
		last = b.ladder[i].apply(g, in)
		if i == 0 {
			all = last
		} else {
			all = g.Concat(all, last, 0)
		}
	}
	return g.Concat(all, part(len(b.ladder)), 0)
}
