package imagetokenizer

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"omnilive/model/checkpoint"
)

// The 8B's config names only the kind; its 527 tensors must all be named, and none besides.
func TestPublishedCheckpoint(t *testing.T) {
	f := published.checkpoint()
	if len(f.names) != 527 {
		t.Fatalf("the list has %d tensors, omni-8b.md counts 527", len(f.names))
	}
	var c Config
	if err := json.Unmarshal([]byte(`{"model_type": "ta_tok"}`), &c); err != nil {
		t.Fatal(err)
	}
	p := checkpoint.NewPlan(f)
	k := Declare(p.At(prefix), c, nil)
	if err := p.Err(); err != nil {
		t.Fatal(err)
	}
	if p.Named() != 527 {
		t.Errorf("%d tensors named, want 527", p.Named())
	}
	if extra := p.Extra(""); len(extra) != 0 {
		t.Errorf("not named: %v", extra)
	}
	want := sizes{hidden: 1152, mlp: 4304, layers: 27, heads: 16, side: 384, patch: 14, grid: 27, dim: 1536, codes: 65536, run: 26, pool: 1, eps: 1e-6, temperature: 0.03}
	if k.sizes != want {
		t.Errorf("sizes %+v, want %+v", k.sizes, want)
	}
	if n, kinds := k.Count(); n != 729 || kinds != 65536 {
		t.Errorf("%d units of %d kinds", n, kinds)
	}
}

// Whatever tensor is missing or misshapen is named.
func TestEveryTensorIsWanted(t *testing.T) {
	for _, name := range small.checkpoint().names {
		f := small.checkpoint()
		delete(f.shapes, name)
		p := checkpoint.NewPlan(f)
		Declare(p.At(prefix), smallConfig(), nil)
		if p.Err() == nil || !strings.Contains(p.Err().Error(), name) {
			t.Errorf("without %s: %v", name, p.Err())
		}
		f = small.checkpoint()
		f.shapes[name] = append(slices.Clone(f.shapes[name]), 2)
		p = checkpoint.NewPlan(f)
		Declare(p.At(prefix), smallConfig(), nil)
		if p.Err() == nil {
			t.Errorf("%s with a dimension more is taken", name)
		}
	}
}

func TestSizesFromConfig(t *testing.T) {
	c := smallConfig()
	c.SelectLayer, c.PoolScale = -1, 2
	p := checkpoint.NewPlan(small.checkpoint())
	k := Declare(p.At(prefix), c, nil)
	if n, _ := k.Count(); p.Err() != nil || k.run != 3 || n != 1 {
		t.Errorf("%d layers run, %d units, %v", k.run, n, p.Err())
	}
	if p.Named() != len(small.checkpoint().names) {
		t.Errorf("%d tensors named", p.Named())
	}
}

var impossible = map[string]string{
	"negative hidden size": `{"encoder": {"hidden_size": -4}}`,
	"huge hidden size":     `{"encoder": {"hidden_size": 2000000000}}`,
	"huge MLP":             `{"encoder": {"intermediate_size": 2000000000}}`,
	"huge layers":          `{"encoder": {"num_hidden_layers": 2000000000}}`,
	"other layers":         `{"encoder": {"num_hidden_layers": 5}}`,
	"heads":                `{"encoder": {"num_attention_heads": 7}}`,
	"negative heads":       `{"encoder": {"num_attention_heads": -5}}`,
	"huge picture":         `{"input_size": 2000000000}`,
	"negative picture":     `{"input_size": -20}`,
	"other picture":        `{"input_size": 26}`,
	"no patch":             `{"input_size": 5}`,
	"huge patch":           `{"encoder": {"patch_size": 2000000000}}`,
	"small patch":          `{"input_size": 4000, "encoder": {"patch_size": 1}}`,
	"pool":                 `{"pool_scale": 4}`,
	"negative pool":        `{"pool_scale": -1}`,
	"selected":             `{"select_layer_id": -4}`,
	"selected beyond":      `{"select_layer_id": 4}`,
	"huge codebook":        `{"codebook_size": 2000000000}`,
	"negative width":       `{"bottleneck_dim": -7}`,
	"no norm":              `{"l2_normalized": false}`,
	"eps":                  `{"encoder": {"layer_norm_eps": -1}}`,
	"huge eps":             `{"encoder": {"layer_norm_eps": 1e300}}`,
	"temperature":          `{"stochastic_temperature": -0.03}`,
	"channels":             `{"encoder": {"num_channels": 4}}`,
	"activation":           `{"encoder": {"hidden_act": "relu"}}`,
}

func TestImpossibleConfigs(t *testing.T) {
	for name, text := range impossible {
		c := smallConfig()
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		p := checkpoint.NewPlan(small.checkpoint())
		if Declare(p.At(prefix), c, nil); p.Err() == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func FuzzConfig(f *testing.F) {
	for _, text := range impossible {
		f.Add([]byte(text))
	}
	src := small.checkpoint()
	f.Fuzz(func(t *testing.T, text []byte) {
		c := smallConfig()
		if json.Unmarshal(text, &c) != nil {
			return
		}
		p := checkpoint.NewPlan(src)
		k := Declare(p.At(prefix), c, nil)
		if p.Err() != nil {
			return
		}
		if n, _ := k.Count(); n < 1 || n > 9 {
			t.Errorf("%d units by %s", n, text)
		}
		k.Close()
	})
}
