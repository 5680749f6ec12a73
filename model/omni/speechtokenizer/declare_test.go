package speechtokenizer

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"omnilive/model/checkpoint"
)

// The 8B's config names only the kind; its 102 tensors must all be named, and none besides.
func TestPublishedCheckpoint(t *testing.T) {
	f := published.checkpoint()
	if len(f.names) != 102 {
		t.Fatalf("the list has %d tensors, omni-8b.md counts 102", len(f.names))
	}
	var c Config
	if err := json.Unmarshal([]byte(`{"model_type": "cosyvoice2"}`), &c); err != nil {
		t.Fatal(err)
	}
	p := checkpoint.NewPlan(f)
	k := Declare(p.At(prefix), c, nil)
	if err := p.Err(); err != nil {
		t.Fatal(err)
	}
	if p.Named() != 102 || len(p.Extra("")) != 0 {
		t.Errorf("%d tensors named, want 102; not named: %v", p.Named(), p.Extra(""))
	}
	want := sizes{mels: 128, hidden: 1280, heads: 20, head: 64, layers: 6, mlp: 5120, memory: 31, positions: 2048, digits: 8, units: 6561, attnEps: 1e-6, mlpEps: 1e-5, piece: 1280000}
	if k.sizes != want || k.Kinds() != 6561 {
		t.Errorf("sizes %+v, want %+v", k.sizes, want)
	}
}

// Lengths of omni-8b.md 3.4, and the rule of the last piece.
func TestCount(t *testing.T) {
	k := Declare(checkpoint.NewPlan(published.checkpoint()).At(prefix), Config{}, nil)
	for samples, want := range map[int]int{
		0: 0, 399: 0, 400: 1, 799: 1, 800: 2, 1600: 3, 8000: 13, 16000: 25, 24000: 38, 53280: 84, 160000: 250, 479840: 750, 480000: 750, 480160: 751,
		1440000: 2250, 57600000: 90000, 1280000: 2000, 1280000 + 1599: 2003, 1280000 + 1600: 2003, 2560000 + 160: 4001,
	} {
		if got := k.Count(samples); got != want {
			t.Errorf("%d samples give %d units, want %d", samples, got, want)
		}
	}
	if k.next(1280000+1599) != 1280000+1599 || k.next(1280000+1600) != 1280000 || k.places() > 2048 {
		t.Errorf("a rest of 1599 samples goes along and one of 1600 does not; places for %d units", k.places())
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

var impossible = map[string]string{
	"mels":             `{"n_mels": 21}`,
	"huge mels":        `{"n_mels": 2000000000}`,
	"negative state":   `{"n_audio_state": -16}`,
	"huge state":       `{"n_audio_state": 2000000000}`,
	"heads":            `{"n_audio_head": 3}`,
	"negative heads":   `{"n_audio_head": -2}`,
	"huge heads":       `{"n_audio_head": 9223372036854775807}`,
	"layers":           `{"n_audio_layer": 3}`,
	"huge layers":      `{"n_audio_layer": 2000000000}`,
	"units":            `{"n_codebook_size": 80}`,
	"odd head":         `{"rope_dim": 1}`,
	"huge head":        `{"rope_dim": 2000000000}`,
	"negative head":    `{"rope_dim": -8}`,
	"few positions":    `{"rope_positions": 2}`,
	"huge positions":   `{"rope_positions": 2000000000}`,
	"memory":           `{"fsmn_kernel": 4}`,
	"huge memory":      `{"fsmn_kernel": 2000000000}`,
	"eps":              `{"attn_ln_eps": -1}`,
	"huge eps":         `{"mlp_ln_eps": 1e300}`,
	"head not a share": `{"rope_dim": 6}`,
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
		if n := k.Count(1 << 20); n < 1<<20/640 || k.places() > k.positions {
			t.Errorf("%d units in pieces of %d by %s", n, k.piece, text)
		}
	})
}
