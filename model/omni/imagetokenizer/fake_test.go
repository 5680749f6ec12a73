package imagetokenizer

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
	spoilt string // this tensor holds numbers that are none
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
	centre, spread := float32(0), float32(0.3)
	if strings.Contains(name, "norm") && strings.HasSuffix(name, ".weight") || strings.HasPrefix(name, prefix+"scale_layer") {
		centre, spread = 0.7, 0.2
	}
	for i := range v {
		state = state*1664525 + 1013904223
		v[i] = centre + spread*(float32(state>>8)/(1<<23)-1)
		if f.spoilt == name {
			v[i] = float32(math.NaN())
		}
	}
	return v
}

const prefix = "model.discrete_vision_model."

// shape is what a made-up tokenizer is like.
type shape struct{ hidden, mlp, layers, patch, grid, dim, codes, inner, innerMLP, innerLayers, innerTokens int64 }

// published is the 8B's (omni-8b.md 5.1).
var published = shape{1152, 4304, 27, 14, 27, 1536, 65536, 1152, 3072, 3, 256}

var small = shape{20, 28, 3, 6, 3, 7, 33, 8, 12, 2, 4}

// checkpoint lists the tensors by their names in the file.
func (s shape) checkpoint() *fake {
	f := &fake{}
	linear := func(name string, out, in int64) {
		f.put(prefix+name+".weight", out, in)
		f.put(prefix+name+".bias", out)
	}
	pair := func(name string, n int64) {
		f.put(prefix+name+".weight", n)
		f.put(prefix+name+".bias", n)
	}
	layers := func(name string, n, hidden, mlp int64) {
		for i := range n {
			l := fmt.Sprintf("%slayers.%d.", name, i)
			pair(l+"layer_norm1", hidden)
			pair(l+"layer_norm2", hidden)
			for _, p := range []string{"k_proj", "v_proj", "q_proj", "out_proj"} {
				linear(l+"self_attn."+p, hidden, hidden)
			}
			linear(l+"mlp.fc1", mlp, hidden)
			linear(l+"mlp.fc2", hidden, mlp)
		}
	}
	head := func(name string, hidden, mlp int64) {
		pair(name+"post_layernorm", hidden)
		f.put(prefix+name+"head.probe", 1, 1, hidden)
		f.put(prefix+name+"head.attention.in_proj_weight", 3*hidden, hidden)
		f.put(prefix+name+"head.attention.in_proj_bias", 3*hidden)
		linear(name+"head.attention.out_proj", hidden, hidden)
		pair(name+"head.layernorm", hidden)
		linear(name+"head.mlp.fc1", mlp, hidden)
		linear(name+"head.mlp.fc2", hidden, mlp)
	}
	f.put(prefix+"encoder.embeddings.patch_embedding.weight", s.hidden, 3, s.patch, s.patch)
	f.put(prefix+"encoder.embeddings.patch_embedding.bias", s.hidden)
	f.put(prefix+"encoder.embeddings.position_embedding.weight", s.grid*s.grid, s.hidden)
	layers("encoder.encoder.", s.layers, s.hidden, s.mlp)
	head("encoder.", s.hidden, s.mlp)
	linear("decoder.vision_model.embeddings.patch_embedding", s.inner, s.dim)
	f.put(prefix+"decoder.vision_model.embeddings.position_embedding.weight", s.innerTokens, s.inner)
	layers("decoder.vision_model.encoder.", s.innerLayers, s.inner, s.innerMLP)
	head("decoder.vision_model.", s.inner, s.innerMLP)
	linear("encode_task_layer.0", s.hidden, s.hidden)
	linear("decode_task_layer.0", s.inner, s.inner)
	linear("decode_task_layer.2", s.hidden, s.inner)
	linear("bottleneck.in_linear", s.dim, s.hidden)
	linear("bottleneck.out_linear", s.dim, s.dim)
	f.put(prefix+"bottleneck.regularizer.embedding.weight", s.codes, s.dim)
	linear("bottleneck.regularizer.embedding_proj", s.dim, s.dim)
	f.put(prefix+"scale_layer.shift", 1, 3, 1, 1)
	f.put(prefix+"scale_layer.scale", 1, 3, 1, 1)
	return f
}

// smallConfig says what the shapes of small do not tell.
func smallConfig() Config {
	return Config{InputSize: 20, Encoder: Encoder{Heads: 5}} // 20 = 3·6 + 2 left over
}

// load returns a tokenizer of made-up numbers, or skips where there are no libraries.
func load(t testing.TB, f *fake, c Config, kind ggml.Type) *Tokenizer {
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
	p := checkpoint.NewPlan(f)
	k := Declare(p.At(prefix), c, b)
	w, err := p.Load(context.Background(), checkpoint.Options{Backend: b, Type: kind})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	t.Cleanup(k.Close)
	return k
}
