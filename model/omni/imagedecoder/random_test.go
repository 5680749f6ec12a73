package imagedecoder

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
	"omnilive/model/gguf"
)

// A random source holds small random numbers under the names and in the shapes that a plan over nothing asked for.
type random struct{ all map[string]checkpoint.Tensor }

func randomSource(t testing.TB, c Config) random {
	t.Helper()
	s := random{all: map[string]checkpoint.Tensor{}}
	p := checkpoint.NewPlan(s)
	Declare(p, s, c, nil)
	for _, line := range strings.Split(p.Err().Error(), "\n") {
		var name string
		if _, err := fmt.Sscanf(line, "tensor %q is missing", &name); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		x := checkpoint.Tensor{Name: name, Type: gguf.F32}
		for _, d := range strings.Fields(strings.Trim(line[strings.LastIndex(line, "["):], "[]")) {
			var n int64
			fmt.Sscan(d, &n)
			x.Shape = append(x.Shape, n)
		}
		s.all[name] = x
	}
	return s
}

func (s random) Tensors() (all []checkpoint.Tensor) {
	for _, t := range s.all {
		all = append(all, t)
	}
	return all
}

func (s random) Lookup(name string) (checkpoint.Tensor, bool) {
	t, ok := s.all[name]
	return t, ok
}

func (s random) Read(t checkpoint.Tensor, at int64, dst []byte) error {
	r := rand.New(rand.NewPCG(uint64(at), uint64(t.Elements())))
	size := float32(1)
	if len(t.Shape) > 1 {
		size = float32(math.Sqrt(3 / float64(t.Elements()/t.Shape[0])))
	}
	for ; len(dst) >= 4; dst = dst[4:] {
		binary.LittleEndian.PutUint32(dst, math.Float32bits(size*(2*r.Float32()-1)))
	}
	return nil
}

func (s random) Close() error { return nil }

// randomDecoder loads a decoder of random numbers.
func randomDecoder(t testing.TB, c Config, b *ggml.Backend, kind ggml.Type) *Decoder {
	t.Helper()
	src := randomSource(t, c)
	p := checkpoint.NewPlan(src)
	d := Declare(p, src, c, b)
	w, err := p.Load(context.Background(), checkpoint.Options{Backend: b, Type: kind})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	t.Cleanup(d.Close)
	return d
}

// Other configurations than the golden data has: every dimension comes from the files.
func TestOtherShapes(t *testing.T) {
	b := backend(t)
	yes, no := true, false
	base, err := ReadConfig(golden)
	if err != nil {
		t.Fatal(err)
	}
	weak := base.Main
	weak.Hidden, weak.Heads, weak.Blocks, weak.MLPRatio, weak.Axes = 20, 2, 1, 2.5, []int64{2, 2, 6}
	for name, change := range map[string]func(*Config){
		"guided":          func(c *Config) { c.Weak = &weak },
		"post_quant_conv": func(c *Config) { c.VAE.PostQuantConv, c.VAE.QuantConv = &yes, &yes },
		"left out": func(c *Config) {
			c.VAE.PostQuantConv, c.VAE.QuantConv, c.VAE.MidAttention, c.VAE.Shift = nil, nil, nil, nil
		},
		"no attention":   func(c *Config) { c.VAE.MidAttention = &no },
		"two stages":     func(c *Config) { c.VAE.Widths = []int64{4, 12} },
		"one stage":      func(c *Config) { c.VAE.Widths = []int64{4} },
		"six stages":     func(c *Config) { c.VAE.Widths = []int64{4, 4, 4, 8, 8, 8}; c.VAE.Layers = 1 },
		"other grid":     func(c *Config) { c.Embedder.Tokens, c.Embedder.Width = 4, 7; c.Main.Vector, c.Main.Context = 7, 7 },
		"odd head":       func(c *Config) { c.Main.Hidden, c.Main.Heads, c.Main.Axes = 30, 3, []int64{2, 4, 4} },
		"latent":         func(c *Config) { c.VAE.Latent, c.Main.Channels = 3, 12 },
		"not patchified": func(c *Config) { c.Main.Patchify, c.Main.Channels = false, 16 },
	} {
		c := base
		change(&c)
		c.VAE.UpBlocks = nil
		if c.Weak != nil {
			c.Weak.Vector, c.Weak.Context = c.Embedder.Width, c.Embedder.Width
		}
		if err := c.check(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		d := randomDecoder(t, c, b, ggml.F32)
		n := d.cell()
		p, err := d.Decode(context.Background(), units(729), Options{Width: 3 * n, Height: 2 * n, Steps: 2, Guidance: 1})
		if err != nil || p.Width != 3*n || p.Height != 2*n || len(p.RGB) != 18*n*n {
			t.Errorf("%s: %d×%d, %v", name, p.Width, p.Height, err)
		}
	}
}

// The VAE of the released decoder's size (that of FLUX.1) on a picture of 256×256.
func BenchmarkPaint(t *testing.B) {
	c := defaults()
	shift := 0.1159
	off := false
	c.Main.Hidden, c.Main.Heads, c.Main.Blocks, c.Main.Axes = 16, 1, 1, []int64{4, 6, 6}
	c.VAE = VAE{
		Latent: 16, In: 3, Out: 3, Widths: []int64{128, 256, 512, 512}, Layers: 2, Groups: 32, Scaling: 0.3611, Shift: &shift,
		QuantConv: &off, PostQuantConv: &off, Activation: "silu",
	}
	for name, kind := range map[string]ggml.Type{"f32": ggml.F32, "bf16": ggml.BF16} {
		d := randomDecoder(t, c, backend(t), kind)
		x := Noise(1, 16*32*32)
		t.Run(name, func(t *testing.B) {
			for t.Loop() {
				if _, err := d.Paint(context.Background(), x, 32, 32); err != nil {
					t.Fatal(err)
				}
			}
			t.ReportMetric(float64(256*256*t.N)/t.Elapsed().Seconds(), "pixels/s")
			t.ReportMetric(float64(d.graph.Scratch()), "scratch-bytes")
		})
	}
}

// One block of the released transformer's size, on the positions of a square picture.
func BenchmarkBlock(t *testing.B) {
	c := defaults()
	c.Main.Blocks = 1
	c.VAE.Latent, c.VAE.Widths, c.VAE.Groups = 16, []int64{8, 8, 8, 8}, 4
	d := randomDecoder(t, c, backend(t), ggml.BF16)
	if err := d.ready(); err != nil {
		t.Fatal(err)
	}
	for _, side := range []int{384, 768} {
		condition, err := d.Condition(units(729), side, side)
		if err != nil {
			t.Fatal(err)
		}
		w := d.walk(condition, Options{})
		t.Run(fmt.Sprint(side), func(t *testing.B) {
			for t.Loop() {
				if _, err := w.direction(context.Background(), 0.5, 0); err != nil {
					t.Fatal(err)
				}
			}
			n, h := float64(side*side/64), float64(c.Main.Hidden)
			t.ReportMetric((2*n*12*h*h+4*n*n*h)*float64(t.N)/t.Elapsed().Seconds()/1e9, "GFLOP/s")
			t.ReportMetric(float64(d.graph.Scratch()), "scratch-bytes")
		})
	}
}
