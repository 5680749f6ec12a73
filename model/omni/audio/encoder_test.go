package audio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"omnilive/model/checkpoint"
)

func TestPiecesKnowNothingOfOneAnother(t *testing.T) {
	e := open(t, small())
	ctx, whole := context.Background(), e.Config().PieceSamples()
	samples := sound(2*whole + 1234)
	got, err := e.Encode(ctx, samples)
	if err != nil {
		t.Fatal(err)
	}
	var want []float32
	for part := range slices.Chunk(samples, whole) {
		rows, err := e.Encode(ctx, part)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, rows...)
	}
	if !slices.Equal(got, want) || len(got) != e.Config().Rows(len(samples))*e.Width() {
		t.Errorf("%d values together, %d apart, or other ones", len(got), len(want))
	}
}

// A short piece is the padded one: where silence is really there, and the reference would mask it, only the values of
// its frames tell the lengths apart.
func TestFramesBehindTheSoundAreHeardByTheConvolutionsOnly(t *testing.T) {
	e := open(t, small())
	ctx := context.Background()
	for _, n := range []int{321, 480, 1600, 1601, 3000, e.Config().PieceSamples() - 1, e.Config().PieceSamples()} {
		s, err := e.Listen(sound(n))
		if err != nil {
			t.Fatal(err)
		}
		want, err := e.Understand(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		bands := e.Config().Audio.Bands
		for len(s.Frames) < halves*e.Config().Audio.Positions*bands { // written out
			s.Frames = append(s.Frames, s.Rest)
		}
		_, states, _ := lengths(n)
		for i := min(halves*states+1, halves*e.Config().Audio.Positions) * bands; i < len(s.Frames); i++ {
			s.Frames[i] = 7 // nobody's
		}
		got, err := e.Understand(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) || len(got) != e.Config().Rows(n)*e.Width() {
			t.Errorf("%d samples: other rows", n)
		}
	}
}

func TestEdges(t *testing.T) {
	e := open(t, small())
	ctx, whole := context.Background(), e.Config().PieceSamples()
	for _, n := range []int{0, 1, 160, 320} {
		if rows, err := e.Encode(ctx, sound(n)); err != nil || len(rows) != 0 {
			t.Errorf("%d samples: %d values, %v", n, len(rows), err)
		}
	}
	if rows, err := e.Encode(ctx, make([]float32, 5000)); err != nil || len(rows) != e.Config().Rows(5000)*e.Width() {
		t.Errorf("silence: %d values, %v", len(rows), err)
	}
	bad := sound(5000)
	bad[4000] = float32(math.NaN())
	if _, err := e.Encode(ctx, bad); err == nil || !strings.Contains(err.Error(), "sample 4000 is NaN") {
		t.Errorf("NaN: %v", err)
	}
	if _, err := e.Piece(ctx, make([]float32, whole+1)); err == nil {
		t.Error("too long a piece: no error")
	}
	for name, s := range map[string]Spectrogram{"ragged": {Frames: make([]float32, 5), Audible: 9}, "long": {Audible: 1 << 40}} {
		if _, err := e.Understand(ctx, s); err == nil {
			t.Errorf("%s spectrogram: no error", name)
		}
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := e.Encode(done, sound(5000)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestLengths(t *testing.T) {
	c := Config{Audio: Shape{Positions: 1500}}
	for samples, want := range map[int]int{
		0: 0, 1: 0, 320: 0, 321: 1, 1600: 2, 8000: 12, 16000: 25, 24000: 37, 53280: 83, 160000: 250, 479840: 750, 480000: 750,
		480160: 750, 480320: 750, 480321: 751, 1440000: 2250, 57600000: 90000,
	} {
		_, _, rows := c.Lengths(samples)
		sum := 0
		for _, r := range rows {
			sum += r
		}
		if n := c.Rows(samples); n != want || sum != want {
			t.Errorf("%d samples: %d rows, by pieces %d, want %d", samples, n, sum, want)
		}
	}
}

const published = `{"audio_config": {"d_model": 1280, "encoder_layers": 32, "encoder_attention_heads": 20, "encoder_ffn_dim": 5120,
	"num_mel_bins": 128, "max_source_positions": 1500, "activation_function": "gelu"}, "audio_projector_type": "mlp",
	"text_config": {"hidden_size": 4096}}`

func TestConfigs(t *testing.T) {
	var c Config
	if err := json.Unmarshal([]byte(published), &c); err != nil {
		t.Fatal(err)
	}
	if n := len(newFake(c)); n != 487+4 {
		t.Errorf("%d tensors, the published checkpoint has 491", n)
	}
	p := checkpoint.NewPlan(newFake(c))
	if Declare(p, c, nil); p.Err() != nil || len(p.Extra("")) != 0 {
		t.Errorf("the published sizes: %v, left over %v", p.Err(), p.Extra(""))
	}
	for name, change := range map[string]func(*Config){
		"d_model":                 func(c *Config) { c.Audio.Width = 1 << 40 },
		"encoder_layers":          func(c *Config) { c.Audio.Layers = 1 << 30 },
		"encoder_attention_heads": func(c *Config) { c.Audio.Heads = 0 },
		"heads do not share":      func(c *Config) { c.Audio.Heads = 7 },
		"encoder_ffn_dim":         func(c *Config) { c.Audio.Inner = -1 },
		"num_mel_bins":            func(c *Config) { c.Audio.Bands = 401 },
		"max_source_positions":    func(c *Config) { c.Audio.Positions = 1 },
		"activation_function":     func(c *Config) { c.Audio.Activation = "relu" },
		"audio_projector_type":    func(c *Config) { c.Projector = "qformer" },
		"hidden_size":             func(c *Config) { c.Text.Width = 0 },
		"layers.2":                func(c *Config) { c.Audio.Layers++ },
		"has shape":               func(c *Config) { c.Audio.Inner++ },
	} {
		c := small()
		src := newFake(c)
		change(&c)
		p := checkpoint.NewPlan(src)
		if Declare(p, c, nil); p.Err() == nil || !strings.Contains(p.Err().Error(), name) {
			t.Errorf("%s: %v", name, p.Err())
		}
	}
}

// Any config is declared or refused without a panic or much memory.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(published))
	f.Add([]byte(`{"audio_config": {"d_model": -1, "encoder_layers": 9e99}, "text_config": []}`))
	small, err := json.Marshal(small())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(small)
	src := newFake(Config{})
	f.Fuzz(func(t *testing.T, text []byte) {
		var c Config
		if json.Unmarshal(text, &c) != nil {
			return
		}
		p := checkpoint.NewPlan(src)
		if Declare(p, c, nil); p.Err() == nil {
			t.Errorf("weights of nothing pass for %+v", c)
		}
		if c.check() != nil {
			return
		}
		for _, n := range []int{1, 12345, c.PieceSamples(), 3 * c.PieceSamples()} {
			_, _, rows := c.Lengths(min(n, 1<<30))
			sum := 0
			for _, r := range rows {
				sum += r
			}
			if want := c.Rows(min(n, 1<<30)); sum != want {
				t.Errorf("%s: %d rows, want %d", fmt.Sprint(c.Audio), sum, want)
			}
		}
	})
}
