package bigvgan

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
	"omnilive/model/gguf"
)

// invented is a checkpoint of random weights that are made when they are read: the same ones for a name every time.
type invented struct {
	names  []string
	shapes map[string][]int64
	scale  map[string]float64
	change map[string]func([]float32) // what a test does to a tensor
}

func (s *invented) add(name string, scale float64, shape ...int64) {
	s.names = append(s.names, name)
	s.shapes[name], s.scale[name] = shape, scale
}

// weight adds a weight in one of three forms.
func (s *invented) weight(name string, form int, scale float64, shape ...int64) {
	inner := float64(shape[1] * shape[2])
	switch form {
	case 0:
		s.add(name+".weight", scale/math.Sqrt(inner), shape...)
	case 1:
		s.add(name+".parametrizations.weight.original0", scale, shape[0], 1, 1)
		s.add(name+".parametrizations.weight.original1", 1, shape...)
	default:
		s.add(name+".weight_g", scale, shape[0], 1, 1)
		s.add(name+".weight_v", 1, shape...)
	}
}

func (s *invented) bend(name string, channels int64) {
	s.add(name+".act.alpha", 0.5, channels)
	s.add(name+".act.beta", 0.5, channels)
	s.add(name+".upsample.filter", 0.2, 1, 1, 12)
	s.add(name+".downsample.lowpass.filter", 0.2, 1, 1, 12)
}

// invent lists the tensors of a config.
func invent(c Config, form int) *invented {
	s := &invented{shapes: map[string][]int64{}, scale: map[string]float64{}, change: map[string]func([]float32){}}
	s.add("spk_emb.weight", 1, int64(c.Speakers), int64(c.SpeakerDim))
	s.add("unit_emb.weight", math.Sqrt(float64(c.UnitDim)), int64(c.Units), int64(c.UnitDim))
	channels := int64(c.Channels)
	s.weight("conv_pre.conv", form, 1, channels, int64(c.UnitDim+c.SpeakerDim), 7)
	s.add("conv_pre.conv.bias", 0.1, channels)
	for i, k := range c.RateTaps {
		name := fmt.Sprintf("ups.%d.0.deconv", i)
		s.weight(name, form, 1, channels, channels/2, int64(k))
		channels /= 2
		s.add(name+".bias", 0.1, channels)
		for b, taps := range c.BlockTaps {
			block := fmt.Sprintf("resblocks.%d", i*len(c.BlockTaps)+b)
			for j := range c.BlockGaps[b] {
				for _, half := range []string{"convs1", "convs2"} {
					name := fmt.Sprintf("%s.%s.%d.conv", block, half, j)
					s.weight(name, form, 0.5, channels, channels, int64(taps))
					s.add(name+".bias", 0.1, channels)
				}
				s.bend(fmt.Sprintf("%s.activations.%d", block, 2*j), channels)
				s.bend(fmt.Sprintf("%s.activations.%d", block, 2*j+1), channels)
			}
		}
	}
	s.bend("activation_post", channels)
	s.weight("conv_post.conv", form, 0.5, 1, channels, 7)
	if c.FinalBias {
		s.add("conv_post.conv.bias", 0.1, 1)
	}
	return s
}

func (s *invented) Tensors() (all []checkpoint.Tensor) {
	for _, n := range s.names {
		t, _ := s.Lookup(n)
		all = append(all, t)
	}
	return all
}

func (s *invented) Lookup(name string) (checkpoint.Tensor, bool) {
	shape, ok := s.shapes[name]
	return checkpoint.Tensor{Name: name, Type: gguf.F32, Shape: shape}, ok
}

// values makes a tensor whole.
func (s *invented) values(name string) []float32 {
	h := fnv.New64a()
	h.Write([]byte(name))
	t, _ := s.Lookup(name)
	out, scale := make([]float32, t.Elements()), s.scale[name]
	if len(out) > 1<<20 { // of real size: quick and good enough
		x := uint32(h.Sum64())
		for i := range out {
			x = x*1664525 + 1013904223
			out[i] = float32(scale) * (float32(x>>8)/(1<<23) - 1)
		}
	} else {
		r := rand.New(rand.NewPCG(h.Sum64(), 1))
		for i := range out {
			out[i] = float32(r.NormFloat64() * scale)
		}
	}
	if f := s.change[name]; f != nil {
		f(out)
	}
	return out
}

func (s *invented) Read(t checkpoint.Tensor, at int64, dst []byte) error {
	v := s.values(t.Name)[at/4:]
	for i := range len(dst) / 4 {
		binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(v[i]))
	}
	return nil
}

func (s *invented) Close() error { return nil }

// small is a network of few channels that differs from the published one in everything that a config says.
func small() Config {
	c := defaults()
	c.Units, c.UnitDim, c.SpeakerDim, c.Speakers, c.Channels = 40, 6, 3, 4, 24
	c.Rates, c.RateTaps = []int{3, 2, 1}, []int{8, 5, 3}
	c.BlockTaps, c.BlockGaps = []int{3, 5}, [][]int{{1, 2}, {3}}
	return c
}

// backend loads the libraries that `make test` names.
func backend(t testing.TB, threads int) *ggml.Backend {
	t.Helper()
	dir := os.Getenv("OMNILIVE_LIB")
	if dir == "" {
		t.Skip("OMNILIVE_LIB is not set; make test sets it")
	}
	if err := ggml.Load(filepath.Join(dir, "llama")); err != nil {
		t.Fatal(err)
	}
	b, err := ggml.NewBackend(threads)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// vocoder loads the network of a source.
func vocoder(t testing.TB, src checkpoint.Source, c Config, b *ggml.Backend, as ggml.Type) *Vocoder {
	t.Helper()
	p := checkpoint.NewPlan(src)
	v := Declare(p, c, b)
	w, err := p.Load(t.Context(), checkpoint.Options{Backend: b, Type: as})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		v.Close()
		w.Close()
	})
	return v
}

// random returns n units.
func random(r *rand.Rand, c Config, n int) []int32 {
	units := make([]int32, n)
	for i := range units {
		units[i] = int32(r.IntN(c.Units))
	}
	return units
}

func speakerOf(t testing.TB, v *Vocoder, i int) []float32 {
	t.Helper()
	s, err := v.Speaker(i)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func decode(t testing.TB, v *Vocoder, units []int32) []float32 {
	t.Helper()
	out, err := v.Decode(t.Context(), units, speakerOf(t, v, 1))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func furthest(a, b []float32) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	worst := 0.0
	for i := range a {
		if d := math.Abs(float64(a[i]) - float64(b[i])); !(d <= worst) {
			worst = d
		}
	}
	return worst
}

// The network as its definition says, in float64: every layer over the whole, channel by channel.
type plainly struct {
	c Config
	s *invented
}

func (p plainly) floats(name string) []float64 {
	v := p.s.values(name)
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}

func (p plainly) weight(name string) []float64 {
	if _, ok := p.s.shapes[name+".weight"]; ok {
		return p.floats(name + ".weight")
	}
	length, direction := name+".weight_g", name+".weight_v"
	if _, ok := p.s.shapes[length]; !ok {
		length, direction = name+".parametrizations.weight.original0", name+".parametrizations.weight.original1"
	}
	g, w := p.floats(length), p.floats(direction)
	n := len(w) / len(g)
	for i := range g {
		sum := 0.0
		for _, x := range w[i*n : (i+1)*n] {
			sum += x * x
		}
		for j := range n {
			w[i*n+j] *= g[i] / math.Sqrt(sum)
		}
	}
	return w
}

// conv convolves x[channel][time], zeros outside.
func (p plainly) conv(name string, x [][]float64, out, taps, gap int, bias bool) [][]float64 {
	w, in, n := p.weight(name), len(x), len(x[0])
	y := grid(out, n)
	var b []float64
	if bias {
		b = p.floats(name + ".bias")
	}
	for o := range out {
		for t := range n {
			if bias {
				y[o][t] = b[o]
			}
			for k := range taps {
				if at := t + k*gap - (taps-1)*gap/2; at >= 0 && at < n {
					for i := range in {
						y[o][t] += w[(o*in+i)*taps+k] * x[i][at]
					}
				}
			}
		}
	}
	return y
}

// lift is PyTorch's transposed convolution with padding ceil((taps-rate)/2) and output padding (taps-rate) mod 2.
func (p plainly) lift(name string, x [][]float64, taps, rate int) [][]float64 {
	w, b, in, out := p.weight(name), p.floats(name+".bias"), len(x), len(x)/2
	n, crop := len(x[0]), (taps-rate+1)/2
	y := grid(out, n*rate)
	for o := range out {
		for t := range y[o] {
			y[o][t] = b[o]
		}
		for i := range in {
			for t := range n {
				for k := range taps {
					if at := t*rate + k - crop; at >= 0 && at < n*rate {
						y[o][at] += w[(i*out+o)*taps+k] * x[i][t]
					}
				}
			}
		}
	}
	return y
}

func (p plainly) bend(name string, x [][]float64) [][]float64 {
	alpha, beta := p.floats(name+".act.alpha"), p.floats(name+".act.beta")
	up, down := p.floats(name+".upsample.filter"), p.floats(name+".downsample.lowpass.filter")
	if p.c.Activation == "snake" {
		beta = alpha
	}
	n := len(x[0])
	y := grid(len(x), n)
	for c := range x {
		a, b := alpha[c], beta[c]
		if p.c.LogScale {
			a, b = math.Exp(a), math.Exp(b)
		}
		long := make([]float64, 2*(n+10)+12) // transposed convolution of x with 5 places repeated at either end
		for i := range n + 10 {
			for k := range 12 {
				long[2*i+k] += 2 * x[c][min(max(i-5, 0), n-1)] * up[k]
			}
		}
		twice := long[15 : 15+2*n]
		for j, v := range twice {
			s := math.Sin(v * a)
			twice[j] = v + s*s/(b+1e-9)
		}
		for t := range n {
			for k := range 12 {
				y[c][t] += twice[min(max(2*t+k-5, 0), 2*n-1)] * down[k]
			}
		}
	}
	return y
}

func (p plainly) decode(units []int32, speaker []float32) []float32 {
	c := p.c
	table := p.floats("unit_emb.weight")
	x := grid(c.UnitDim+c.SpeakerDim, len(units))
	for t, u := range units {
		for i := range c.UnitDim {
			x[i][t] = table[int(u)*c.UnitDim+i] / math.Sqrt(float64(c.UnitDim))
		}
		for i, s := range speaker {
			x[c.UnitDim+i][t] = float64(s)
		}
	}
	x = p.conv("conv_pre.conv", x, c.Channels, 7, 1, true)
	for i, rate := range c.Rates {
		x = p.lift(fmt.Sprintf("ups.%d.0.deconv", i), x, c.RateTaps[i], rate)
		sum := grid(len(x), len(x[0]))
		for b := range c.BlockTaps {
			y := p.block(fmt.Sprintf("resblocks.%d", i*len(c.BlockTaps)+b), x, c.BlockTaps[b], c.BlockGaps[b])
			each2(sum, y, func(a, b float64) float64 { return a + b/float64(len(c.BlockTaps)) })
		}
		x = sum
	}
	x = p.conv("conv_post.conv", p.bend("activation_post", x), 1, 7, 1, c.FinalBias)
	out := make([]float32, len(x[0]))
	for i, v := range x[0] {
		if c.FinalTanh {
			v = math.Tanh(v)
		}
		out[i] = float32(max(-1, min(1, v)))
	}
	return out
}

func (p plainly) block(name string, x [][]float64, taps int, gaps []int) [][]float64 {
	x = slices.Clone(x)
	for i := range x {
		x[i] = slices.Clone(x[i])
	}
	for j, gap := range gaps {
		y := p.bend(fmt.Sprintf("%s.activations.%d", name, 2*j), x)
		y = p.conv(fmt.Sprintf("%s.convs1.%d.conv", name, j), y, len(x), taps, gap, true)
		y = p.bend(fmt.Sprintf("%s.activations.%d", name, 2*j+1), y)
		y = p.conv(fmt.Sprintf("%s.convs2.%d.conv", name, j), y, len(x), taps, 1, true)
		each2(x, y, func(a, b float64) float64 { return a + b })
	}
	return x
}

func grid(channels, n int) [][]float64 {
	g := make([][]float64, channels)
	for i := range g {
		g[i] = make([]float64, n)
	}
	return g
}

func each2(a, b [][]float64, f func(a, b float64) float64) {
	for i := range a {
		for j := range a[i] {
			a[i][j] = f(a[i][j], b[i][j])
		}
	}
}
