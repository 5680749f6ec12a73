package vision

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// published is the part of the 8B's config.json that this package reads.
const published = `{"hidden_size": 4096, "mm_projector_type": "linear", "text_config": {"hidden_size": 4096}, "vision_config": {
	"model_type": "qwen2_5_vl", "depth": 32, "hidden_size": 1280, "num_heads": 16, "intermediate_size": 3456, "out_hidden_size": 5120,
	"patch_size": 14, "temporal_patch_size": 2, "spatial_merge_size": 2, "window_size": 112, "fullatt_block_indexes": [7, 15, 23, 31],
	"tokens_per_second": 2, "hidden_act": "silu", "in_channels": 3}}`

func publishedConfig(t testing.TB, depth int) (c Config) {
	t.Helper()
	if err := json.Unmarshal([]byte(published), &c); err != nil {
		t.Fatal(err)
	}
	c.Tower.Depth = depth
	return c
}

// A drawn checkpoint has the published names and shapes (omni-8b.md 2.1), so many blocks of them, and small random numbers.
type drawn map[string][]int64

func draw(depth int) drawn {
	d := drawn{
		"model.vision_model.patch_embed.proj.weight": {1280, 3, 2, 14, 14},
		"model.vision_model.merger.ln_q.weight":      {1280},
		"model.vision_model.merger.mlp.0.weight":     {5120, 5120},
		"model.vision_model.merger.mlp.0.bias":       {5120},
		"model.vision_model.merger.mlp.2.weight":     {5120, 5120},
		"model.vision_model.merger.mlp.2.bias":       {5120},
		"model.mm_projector.weight":                  {4096, 5120},
		"model.mm_projector.bias":                    {4096},
	}
	block := drawn{
		"norm1.weight": {1280}, "norm2.weight": {1280},
		"attn.qkv.weight": {3840, 1280}, "attn.qkv.bias": {3840}, "attn.proj.weight": {1280, 1280}, "attn.proj.bias": {1280},
		"mlp.gate_proj.weight": {3456, 1280}, "mlp.gate_proj.bias": {3456}, "mlp.up_proj.weight": {3456, 1280},
		"mlp.up_proj.bias": {3456}, "mlp.down_proj.weight": {1280, 3456}, "mlp.down_proj.bias": {1280},
	}
	for i := range depth {
		for name, shape := range block {
			d[fmt.Sprintf("model.vision_model.blocks.%d.%s", i, name)] = shape
		}
	}
	return d
}

func (d drawn) Tensors() (all []checkpoint.Tensor) {
	for name := range d {
		t, _ := d.Lookup(name)
		all = append(all, t)
	}
	return all
}

func (d drawn) Lookup(name string) (checkpoint.Tensor, bool) {
	shape, ok := d[name]
	return checkpoint.Tensor{Name: name, Type: ggml.F32, Shape: shape}, ok
}

func (d drawn) Read(_ checkpoint.Tensor, at int64, dst []byte) error {
	state := uint32(at) + 1
	for i := 0; i+4 <= len(dst); i += 4 {
		state = state*1664525 + 1013904223
		binary.LittleEndian.PutUint32(dst[i:], math.Float32bits((float32(state>>8)/(1<<24)-0.5)*0.05))
	}
	return nil
}

func (d drawn) Close() error { return nil }

// The 8B has 390 tensors in vision_model and 2 in mm_projector; each is wanted, and none besides.
func TestPublishedTensors(t *testing.T) {
	c, d := publishedConfig(t, 32), draw(32)
	p := checkpoint.NewPlan(d)
	Declare(p.At("model."), c, DefaultPreprocessing(), nil)
	if err := p.Err(); err != nil {
		t.Fatal(err)
	}
	if extra := p.Extra(""); p.Named() != 392 || len(d) != 392 || len(extra) > 0 {
		t.Errorf("%d tensors named of %d; not named: %v", p.Named(), len(d), extra)
	}
	for _, name := range []string{"model.mm_projector.bias", "model.vision_model.blocks.31.mlp.up_proj.weight"} {
		shape := d[name]
		delete(d, name)
		p := checkpoint.NewPlan(d)
		if Declare(p.At("model."), c, DefaultPreprocessing(), nil); p.Err() == nil {
			t.Errorf("without %s: no error", name)
		}
		d[name] = shape
	}
}

// One block of the 8B's size, on a picture of 448x448.
func BenchmarkPublishedBlock(b *testing.B) {
	back := backend(b)
	for _, kind := range []ggml.Type{ggml.F32, ggml.F16, ggml.BF16, ggml.Q8_0} {
		b.Run(kind.String(), func(b *testing.B) {
			seconds := map[int]float64{}
			for _, depth := range []int{1, 3} {
				c := publishedConfig(b, depth)
				p := checkpoint.NewPlan(draw(depth))
				e := Declare(p.At("model."), c, DefaultPreprocessing(), back)
				w, err := p.Load(context.Background(), checkpoint.Options{Backend: back, Type: kind})
				if err != nil {
					b.Fatal(err)
				}
				patches := make([]float32, 32*32*c.Tower.patch())
				for i := range patches {
					patches[i] = float32(i%17) / 17
				}
				b.ResetTimer()
				for range b.N {
					if _, err := e.Encode(context.Background(), patches, Grid{1, 32, 32}); err != nil {
						b.Fatal(err)
					}
				}
				seconds[depth] = b.Elapsed().Seconds() / float64(b.N)
				e.Close()
				w.Close()
			}
			b.ReportMetric((seconds[3]-seconds[1])/2*1000, "ms/block")
		})
	}
}
