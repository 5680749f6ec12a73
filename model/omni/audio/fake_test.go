package audio

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
	"omnilive/model/gguf"
)

// A fake is a checkpoint in memory: shapes, and numbers at random.
type fake map[string][]int64

func (f fake) Tensors() (all []checkpoint.Tensor) {
	for name := range f {
		t, _ := f.Lookup(name)
		all = append(all, t)
	}
	return all
}

func (f fake) Lookup(name string) (checkpoint.Tensor, bool) {
	shape, ok := f[name]
	return checkpoint.Tensor{Name: name, Type: gguf.F32, Shape: shape}, ok
}

func (f fake) Read(t checkpoint.Tensor, at int64, dst []byte) error {
	r, scale := rand.New(rand.NewPCG(uint64(len(t.Name)), uint64(at))), 0.3
	if len(t.Shape) > 1 { // keep sums near one
		scale = math.Sqrt(float64(t.Shape[0]) / float64(t.Elements()))
	}
	for i := range len(dst) / 4 {
		binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(float32(r.NormFloat64()*scale)))
	}
	return nil
}

func (f fake) Close() error { return nil }

// newFake returns the shapes of an encoder.
func newFake(c Config) fake {
	s := c.Audio
	width, inner := int64(s.Width), int64(s.Inner)
	f := fake{
		"audio_model.conv1.weight": {width, int64(s.Bands), 3}, "audio_model.conv1.bias": {width},
		"audio_model.conv2.weight": {width, width, 3}, "audio_model.conv2.bias": {width},
		"audio_model.embed_positions.weight": {int64(s.Positions), width},
		"audio_model.layer_norm.weight":      {width}, "audio_model.layer_norm.bias": {width},
		"audio_projector.fc1.weight": {width + 3, width}, "audio_projector.fc1.bias": {width + 3},
		"audio_projector.fc2.weight": {int64(c.Text.Width), width + 3}, "audio_projector.fc2.bias": {int64(c.Text.Width)},
	}
	for i := range s.Layers {
		l := fmt.Sprintf("audio_model.layers.%d.", i)
		for _, name := range []string{"q_proj", "k_proj", "v_proj", "out_proj"} {
			f[l+"self_attn."+name+".weight"] = []int64{width, width}
			if name != "k_proj" {
				f[l+"self_attn."+name+".bias"] = []int64{width}
			}
		}
		for _, name := range []string{"self_attn_layer_norm", "final_layer_norm"} {
			f[l+name+".weight"], f[l+name+".bias"] = []int64{width}, []int64{width}
		}
		f[l+"fc1.weight"], f[l+"fc1.bias"] = []int64{inner, width}, []int64{inner}
		f[l+"fc2.weight"], f[l+"fc2.bias"] = []int64{width, inner}, []int64{width}
	}
	return f
}

// small is an encoder whose pieces are of 0.4 s.
func small() (c Config) {
	c.Audio = Shape{Width: 24, Layers: 2, Heads: 3, Inner: 40, Bands: 16, Positions: 20, Activation: "gelu"}
	c.Text.Width = 10
	return c
}

// open loads an encoder with numbers at random.
func open(t testing.TB, c Config) *Encoder {
	t.Helper()
	dir := os.Getenv("OMNILIVE_LIB")
	if dir == "" {
		t.Skip("OMNILIVE_LIB is not set; make test sets it")
	}
	if err := ggml.Load(filepath.Join(dir, "llama")); err != nil {
		t.Fatal(err)
	}
	b, err := ggml.NewBackend(1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	p := checkpoint.NewPlan(newFake(c))
	e := Declare(p, c, b)
	w, err := p.Load(context.Background(), checkpoint.Options{Backend: b})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	t.Cleanup(e.Close)
	return e
}

func sound(n int) []float32 {
	r, x := rand.New(rand.NewPCG(9, uint64(n))), make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64() * 0.1 * (1.1 + math.Sin(float64(i)/700)))
	}
	return x
}
