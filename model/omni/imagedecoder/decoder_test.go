package imagedecoder

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

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
	b, err := ggml.NewBackend(2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func open(t testing.TB) *Decoder {
	t.Helper()
	d, err := Open(context.Background(), golden, checkpoint.Options{Backend: backend(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// units are some image units.
func units(n int) []int32 {
	u := make([]int32, n)
	for i := range u {
		u[i] = int32(i * 7 % 512)
	}
	return u
}

func TestEveryTensorIsNamed(t *testing.T) {
	c, err := ReadConfig(golden)
	if err != nil {
		t.Fatal(err)
	}
	src, err := OpenSource(golden, c)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	p := checkpoint.NewPlan(src)
	Declare(p, src, c, nil)
	if err := p.Err(); err != nil {
		t.Error(err)
	}
	if extra := p.Extra(""); len(extra) > 0 || p.Named() != len(src.Tensors()) {
		t.Errorf("%d of %d tensors are named, not %v", p.Named(), len(src.Tensors()), extra)
	}
}

func TestOpenListsAllThatIsWrong(t *testing.T) {
	b := backend(t)
	dir := change(t, "transformer/config.json", `"mlp_ratio": 4.0`, `"mlp_ratio": 3.0`)
	_, err := Open(context.Background(), dir, checkpoint.Options{Backend: b})
	for _, name := range []string{"transformer.single_blocks.0.linear1.weight", "transformer.single_blocks.2.linear2.weight"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not in: %v", name, err)
		}
	}
	dir = change(t, "model_index.json", "{", "{")
	if err := errors.Join(os.Remove(filepath.Join(dir, "vae/diffusion_pytorch_model.safetensors")), os.RemoveAll(filepath.Join(dir, "token_embedder/diffusion_pytorch_model.safetensors"))); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(context.Background(), dir, checkpoint.Options{Backend: b}); err == nil || !strings.Contains(err.Error(), "vae") || !strings.Contains(err.Error(), "token_embedder") {
		t.Errorf("two parts are missing: %v", err)
	}
}

func TestDecode(t *testing.T) {
	d := open(t)
	ctx := context.Background()
	o := Options{Width: 48, Height: 32, Steps: 2, Seed: 7, Preview: 16}
	var steps []Step
	o.Progress = func(s Step) { steps = append(steps, s) }
	p, err := d.Decode(ctx, units(729), o)
	if err != nil {
		t.Fatal(err)
	}
	if p.Width != 48 || p.Height != 32 || len(p.RGB) != 3*48*32 {
		t.Errorf("a picture of %d×%d, %d bytes", p.Width, p.Height, len(p.RGB))
	}
	if len(steps) != 2 || steps[1].Done != 2 || steps[1].Steps != 2 {
		t.Errorf("steps %+v", steps)
	}
	for _, s := range steps {
		if s.Preview == nil || s.Preview.Width != 16 || s.Preview.Height != 16 {
			t.Errorf("preview %+v", s.Preview)
		}
	}
	again, err := d.Decode(ctx, append(units(729), 1<<30, -1), Options{Width: 48, Height: 32, Steps: 2, Seed: 7})
	if err != nil || !bytes.Equal(p.RGB, again.RGB) {
		t.Errorf("the same seed and units with more behind them give another picture (%v)", err)
	}
	other, err := d.Decode(ctx, units(729), Options{Width: 48, Height: 32, Steps: 2, Seed: 8})
	if err != nil || bytes.Equal(p.RGB, other.RGB) {
		t.Errorf("another seed gives the same picture (%v)", err)
	}
}

// The last preview looks from the end of the way: at full size it is the picture.
func TestLastPreviewIsThePicture(t *testing.T) {
	d := open(t)
	var last Step
	o := Options{Width: 32, Height: 32, Steps: 3, Preview: 32, Progress: func(s Step) { last = s }}
	p, err := d.Decode(context.Background(), units(729), o)
	if err != nil {
		t.Fatal(err)
	}
	if last.Preview == nil || !bytes.Equal(last.Preview.RGB, p.RGB) {
		t.Error("the last preview is another picture")
	}
}

func TestDecodeRefuses(t *testing.T) {
	d := open(t)
	bad := units(729)
	bad[700] = 512
	for name, c := range map[string]struct {
		units []int32
		o     Options
		wrong string
	}{
		"few units":       {units(728), Options{Width: 32, Height: 32}, "728 image units, want 729"},
		"no units":        {nil, Options{Width: 32, Height: 32}, "0 image units"},
		"unit":            {bad, Options{Width: 32, Height: 32}, "unit 700 is 512"},
		"odd size":        {units(729), Options{Width: 40, Height: 32}, "40×32"},
		"huge":            {units(729), Options{Width: 1 << 40, Height: 1 << 40}, "pixels"},
		"half a size":     {units(729), Options{Width: 32}, "32×0"},
		"steps":           {units(729), Options{Width: 32, Height: 32, Steps: 1 << 30}, "steps"},
		"guidance":        {units(729), Options{Width: 32, Height: 32, Guidance: math.NaN()}, "guidance"},
		"noise":           {units(729), Options{Width: 32, Height: 32, Noise: make([]float32, 5)}, "noise of 5"},
		"preview":         {units(729), Options{Width: 32, Height: 32, Preview: -1}, "previews"},
		"noise not a num": {units(729), Options{Width: 32, Height: 32, Steps: 1, Noise: slices.Repeat([]float32{float32(math.NaN())}, 256)}, "no number"},
	} {
		if _, err := d.Decode(context.Background(), c.units, c.o); err == nil || !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := d.Render(context.Background(), Latent{Rows: 1 << 30, Cols: 1 << 30, Channels: 64}); err == nil {
		t.Error("a latent picture without values was painted")
	}
	if _, err := d.Paint(context.Background(), nil, 1<<20, 1<<20); err == nil {
		t.Error("a huge latent picture was painted")
	}
}

func TestCancelled(t *testing.T) {
	d := open(t)
	ctx, cancel := context.WithCancel(context.Background())
	seen := 0
	_, err := d.Decode(ctx, units(729), Options{Width: 32, Height: 32, Steps: 20, Progress: func(s Step) {
		if seen = s.Done; seen == 3 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || seen != 3 {
		t.Errorf("step %d: %v", seen, err)
	}
	l, err := d.Denoise(context.Background(), units(729), Options{Width: 32, Height: 32, Steps: 1})
	if err != nil {
		t.Fatalf("after a cancelled picture: %v", err)
	}
	if _, err := d.Render(ctx, l); !errors.Is(err, context.Canceled) {
		t.Errorf("painting: %v", err)
	}
	d.Close()
	d.Close()
}
