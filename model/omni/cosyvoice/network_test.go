package cosyvoice

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

func (f *fake) put(name string, shape ...int) {
	if f.shapes == nil {
		f.shapes = map[string][]int64{}
	}
	f.names = append(f.names, name)
	for _, d := range shape {
		f.shapes[name] = append(f.shapes[name], int64(d))
	}
}

func (f *fake) pair(name string, shape ...int) {
	f.put(name+".weight", shape...)
	f.put(name+".bias", shape[0])
}

// normed is a convolution with weight normalisation; outs is its number of outputs.
func (f *fake) normed(name string, outs int, shape ...int) {
	f.put(name+".parametrizations.weight.original0", shape[0], 1, 1)
	f.put(name+".parametrizations.weight.original1", shape...)
	f.put(name+".bias", outs)
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
	centre, spread := float32(0), float32(0.1)
	if len(t.Shape) > 1 { // about as large as what comes in
		spread = float32(math.Sqrt(3 * float64(t.Shape[0]) / float64(t.Elements())))
	} else if strings.HasSuffix(t.Name, ".weight") || strings.HasSuffix(t.Name, ".alpha") {
		centre, spread = 1, 0.3
	}
	if strings.HasSuffix(t.Name, "original0") {
		centre, spread = 1, 0.3
	}
	if t.Name == "f0_predictor.classifier.bias" {
		centre = 120
	}
	state := uint32(2166136261)
	for _, c := range []byte(t.Name) {
		state = (state ^ uint32(c)) * 16777619
	}
	state ^= uint32(at) * 2654435761
	for i := 0; i < len(dst); i += 4 {
		state = state*1664525 + 1013904223
		binary.LittleEndian.PutUint32(dst[i:], math.Float32bits(centre+spread*(float32(state>>8)/(1<<23)-1)))
	}
	return nil
}

// flowTensors lists the tensors of flow.pt.
func flowTensors(c FlowConfig) *fake {
	f, w := &fake{}, c.Encoder.Width
	f.put("input_embedding.weight", c.Vocabulary, c.Input)
	f.pair("spk_embed_affine_layer", c.Mel, c.Speaker)
	f.pair("encoder_proj", c.Mel, w)
	for _, e := range []struct {
		name string
		in   int
	}{{"embed", c.Input}, {"up_embed", w}} {
		f.pair("encoder."+e.name+".out.0", w, e.in)
		f.pair("encoder."+e.name+".out.1", w)
	}
	f.pair("encoder.after_norm", w)
	f.pair("encoder.pre_lookahead_layer.conv1", w, w, c.Lookahead+1)
	f.pair("encoder.pre_lookahead_layer.conv2", w, w, 3)
	f.pair("encoder.up_layer.conv", w, w, 2*c.Ratio+1)
	for i := range c.Encoder.Blocks {
		f.conformer(fmt.Sprintf("encoder.encoders.%d.", i), c.Encoder)
	}
	for i := range c.Encoder.UpBlocks {
		f.conformer(fmt.Sprintf("encoder.up_encoders.%d.", i), c.Encoder)
	}
	f.estimator("decoder.estimator.", c.Estimator)
	return f
}

func (f *fake) conformer(p string, c EncoderConfig) {
	for _, n := range []string{"q", "k", "v", "out"} {
		f.pair(p+"self_attn.linear_"+n, c.Width, c.Width)
	}
	f.put(p+"self_attn.linear_pos.weight", c.Width, c.Width)
	f.put(p+"self_attn.pos_bias_u", c.Heads, c.Width/c.Heads)
	f.put(p+"self_attn.pos_bias_v", c.Heads, c.Width/c.Heads)
	f.pair(p+"feed_forward.w_1", c.Hidden, c.Width)
	f.pair(p+"feed_forward.w_2", c.Width, c.Hidden)
	f.pair(p+"norm_mha", c.Width)
	f.pair(p+"norm_ff", c.Width)
}

func (f *fake) estimator(p string, c EstimatorConfig) {
	w := c.Channels[0]
	f.pair(p+"time_mlp.linear_1", c.Time, c.In)
	f.pair(p+"time_mlp.linear_2", c.Time, c.Time)
	causal := func(name string, in int) {
		f.pair(name+"block.0", w, in, 3)
		f.pair(name+"block.2", w)
	}
	level := func(name string, in int) {
		causal(name+"0.block1.", in)
		causal(name+"0.block2.", w)
		f.pair(name+"0.mlp.1", w, c.Time)
		f.pair(name+"0.res_conv", w, in, 1)
		for i := range c.Blocks {
			t := fmt.Sprintf("%s1.%d.", name, i)
			for _, n := range []string{"q", "k", "v"} {
				f.put(t+"attn1.to_"+n+".weight", c.Heads*c.Head, w)
			}
			f.pair(t+"attn1.to_out.0", w, c.Heads*c.Head)
			f.pair(t+"ff.net.0.proj", 4*w, w)
			f.pair(t+"ff.net.2", w, 4*w)
			f.pair(t+"norm1", w)
			f.pair(t+"norm3", w)
		}
	}
	level(p+"down_blocks.0.", c.In)
	f.pair(p+"down_blocks.0.2", w, w, 3)
	for i := range c.MidBlocks {
		level(fmt.Sprintf("%smid_blocks.%d.", p, i), w)
	}
	level(p+"up_blocks.0.", 2*w)
	f.pair(p+"up_blocks.0.2", w, w, 3)
	causal(p+"final_block.", w)
	f.pair(p+"final_proj", c.Out, w, 1)
}

// hiftTensors lists the tensors of hift.pt.
func hiftTensors(c HiFTConfig) *fake {
	f, bins := &fake{}, c.Fourier.Size+2
	in := c.Mel
	for i := range 5 {
		f.normed(fmt.Sprintf("f0_predictor.condnet.%d", 2*i), c.PitchChannels, c.PitchChannels, in, 3)
		in = c.PitchChannels
	}
	f.pair("f0_predictor.classifier", 1, c.PitchChannels)
	f.pair("m_source.l_linear", 1, c.Harmonics+1)
	f.normed("conv_pre", c.Channels, c.Channels, c.Mel, 7)
	snakes := func(name string, channels, kernel int, dilations []int) {
		for i := range dilations {
			for _, n := range []string{"1", "2"} {
				f.normed(fmt.Sprintf("%sconvs%s.%d", name, n, i), channels, channels, channels, kernel)
				f.put(fmt.Sprintf("%sactivations%s.%d.alpha", name, n, i), channels)
			}
		}
	}
	for i, rate := range c.Rates {
		out, rest := c.Channels>>(i+1), 1
		for _, r := range c.Rates[i+1:] {
			rest *= r
		}
		f.normed(fmt.Sprintf("ups.%d", i), out, 2*out, out, c.Kernels[i])
		kernel := 2 * rest
		if rest == 1 {
			kernel = 1
		}
		f.pair(fmt.Sprintf("source_downs.%d", i), out, bins, kernel)
		snakes(fmt.Sprintf("source_resblocks.%d.", i), out, c.SourceBlocks[i], c.SourceDilations[i])
		for j, k := range c.Blocks {
			snakes(fmt.Sprintf("resblocks.%d.", i*len(c.Blocks)+j), out, k, c.Dilations[j])
		}
		_ = rate
	}
	f.normed("conv_post", bins, bins, c.Channels>>len(c.Rates), 7)
	return f
}

// smallFlow is a flow network with no two dimensions alike.
func smallFlow() FlowConfig {
	return FlowConfig{
		Input: 12, Mel: 10, Speaker: 7, Vocabulary: 50, Ratio: 2, Lookahead: 3,
		Encoder:   EncoderConfig{Width: 18, Heads: 3, Hidden: 22, Blocks: 2, UpBlocks: 1, Chunk: 5},
		Estimator: EstimatorConfig{In: 40, Out: 10, Channels: []int{16}, Head: 8, Blocks: 2, MidBlocks: 1, Heads: 3, Act: "gelu", Chunk: 10, Time: 28},
		Matching:  MatchingConfig{Scheduler: "cosine", Guidance: 0.7, Steps: 4},
	}
}

// smallHiFT is a vocoder of 24 samples a frame.
func smallHiFT() HiFTConfig {
	c := DefaultHiFT()
	c.Mel, c.Channels, c.Harmonics, c.PitchChannels, c.Rate = 10, 32, 2, 12, 1200
	c.Fourier = Fourier{Size: 8, Hop: 2}
	c.Rates, c.Kernels, c.Blocks, c.Dilations = []int{4, 3}, []int{8, 7}, []int{3, 5}, [][]int{{1, 2}, {1, 3}}
	c.SourceBlocks, c.SourceDilations = []int{3, 5}, [][]int{{1, 2}, {1}}
	return c
}

// decoder loads made-up networks.
func decoder(t testing.TB, flow FlowConfig, hift HiFTConfig) *Decoder {
	t.Helper()
	b := backend(t)
	load := func(src checkpoint.Source, plan func(*checkpoint.Plan)) {
		p := checkpoint.NewPlan(src)
		plan(p)
		w, err := p.Load(context.Background(), checkpoint.Options{Backend: b})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(w.Close)
	}
	var f *Flow
	var h *HiFT
	load(flowTensors(flow), func(p *checkpoint.Plan) { f = NewFlow(p, flow) })
	load(hiftTensors(hift), func(p *checkpoint.Plan) { h = NewHiFT(p, hift) })
	d, err := NewDecoder(b, f, h, Noises{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// backend loads the libraries that `make test` names.
func backend(t testing.TB) *ggml.Backend {
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
	return b
}

// voice is a voice with a prompt of so many units.
func voice(t testing.TB, c FlowConfig, units int) *Voice {
	t.Helper()
	speaker, mel := make([]float32, c.Speaker), make([]float32, units*c.Ratio*c.Mel)
	for i := range speaker {
		speaker[i] = float32(i%5) - 1.5
	}
	for i := range mel {
		mel[i] = float32(math.Sin(float64(i) * 0.37))
	}
	v, err := c.NewVoice(speaker, someUnits(c, units, 5), mel)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func someUnits(c FlowConfig, n, seed int) []int32 {
	units := make([]int32, n)
	for i := range units {
		units[i] = int32((i*i*7 + i*3 + seed*11) % c.Vocabulary)
	}
	return units
}

// near compares by the largest wanted value.
func near(t *testing.T, what string, got, want []float32, limit float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	worst, at, largest := 0.0, 0, 1.0
	for i := range want {
		if d := math.Abs(float64(got[i]) - float64(want[i])); !(d <= worst) {
			worst, at = d, i
		}
		largest = max(largest, math.Abs(float64(want[i])))
	}
	if !(worst <= limit*largest) {
		t.Errorf("%s: value %d is %v, want %v: off by %.3g, limit %.3g", what, at, got[at], want[at], worst, limit*largest)
	}
}
