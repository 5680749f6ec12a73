package compressor

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
	"omnilive/model/gguf"
)

const prefix = "model.video_audio_compressor."

// An array is a tensor's shape with its numbers, which may be missing where nobody reads them.
type array struct {
	shape  []int64
	values []float32
}

// A fake is a checkpoint in memory.
type fake map[string]array

func (f fake) Tensors() (all []checkpoint.Tensor) {
	for name := range f {
		t, _ := f.Lookup(name)
		all = append(all, t)
	}
	return all
}

func (f fake) Lookup(name string) (checkpoint.Tensor, bool) {
	a, ok := f[name]
	return checkpoint.Tensor{Name: name, Type: gguf.F32, Shape: a.shape}, ok
}

func (f fake) Read(t checkpoint.Tensor, at int64, dst []byte) error {
	for i := range len(dst) / 4 {
		binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(f[t.Name].values[int(at)/4+i]))
	}
	return nil
}

func (f fake) Close() error { return nil }

// newFake returns the shapes of a compressor.
func newFake(s Shape) fake {
	in, width, out, chunk, inner := int64(s.In), int64(s.Width), int64(s.Out), int64(s.Chunk), int64(s.Inner)
	heads, channels, mixer := int64(s.Heads), int64(s.channels()), prefix+layer+"mixer."
	return fake{
		prefix + "input_proj.weight":        {[]int64{width, in}, nil},
		prefix + "input_proj.bias":          {[]int64{width}, nil},
		prefix + "query_token":              {[]int64{width}, nil},
		prefix + "input_norm.weight":        {[]int64{width}, nil},
		prefix + "input_norm.bias":          {[]int64{width}, nil},
		prefix + layer + "norm.weight":      {[]int64{width}, nil},
		mixer + "in_proj.weight":            {[]int64{inner + channels + heads, width}, nil},
		mixer + "conv1d.weight":             {[]int64{channels, 1, int64(s.Taps)}, nil},
		mixer + "conv1d.bias":               {[]int64{channels}, nil},
		mixer + "dt_bias":                   {[]int64{heads}, nil},
		mixer + "A_log":                     {[]int64{heads}, nil},
		mixer + "D":                         {[]int64{heads}, nil},
		mixer + "norm.weight":               {[]int64{inner}, nil},
		mixer + "out_proj.weight":           {[]int64{width, inner}, nil},
		prefix + layer + "weight_fc.weight": {[]int64{chunk, width}, nil},
		prefix + layer + "weight_fc.bias":   {[]int64{chunk}, nil},
		prefix + layer + "gate_fc.weight":   {[]int64{1, width}, nil},
		prefix + layer + "gate_fc.bias":     {[]int64{1}, nil},
		prefix + "model.norm_f.weight":      {[]int64{width}, nil},
		prefix + "output_proj.weight":       {[]int64{out, width}, nil},
		prefix + "output_proj.bias":         {[]int64{out}, nil},
	}
}

// declared tells what is wrong with the shapes.
func declared(src fake) error {
	p := checkpoint.NewPlan(src)
	Declare(p.At(prefix), nil)
	return p.Err()
}

// faint are tensors made small, so that every norm sees values near its epsilon.
var faint = map[string]float32{
	"input_proj.weight": 1e-3, "input_proj.bias": 1e-3, "query_token": 1e-3, "input_norm.weight": 3e-3, "input_norm.bias": 3e-3,
	layer + "mixer.out_proj.weight": 3e-3, layer + "mixer.conv1d.weight": 1e-2, layer + "mixer.conv1d.bias": 1e-2,
}

// open loads a compressor with numbers at random, and puts these into weights unless it is nil.
func open(t testing.TB, s Shape, weights map[string][]float32) *Compressor {
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
	src := newFake(s)
	for name, a := range src {
		n := int64(1)
		for _, d := range a.shape {
			n *= d
		}
		v := noise(uint64(len(name))+uint64(n), int(n))
		if len(a.shape) > 1 { // keep sums near one
			for i := range v {
				v[i] *= float32(math.Sqrt(float64(a.shape[0]) / float64(n)))
			}
		}
		if by, ok := faint[name[len(prefix):]]; ok {
			for i := range v {
				v[i] *= by
			}
		}
		src[name] = array{a.shape, v}
		if weights != nil {
			weights[name[len(prefix):]] = v
		}
	}
	p := checkpoint.NewPlan(src)
	c := Declare(p.At(prefix), b)
	w, err := p.Load(context.Background(), checkpoint.Options{Backend: b})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	t.Cleanup(c.Close)
	return c
}

func noise(seed uint64, n int) []float32 {
	r, x := rand.New(rand.NewPCG(5, seed)), make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}
