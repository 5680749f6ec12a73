package cosyvoice

import (
	"context"
	"errors"
	"fmt"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

const (
	preTaps   = 7    // of the first convolution, and of the last
	lastSlope = 0.01 // of the leaky rectifier before the last convolution
)

// A HiFT is the vocoder ("HiFTNet: A Fast High-Quality Neural Vocoder with Harmonic-plus-Noise Filter and Inverse Short
// Time Fourier Transform", Li et al., 2023): mel frames in, samples out. Names are those of CosyVoice's hift.pt.
type HiFT struct {
	Config    HiFTConfig
	pitch     pitch
	source    source
	pre, post filter
	levels    []hiftLevel
	fourier   *transform
}

// A hiftLevel raises the rate of the columns and adds what the source says at that rate.
type hiftLevel struct {
	up     spread
	down   filter // of the source's spectra
	source snakeBlock
	blocks []snakeBlock
}

// NewHiFT plans a vocoder; it can be used once p is loaded. An impossible config is a mistake of the plan.
func NewHiFT(p *checkpoint.Plan, c HiFTConfig) *HiFT {
	h := &HiFT{Config: c}
	if err := c.Check(); err != nil {
		p.Fail(err)
		return h
	}
	bins := c.Fourier.Size + 2 // real and imaginary parts, or logarithms and angles
	h.fourier = newTransform(c.Fourier)
	planPitch(p.At("f0_predictor."), &h.pitch, c)
	p.Floats(&h.source.weight, "m_source.l_linear.weight", 1, int64(c.Harmonics+1))
	p.Floats(&h.source.bias, "m_source.l_linear.bias", 1)
	planFilter(p, &h.pre, "conv_pre", c.Channels, c.Mel, same(preTaps, 1))
	h.levels = make([]hiftLevel, len(c.Rates))
	for i := range h.levels {
		planLevelHiFT(p, &h.levels[i], c, i, bins)
	}
	planFilter(p, &h.post, "conv_post", bins, c.Channels>>len(c.Rates), same(preTaps, 1))
	return h
}

func planLevelHiFT(p *checkpoint.Plan, l *hiftLevel, c HiFTConfig, i, bins int) {
	in, out := c.Channels>>i, c.Channels>>(i+1)
	planSpread(p, &l.up, "ups."+fmt.Sprint(i), out, in, c.Rates[i], c.Kernels[i])
	rest := 1 // the spectra's rate over that of this level
	for _, r := range c.Rates[i+1:] {
		rest *= r
	}
	walk := ggml.Conv{Kernel: 2 * rest, Stride: rest, Dilation: 1, Left: rest / 2, Right: rest / 2}
	if rest == 1 {
		walk = same(1, 1)
	}
	planFilter(p, &l.down, "source_downs."+fmt.Sprint(i), out, bins, walk)
	planSnakes(p.At("source_resblocks."+number(i)), &l.source, out, c.SourceBlocks[i], c.SourceDilations[i])
	l.blocks = make([]snakeBlock, len(c.Blocks))
	for j, kernel := range c.Blocks {
		planSnakes(p.At("resblocks."+number(i*len(c.Blocks)+j)), &l.blocks[j], out, kernel, c.Dilations[j])
	}
}

// apply returns what the inverse transform wants [bins, frames] of x[mel, n] and the source's spectra [bins, frames].
func (h *HiFT) apply(g *ggml.Graph, x, spectra ggml.Tensor) ggml.Tensor {
	x = g.Stage("conv_pre", h.pre.apply(g, x))
	for i, l := range h.levels {
		last := i == len(h.levels)-1
		x = l.up.apply(g, g.LeakyReLU(x, float32(h.Config.Slope)))
		if i == 0 {
			g.Stage("up0", x)
		}
		if last { // one column more, as the spectra have: the second one, mirrored at the first
			x = g.Concat(g.Rows(x, 1, 2), x, 1)
		}
		x = l.apply(g, x, spectra, i == 0)
	}
	return g.Stage("conv_post", h.post.apply(g, g.LeakyReLU(x, lastSlope)))
}

func (l hiftLevel) apply(g *ggml.Graph, x, spectra ggml.Tensor, first bool) ggml.Tensor {
	down := l.down.apply(g, spectra)
	said := l.source.apply(g, down)
	x = g.Add(x, said)
	var sum ggml.Tensor
	for j, b := range l.blocks {
		y := b.apply(g, x)
		if j == 0 {
			sum = y
		} else {
			sum = g.Add(sum, y)
		}
		if first && j == 0 {
			g.Stage("source_down0", down)
			g.Stage("source_res0", said)
			g.Stage("resblock0", y)
		}
	}
	return g.Scale(sum, 1/float32(len(l.blocks)))
}

// window is how many mel frames are decoded at once: it bounds the memory of long utterances.
const window = 256

// Vocode returns the samples of mel frames [frames][bands] and the source they were made with. Where the source of a
// former call is given, its samples replace the first ones.
func (d *Decoder) Vocode(ctx context.Context, mel, former []float32) (samples, source []float32, err error) {
	if source, err = d.Source(ctx, mel); err != nil {
		return nil, nil, err
	}
	if len(former) > len(source) {
		return nil, nil, fmt.Errorf("vocoder: %d samples of the former source for %d", len(former), len(source))
	}
	copy(source, former)
	samples, err = d.Decode(ctx, mel, source)
	return samples, source, err
}

// Source returns the source signal of mel frames [frames][bands]: sines of the harmonics where there is voice, noise.
func (d *Decoder) Source(ctx context.Context, mel []float32) ([]float32, error) {
	f0, err := d.Pitch(ctx, mel)
	if err != nil {
		return nil, err
	}
	h := d.hift
	sines := h.sines(f0, d.breath)
	d.watch("sine", sines)
	return h.source.mix(sines), nil
}

// Decode returns the samples of mel frames [frames][bands] and a source signal.
func (d *Decoder) Decode(ctx context.Context, mel, source []float32) ([]float32, error) {
	n, err := d.mels(mel)
	if err != nil {
		return nil, err
	}
	h, per := d.hift, d.hift.Config.Samples()
	if len(source) != n*per {
		return nil, fmt.Errorf("vocoder: a source of %d samples for %d mel frames, want %d", len(source), n, n*per)
	}
	out, reach, bands := make([]float32, 0, n*per), h.Config.reach(), h.Config.Mel
	for from := 0; from < n; from += window {
		to := min(n, from+window)
		first, last := max(0, from-reach), min(n, to+reach)
		samples, err := d.decode(ctx, mel[first*bands:last*bands], source[first*per:last*per])
		if err != nil {
			return nil, err
		}
		out = append(out, samples[(from-first)*per:(to-first)*per]...)
	}
	return out, nil
}

// decode decodes one window.
func (d *Decoder) decode(ctx context.Context, mel, source []float32) ([]float32, error) {
	h := d.hift
	spectra := h.fourier.forward(source)
	d.watch("source_stft", spectra)
	if err := d.roomFor(hiftNodes(h.Config)); err != nil {
		return nil, err
	}
	g, bins := d.graph, int64(h.Config.Fourier.Size+2)
	x := g.Input(ggml.F32, int64(h.Config.Mel), int64(len(mel)/h.Config.Mel))
	s := g.Input(ggml.F32, bins, int64(len(spectra))/bins)
	y := g.Output(h.apply(g, x, s))
	err := g.Compute(ctx, func() {
		ggml.Put(g, x, mel)
		ggml.Put(g, s, spectra)
	})
	if err != nil {
		return nil, fmt.Errorf("vocoder: %w", err)
	}
	out := make([]float32, y.Elements())
	if err := ggml.Take(g, y, 0, out); err != nil {
		return nil, err
	}
	return h.fourier.inverse(out, float32(h.Config.Limit)), nil
}

// mels returns how many frames mel holds.
func (d *Decoder) mels(mel []float32) (int, error) {
	if d.hift == nil {
		return 0, errNoHiFT
	}
	n := len(mel) / d.hift.Config.Mel
	if n == 0 || n*d.hift.Config.Mel != len(mel) || n > maxUnits {
		return 0, fmt.Errorf("vocoder: %d mel values for frames of %d bands", len(mel), d.hift.Config.Mel)
	}
	if !finite(mel) {
		return 0, errors.New("vocoder: a mel value is not finite")
	}
	return n, nil
}

// hiftNodes is an upper bound of the operations of the vocoder's graph.
func hiftNodes(c HiFTConfig) int {
	dilations := 0
	for _, d := range c.Dilations {
		dilations += len(d)
	}
	nodes := 256
	for _, d := range c.SourceDilations {
		nodes += 128 + (dilations+len(d))*2*(16+4*maxTaps(c))
	}
	return min(nodes, maxNodes)
}

func maxTaps(c HiFTConfig) int {
	most := 0
	for _, list := range [][]int{c.Blocks, c.SourceBlocks} {
		for _, k := range list {
			most = max(most, k)
		}
	}
	return most
}

// reach returns how many mel frames away a sample is from the farthest that it depends on, the source being given.
func (c HiFTConfig) reach() int {
	columns := preTaps/2 + (c.Fourier.Size+c.Fourier.Hop-1)/c.Fourier.Hop + 1 // at the rate of the level
	most := 0
	for i := len(c.Rates) - 1; i >= 0; i-- {
		widest := 0
		for j, k := range c.Blocks {
			widest = max(widest, side(k, c.Dilations[j]))
		}
		columns += widest + 1
		frame := 1 // columns of this level in a mel frame
		for _, r := range c.Rates[:i+1] {
			frame *= r
		}
		most = max(most, (columns+side(c.SourceBlocks[i], c.SourceDilations[i])+c.Fourier.Size)/frame+2)
		columns = (columns+c.Kernels[i])/c.Rates[i] + 1
	}
	return max(most, columns+preTaps/2+1)
}

// side is how far a snake block sees to either side.
func side(kernel int, dilations []int) int {
	n := 0
	for _, d := range dilations {
		n += (kernel - 1) / 2 * (d + 1)
	}
	return n
}
