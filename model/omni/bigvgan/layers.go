package bigvgan

import (
	"fmt"
	"math"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// A conv is a convolution that keeps the length: zeros stand outside the whole signal.
type conv struct {
	w         ggml.Matrix
	bias      ggml.Tensor
	taps, gap int
}

func (c *conv) declare(p *checkpoint.Plan, name string, out, in, taps, gap int, bias bool) {
	c.taps, c.gap = taps, gap
	o, i, k := int64(out), int64(in), int64(taps)
	if bias {
		p.Tensor(&c.bias, name+".bias", o)
	}
	needs, fold := weight(p, name, o, i, k)
	p.MadeConv(&c.w, o, i, k, needs, func(parts [][]float32) []float32 {
		return tapsFirst(fold(parts), out, in, taps)
	})
}

// reach returns how many places to either side an output looks.
func (c *conv) reach() int64 { return int64(c.taps-1) * int64(c.gap) / 2 }

// apply convolves x, and adds what plus has there where it is given.
func (c *conv) apply(g *ggml.Graph, x signal, plus *signal) signal {
	how := ggml.Conv{Kernel: c.taps, Stride: 1, Dilation: c.gap}
	if x.first() {
		how.Left = int(c.reach())
	}
	if x.last() {
		how.Right = int(c.reach())
	}
	y := signal{span: x.trimmed(c.reach()), n: x.n}
	after := ggml.After{Bias: c.bias}
	if plus != nil {
		after.Add = plus.cut(g, y.span).t
	}
	y.t = g.ConvolveAfter(c.w, x.t, how, after)
	return y
}

// weight says what the weight (out, in, taps) called name is made of, and how: it lies plain, or as a length for each of the
// first dimension beside a direction (weight normalisation, Salimans & Kingma 2016), by PyTorch's newer or older names.
func weight(p *checkpoint.Plan, name string, shape ...int64) ([]checkpoint.Need, func(parts [][]float32) []float32) {
	if _, ok := p.Find(name + ".weight"); ok {
		return []checkpoint.Need{{Name: name + ".weight", Shape: shape}}, func(parts [][]float32) []float32 { return parts[0] }
	}
	length, direction := name+".parametrizations.weight.original0", name+".parametrizations.weight.original1"
	if _, ok := p.Find(name + ".weight_g"); ok {
		length, direction = name+".weight_g", name+".weight_v"
	}
	lengths := []int64{shape[0], 1, 1}
	return []checkpoint.Need{{Name: length, Shape: lengths}, {Name: direction, Shape: shape}}, fold
}

// fold gives every row of parts[1] the length that parts[0] has for it.
func fold(parts [][]float32) []float32 {
	lengths, w := parts[0], parts[1]
	n := len(w) / len(lengths)
	for i, l := range lengths {
		row := w[i*n : (i+1)*n]
		sum := 0.0
		for _, v := range row {
			sum += float64(v) * float64(v)
		}
		scale := float64(l) / math.Sqrt(sum)
		for j, v := range row {
			row[j] = float32(float64(v) * scale)
		}
	}
	return w
}

// tapsFirst brings a weight (out, in, taps) into the order in which a graph convolves: for each output the inputs of the
// first tap, then those of the next.
func tapsFirst(w []float32, out, in, taps int) []float32 {
	to := make([]float32, len(w))
	for o := range out {
		for i := range in {
			for k := range taps {
				to[(o*taps+k)*in+i] = w[(o*in+i)*taps+k]
			}
		}
	}
	return to
}

// A bend is the anti-aliased periodic activation.
type bend struct {
	ggml.Snake
	taps int64
}

// reach returns how many places to either side an output looks.
func (b *bend) reach() int64 { return b.taps/2 - 1 }

const maxFilter = 64

func (b *bend) declare(p *checkpoint.Plan, name string, c Config, channels int) {
	taps := int64(12)
	if t, ok := p.Find(name + ".upsample.filter"); ok && len(t.Shape) == 3 {
		taps = t.Shape[2]
	}
	if taps < 2 || taps > maxFilter || taps%2 != 0 {
		p.Fail(fmt.Errorf("tensor %q: a filter of %d taps, want an even number up to %d", name+".upsample.filter", taps, maxFilter))
		return
	}
	b.taps = taps
	n := []int64{int64(channels)}
	rate, gain := checkpoint.Need{Name: name + ".act.alpha", Shape: n}, checkpoint.Need{Name: name + ".act.beta", Shape: n}
	if c.Activation == "snake" {
		gain = rate
	}
	read := func(v float32) float64 { return float64(v) }
	if c.LogScale {
		read = func(v float32) float64 { return math.Exp(float64(v)) }
	}
	p.MadeTensor(&b.Rate, n, []checkpoint.Need{rate}, each(read))
	p.MadeTensor(&b.Gain, n, []checkpoint.Need{gain}, each(func(v float32) float64 { return 1 / (read(v) + 1e-9) }))
	p.Tensor(&b.Up, name+".upsample.filter", 1, 1, taps)
	p.Tensor(&b.Down, name+".downsample.lowpass.filter", 1, 1, taps)
}

func each(f func(float32) float64) func([][]float32) []float32 {
	return func(parts [][]float32) []float32 {
		out := make([]float32, len(parts[0]))
		for i, v := range parts[0] {
			out[i] = float32(f(v))
		}
		return out
	}
}

func (b *bend) apply(g *ggml.Graph, x signal) signal {
	return signal{g.Snake(x.t, b.Snake, x.first(), x.last()), x.trimmed(b.reach()), x.n}
}
