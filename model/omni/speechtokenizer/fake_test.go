package speechtokenizer

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// fake is a checkpoint of made-up numbers.
type fake struct {
	names  []string
	shapes map[string][]int64
}

func (f *fake) put(name string, shape ...int64) {
	if f.shapes == nil {
		f.shapes = map[string][]int64{}
	}
	f.names = append(f.names, name)
	f.shapes[name] = shape
}

func (f *fake) Tensors() (all []checkpoint.Tensor) {
	for _, n := range f.names {
		if t, ok := f.Lookup(n); ok {
			all = append(all, t)
		}
	}
	return all
}

func (f *fake) Lookup(name string) (checkpoint.Tensor, bool) {
	s, ok := f.shapes[name]
	return checkpoint.Tensor{Name: name, Type: ggml.F32, Shape: s}, ok
}

func (f *fake) Close() error { return nil }

func (f *fake) Read(t checkpoint.Tensor, at int64, dst []byte) error {
	if at%4 != 0 || len(dst)%4 != 0 || at+int64(len(dst)) > t.Bytes() {
		return errors.New("a read of no whole numbers")
	}
	values := f.values(t.Name)
	for i := range len(dst) / 4 {
		binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(values[int(at)/4+i]))
	}
	return nil
}

// values are the made-up numbers of a tensor: the size of weights, near 1 where they scale.
func (f *fake) values(name string) []float32 {
	t, _ := f.Lookup(name)
	v := make([]float32, t.Elements())
	state := uint32(2166136261)
	for _, c := range []byte(name) {
		state = (state ^ uint32(c)) * 16777619
	}
	centre, spread := float32(0), float32(0.2)
	if strings.HasSuffix(name, "_ln.weight") {
		centre = 0.8
	}
	for i := range v {
		state = state*1664525 + 1013904223
		v[i] = centre + spread*(float32(state>>8)/(1<<23)-1)
	}
	return v
}

const prefix = "model.discrete_audio_model."

// shape is what a made-up tokenizer is like.
type shape struct{ mels, hidden, layers, mlp, memory, digits int64 }

// published is the 8B's (omni-8b.md 6.1).
var published = shape{128, 1280, 6, 5120, 31, 8}

var small = shape{20, 16, 2, 40, 5, 4}

// checkpoint lists the tensors by their names in the file.
func (s shape) checkpoint() *fake {
	f := &fake{}
	linear := func(name string, out, in int64) {
		f.put(prefix+name+".weight", out, in)
		f.put(prefix+name+".bias", out)
	}
	f.put(prefix+"encoder.conv1.weight", s.hidden, s.mels, 3)
	f.put(prefix+"encoder.conv1.bias", s.hidden)
	f.put(prefix+"encoder.conv2.weight", s.hidden, s.hidden, 3)
	f.put(prefix+"encoder.conv2.bias", s.hidden)
	for i := range s.layers {
		b := fmt.Sprintf("encoder.blocks.%d.", i)
		for _, n := range []string{"attn_ln", "mlp_ln"} {
			f.put(prefix+b+n+".weight", s.hidden)
			f.put(prefix+b+n+".bias", s.hidden)
		}
		for _, n := range []string{"query", "value", "out"} {
			linear(b+"attn."+n, s.hidden, s.hidden)
		}
		f.put(prefix+b+"attn.key.weight", s.hidden, s.hidden)
		f.put(prefix+b+"attn.fsmn_block.weight", s.hidden, 1, s.memory)
		linear(b+"mlp.0", s.mlp, s.hidden)
		linear(b+"mlp.2", s.hidden, s.mlp)
	}
	linear("quantizer._codebook.project_down", s.digits, s.hidden)
	return f
}

// smallConfig says what the shapes of small do not tell.
func smallConfig() Config { return Config{Head: 8, Positions: 20} }

// load returns a tokenizer of made-up numbers, or skips where there are no libraries.
func load(t testing.TB, s shape, c Config, kind ggml.Type) *Tokenizer {
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
	p := checkpoint.NewPlan(s.checkpoint())
	k := Declare(p.At(prefix), c, b)
	w, err := p.Load(context.Background(), checkpoint.Options{Backend: b, Type: kind})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	t.Cleanup(k.Close)
	return k
}

// chirp is made-up sound.
func chirp(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		s := float64(i) / Rate
		x[i] = float32(0.4*math.Sin(2*math.Pi*(200+900*s)*s) + 0.1*math.Sin(7000*s*s))
	}
	return x
}
