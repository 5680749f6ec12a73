package imagetokenizer

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"omnilive/model"
	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// speckled is a picture of made-up pixels.
func speckled(width, height int) model.Picture {
	p := model.Picture{Width: width, Height: height, RGB: make([]byte, 3*width*height)}
	state := uint32(1)
	for i := range p.RGB {
		state = state*1664525 + 1013904223
		p.RGB[i] = byte(state >> 24)
	}
	return p
}

func TestAgainstPlainLoops(t *testing.T) {
	p := plain{small.checkpoint(), small, 20, 5}
	pic := speckled(20, 20)
	for _, selected := range []int{-1, -2, 1} {
		c := smallConfig()
		c.SelectLayer = selected
		k := load(t, small.checkpoint(), c, ggml.F32)
		for _, pool := range []int{1, 2, 3} {
			u, err := k.EncodeBy(context.Background(), pic, Options{Pool: pool, Best: 33})
			if err != nil {
				t.Fatal(err)
			}
			want := p.units(pic, k.run, pool)
			if len(u.Index) != len(want) {
				t.Fatalf("%d units, want %d", len(u.Index), len(want))
			}
			for i, row := range want {
				for j := range row {
					at := i*33 + j
					if d := math.Abs(row[u.Best[at]] - float64(u.Cosine[at])); !(d < 2e-6) {
						t.Fatalf("layer %d, pool %d: token %d and row %d are alike by %v, want %v", selected, pool, i, u.Best[at], u.Cosine[at], row[u.Best[at]])
					}
				}
				if u.Index[i] != u.Best[i*33] {
					t.Errorf("token %d is %d, the most alike is %d", i, u.Index[i], u.Best[i*33])
				}
			}
		}
	}
}

func TestTheSamePictureGivesTheSameUnits(t *testing.T) {
	k := load(t, small.checkpoint(), smallConfig(), ggml.F32)
	first, err := k.Encode(context.Background(), speckled(71, 33))
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := k.Encode(context.Background(), speckled(71, 33)); !slices.Equal(first, again) {
		t.Errorf("%v, then %v", first, again)
	}
	draws := map[string]bool{}
	for seed := range uint64(20) {
		a, err := k.EncodeBy(context.Background(), speckled(71, 33), Options{Draw: true, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		if b, _ := k.EncodeBy(context.Background(), speckled(71, 33), Options{Draw: true, Seed: seed}); !slices.Equal(a.Index, b.Index) {
			t.Errorf("seed %d: %v, then %v", seed, a.Index, b.Index)
		}
		draws[string(bytesOf(a.Index))] = true
	}
	if len(draws) < 2 {
		t.Error("twenty seeds draw the same units")
	}
}

func bytesOf(v []int32) (b []byte) {
	for _, x := range v {
		b = append(b, byte(x))
	}
	return b
}

// Every size of picture gives as many units; those that are none or too large are refused.
func TestPictures(t *testing.T) {
	k := load(t, small.checkpoint(), smallConfig(), ggml.F32)
	for _, size := range [][2]int{{1, 1}, {1, 500}, {500, 1}, {20, 20}} {
		if u, err := k.Encode(context.Background(), speckled(size[0], size[1])); err != nil || len(u) != 9 {
			t.Errorf("%v: %v, %v", size, u, err)
		}
	}
	for name, p := range map[string]model.Picture{
		"empty": {}, "negative": {Width: -1, Height: 1}, "lying": {Width: 20, Height: 20, RGB: make([]byte, 3)},
		"huge": {Width: 30000, Height: 30000, RGB: make([]byte, 3)},
	} {
		if u, err := k.Encode(context.Background(), p); err == nil {
			t.Errorf("%s: %v", name, u)
		}
	}
}

func TestMistakesOfTheCaller(t *testing.T) {
	k := load(t, small.checkpoint(), smallConfig(), ggml.F32)
	for _, o := range []Options{{Pool: -1}, {Pool: 4}, {Best: -1}, {Best: 65}} {
		if _, err := k.EncodeBy(context.Background(), speckled(20, 20), o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
	if _, err := Declare(checkpoint.NewPlan(small.checkpoint()).At(prefix), smallConfig(), nil).Encode(context.Background(), speckled(20, 20)); err == nil {
		t.Error("encodes without a backend")
	}
	unloaded := Declare(checkpoint.NewPlan(small.checkpoint()).At(prefix), smallConfig(), k.backend)
	if _, err := unloaded.Encode(context.Background(), speckled(20, 20)); err == nil || !strings.Contains(err.Error(), "not loaded") {
		t.Errorf("without weights: %v", err)
	}
	k.Close()
	k.Close()
}

// A codebook that was begun and given up is finished by the next call, and is then the same.
func TestCancelled(t *testing.T) {
	k, other := load(t, small.checkpoint(), smallConfig(), ggml.F32), load(t, small.checkpoint(), smallConfig(), ggml.F32)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := k.Encode(ctx, speckled(20, 20)); !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled: %v", err)
	}
	a, err1 := k.Codebook(context.Background())
	b, err2 := other.Codebook(context.Background())
	if err1 != nil || err2 != nil || !slices.Equal(a, b) {
		t.Errorf("the codebooks differ: %v, %v", err1, err2)
	}
	if c, _ := k.Codebook(context.Background()); !slices.Equal(a, c) {
		t.Error("the codebook was finished twice")
	}
}

func TestDamagedWeights(t *testing.T) {
	k := load(t, small.checkpoint(), smallConfig(), ggml.F32)
	f := small.checkpoint()
	f.spoilt = prefix + "bottleneck.in_linear.weight"
	p := checkpoint.NewPlan(f)
	Declare(p.At(prefix), smallConfig(), k.backend)
	if w, err := p.Load(context.Background(), checkpoint.Options{Backend: k.backend}); err == nil {
		w.Close()
		t.Error("weights that are not numbers are taken")
	}
}

// What rounding the matrices costs: most units stay. The codebook is f32 in any case.
func TestOtherTypes(t *testing.T) {
	wide := small
	wide.hidden, wide.mlp = 64, 96
	c := smallConfig()
	c.Encoder.Heads = 4
	exact := load(t, wide.checkpoint(), c, ggml.F32)
	want, err := exact.EncodeBy(context.Background(), speckled(20, 20), Options{Best: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []ggml.Type{ggml.F16, ggml.BF16, ggml.Q8_0} {
		u, err := load(t, wide.checkpoint(), c, kind).EncodeBy(context.Background(), speckled(20, 20), Options{Best: 1})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range u.Cosine {
			if d := math.Abs(float64(v - want.Cosine[i])); !(d < 0.05) {
				t.Errorf("%v: token %d is alike by %v, in f32 by %v", kind, i, v, want.Cosine[i])
			}
		}
	}
}

// Where matrices cannot be packed, products with plain ones choose the same.
func TestPlainFactor(t *testing.T) {
	k := load(t, small.checkpoint(), smallConfig(), ggml.F32)
	if err := k.Prepare(context.Background()); err != nil {
		t.Fatal(err)
	}
	z, err := k.features(context.Background(), speckled(20, 20), 1)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Best: 3}
	packed, err := newFactor(k.backend, z, int64(k.dim))
	if err != nil {
		t.Fatal(err)
	}
	defer packed.close()
	plain := factor{in: int64(k.dim), out: int64(len(z) / k.dim)}
	if plain.m, err = plain.upload(k.backend, z); err != nil {
		t.Fatal(err)
	}
	defer plain.close()
	want, err1 := k.codebook.search(context.Background(), k.graph, packed, o, k.temperature)
	got, err2 := k.codebook.search(context.Background(), k.graph, plain, o, k.temperature)
	if err1 != nil || err2 != nil || !slices.Equal(got.Best, want.Best) || !slices.Equal(got.Index, want.Index) {
		t.Fatalf("%v and %v: %v, %v", got, want, err1, err2)
	}
	for i, v := range got.Cosine {
		if d := math.Abs(float64(v - want.Cosine[i])); !(d < 1e-6) {
			t.Errorf("likeness %d is %v, packed %v", i, v, want.Cosine[i])
		}
	}
}

// A codebook that is made and searched in many parts, the last one shorter, is the same and gives the same units.
func TestCodebookInParts(t *testing.T) {
	whole, parts := load(t, small.checkpoint(), smallConfig(), ggml.F32), load(t, small.checkpoint(), smallConfig(), ggml.F32)
	parts.codebook.block = 4 * 7 * 5 // 33 rows are made 5 and searched 15 at a time
	a, err1 := whole.Codebook(context.Background())
	b, err2 := parts.Codebook(context.Background())
	if err1 != nil || err2 != nil || !slices.Equal(a, b) {
		t.Errorf("the codebooks differ: %v, %v", err1, err2)
	}
	for _, o := range []Options{{Best: 33}, {Draw: true, Seed: 3}} {
		want, err1 := whole.EncodeBy(context.Background(), speckled(20, 20), o)
		got, err2 := parts.EncodeBy(context.Background(), speckled(20, 20), o)
		if err1 != nil || err2 != nil || !slices.Equal(got.Index, want.Index) || !slices.Equal(got.Best, want.Best) {
			t.Errorf("%+v: %v, want %v (%v, %v)", o, got.Index, want.Index, err1, err2)
		}
	}
}
