package vision

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"omnilive/model"
	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
	"omnilive/model/picture"
)

// small is the folder of a tower of 4 blocks; testdata/make_golden.py made it.
const small = "../verify/testdata/vision_model"

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

func smallConfig(t testing.TB) (c Config) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(small, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func smallEncoder(t testing.TB) *Encoder {
	t.Helper()
	b := backend(t)
	src, err := checkpoint.Open(filepath.Join(small, "weights.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	c := smallConfig(t)
	p := checkpoint.NewPlan(src)
	e := Declare(p.At("model."), c, c.Preprocessing(), b)
	w, err := p.Load(context.Background(), checkpoint.Options{Backend: b})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	t.Cleanup(e.Close)
	return e
}

// noise is a picture that shows every mistake of order.
func noise(seed uint64, width, height int) model.Picture {
	r := rand.New(rand.NewPCG(seed, 1))
	p := model.Picture{Width: width, Height: height, RGB: make([]byte, 3*width*height)}
	for i := range p.RGB {
		p.RGB[i] = byte(r.Uint32())
	}
	return p
}

// Temporal grids do not see one another, whatever was encoded before.
func TestGridsAreApart(t *testing.T) {
	e, ctx := smallEncoder(t), context.Background()
	frames := []model.Picture{noise(1, 60, 48), noise(2, 60, 48), noise(3, 60, 48), noise(4, 60, 48)}
	patches, g, err := e.patcher.Patches(frames)
	if err != nil {
		t.Fatal(err)
	}
	both, err := e.Encode(ctx, patches, g)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := e.Image(ctx, noise(9, 100, 30)); err != nil { // another size between
		t.Fatal(err)
	}
	var apart []float32
	for i := range 2 {
		rows, err := e.Encode(ctx, patches[len(patches)/2*i:][:len(patches)/2], Grid{1, g.H, g.W})
		if err != nil {
			t.Fatal(err)
		}
		apart = append(apart, rows...)
	}
	if !slices.Equal(both, apart) || len(both) != e.Tokens(g)*e.Width() {
		t.Errorf("%d values together, %d apart, or not the same", len(both), len(apart))
	}
	if slices.Equal(both[:len(both)/2], both[len(both)/2:]) {
		t.Error("both grids give the same")
	}
}

// What an encoder keeps of one size is not used for another, not even one of as many patches.
func TestSizesAreApart(t *testing.T) {
	e, fresh, ctx := smallEncoder(t), smallEncoder(t), context.Background()
	patches, _, err := e.patcher.Patches([]model.Picture{noise(1, 60, 24), noise(2, 60, 24)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Encode(ctx, patches, Grid{1, 4, 10}); err != nil {
		t.Fatal(err)
	}
	after, err := e.Encode(ctx, patches, Grid{1, 10, 4})
	if err != nil {
		t.Fatal(err)
	}
	want, err := fresh.Encode(ctx, patches, Grid{1, 10, 4})
	if err != nil || !slices.Equal(after, want) {
		t.Errorf("another size before changes the result (%v)", err)
	}
}

// A stream gives what the whole video gives, to the bit, and the clock picks two frames a second.
func TestStreamIsVideo(t *testing.T) {
	e, ctx := smallEncoder(t), context.Background()
	limits := picture.Limits{Factor: e.Side(), MinPixels: 24 * 24, MaxPixels: 48 * 48}
	var frames []model.Picture
	for i := range 31 {
		frames = append(frames, noise(uint64(i), 50, 40))
	}
	s, err := e.Stream(limits, SampleRate)
	if err != nil {
		t.Fatal(err)
	}
	var streamed []float32
	var picked []model.Picture
	next := 0
	for i, f := range frames { // ten a second, from 30 ms on
		at := time.Duration(i)*100*time.Millisecond + 30*time.Millisecond
		rows, err := s.Add(ctx, at, f)
		if err != nil {
			t.Fatal(err)
		}
		streamed = append(streamed, rows...)
		if i == next {
			picked, next = append(picked, f), next+5
		}
	}
	rows, err := s.Finish(ctx)
	if err != nil {
		t.Fatal(err)
	}
	streamed = append(streamed, rows...)
	whole, g, err := e.Video(ctx, picked, limits)
	if err != nil {
		t.Fatal(err)
	}
	if g != s.Grid() || g.T != 4 || len(picked) != 7 || !slices.Equal(streamed, whole) {
		t.Errorf("streamed %v and %d values, whole %v and %d, %d frames", s.Grid(), len(streamed), g, len(whole), len(picked))
	}
}

// The order of windows is an order: each cell once, and scatter undoes gather.
func TestWindowOrder(t *testing.T) {
	for range 200 {
		rows, columns, side := 1+rand.IntN(20), 1+rand.IntN(20), 1+rand.IntN(6)
		o := windowOrder(rows, columns, side, 4)
		src, dst, back := make([]float32, 3*rows*columns), make([]float32, 3*rows*columns), make([]float32, 3*rows*columns)
		for i := range src {
			src[i] = float32(i)
		}
		o.gather(dst, src, 3)
		o.scatter(back, dst, 3)
		var patches int32
		for _, n := range o.windows {
			if n < 1 {
				t.Fatalf("%dx%d by %d: an empty window", rows, columns, side)
			}
			patches += n
		}
		if !slices.Equal(src, back) || int(patches) != 4*rows*columns {
			t.Fatalf("%dx%d by %d: %v", rows, columns, side, o)
		}
	}
}

func TestEncodeBadInput(t *testing.T) {
	e, ctx := smallEncoder(t), context.Background()
	patch := e.c.Tower.patch()
	for _, k := range []struct {
		n int
		g Grid
	}{
		{0, Grid{}},
		{4 * patch, Grid{1, 2, 3}},
		{4*patch - 1, Grid{1, 2, 2}},
		{9 * patch, Grid{1, 3, 3}},
		{0, Grid{1 << 40, 1 << 20, 1 << 20}},
		{4 * patch, Grid{-1, -2, 2}},
		{0, Grid{1, 1 << 62, 4}},
		{4 * patch, Grid{math.MaxInt, 2, 2}},
	} {
		if _, err := e.Encode(ctx, make([]float32, k.n), k.g); err == nil {
			t.Errorf("%d values as %v: no error", k.n, k.g)
		}
	}
	bad := make([]float32, 4*patch)
	bad[7] = float32(math.NaN())
	if _, err := e.Encode(ctx, bad, Grid{1, 2, 2}); err == nil || !strings.Contains(err.Error(), "finite") {
		t.Errorf("NaN: %v", err)
	}
	if _, _, err := e.Image(ctx, model.Picture{Width: 30000, Height: 30000}); !errors.Is(err, picture.ErrTooLarge) {
		t.Errorf("30000x30000: %v", err)
	}
	if _, g, err := e.Image(ctx, noise(1, 1, 1)); err != nil || g.T != 1 {
		t.Errorf("1x1: %v %v", g, err)
	}
	if _, _, err := e.Video(ctx, nil, FrameLimits(e.Side())); err == nil {
		t.Error("a video without frames: no error")
	}
	if _, _, err := e.Video(ctx, []model.Picture{noise(1, 4480, 28)}, picture.Limits{Factor: e.Side(), MinPixels: 1, MaxPixels: 12 * 24}); err == nil {
		t.Error("a thin frame: no error")
	}
	if _, err := e.Stream(picture.Limits{Factor: 7, MinPixels: 1, MaxPixels: 100}, 2); err == nil {
		t.Error("another factor: no error")
	}
	cancelled, cancel := context.WithCancelCause(ctx)
	cancel(errors.New("hung up"))
	if _, _, err := e.Image(cancelled, noise(1, 50, 50)); err == nil || !strings.Contains(err.Error(), "hung up") {
		t.Errorf("cancelled: %v", err)
	}
}

// A config that cannot be is refused in words, before anything is read.
func TestConfigBadInput(t *testing.T) {
	if err := smallConfig(t).Check(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"no heads":          func(c *Config) { c.Tower.Heads = 0 },
		"heads":             func(c *Config) { c.Tower.Heads = 5 },
		"rotary":            func(c *Config) { c.Tower.Heads = 18 },
		"depth":             func(c *Config) { c.Tower.Depth = 1 << 40 },
		"negative":          func(c *Config) { c.Tower.Hidden = -36 },
		"wide":              func(c *Config) { c.Tower.MLP = 1 << 30 },
		"window":            func(c *Config) { c.Tower.Window = 3 },
		"patch":             func(c *Config) { c.Tower.Patch = -1 },
		"merge":             func(c *Config) { c.Tower.Merge = 1 << 20 },
		"temporal":          func(c *Config) { c.Tower.Temporal = -2 },
		"channels":          func(c *Config) { c.Tower.Channels = 4 },
		"activation":        func(c *Config) { c.Tower.Activation = "relu" },
		"projector":         func(c *Config) { c.Projector = "honeybee" },
		"language model":    func(c *Config) { c.Text.Hidden = 0 },
		"full attention":    func(c *Config) { c.Tower.Full = []int{-1} },
		"out":               func(c *Config) { c.Tower.Out = 0 },
		"blocks to be bare": func(c *Config) { c.SkipMLPBlocks = []int{-3} },
	} {
		c := smallConfig(t)
		change(&c)
		if err := c.Check(); err == nil {
			t.Errorf("%s: no error", name)
		}
		p := checkpoint.NewPlan(empty{})
		Declare(p, c, DefaultPreprocessing(), nil)
		if p.Err() == nil {
			t.Errorf("%s: declared", name)
		}
	}
}

type empty struct{}

func (empty) Tensors() []checkpoint.Tensor                 { return nil }
func (empty) Lookup(string) (t checkpoint.Tensor, ok bool) { return t, false }
func (empty) Read(checkpoint.Tensor, int64, []byte) error  { return errors.New("empty") }
func (empty) Close() error                                 { return nil }

// A weight that is no number never gets into a network.
func TestWeightsNotFinite(t *testing.T) {
	b := backend(t)
	file, err := os.ReadFile(filepath.Join(small, "weights.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	copy(file[len(file)-4:], []byte{0, 0, 0xc0, 0x7f})
	name := filepath.Join(t.TempDir(), "weights.safetensors")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	src, err := checkpoint.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	c := smallConfig(t)
	p := checkpoint.NewPlan(src)
	Declare(p.At("model."), c, c.Preprocessing(), b)
	if _, err := p.Load(context.Background(), checkpoint.Options{Backend: b}); err == nil || !strings.Contains(err.Error(), "finite") {
		t.Errorf("NaN weight: %v", err)
	}
}

func TestPreprocessingBadInput(t *testing.T) {
	for _, text := range []string{
		`{"image_std":[0,1,1],"image_mean":[0,0,0]}`, `{"image_mean":[1]}`, `{"patch_size":-1}`, `{"merge_size":100}`, `{"min_pixels":-5}`,
		`{"min_pixels":10,"max_pixels":5}`, `{"max_pixels":99999999999}`, `{"temporal_patch_size":1000}`,
	} {
		var p Preprocessing
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			t.Fatal(err)
		}
		if _, err := NewPatcher(p); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
	if _, err := NewPatcher(Preprocessing{}); err != nil {
		t.Errorf("what is left out: %v", err)
	}
}

func FuzzConfig(f *testing.F) {
	for _, file := range []string{"config.json", "../preprocessing/config.json"} {
		if text, err := os.ReadFile(filepath.Join(small, file)); err == nil {
			f.Add(text)
		}
	}
	f.Fuzz(func(_ *testing.T, text []byte) {
		var c Config
		var n Preprocessing
		if json.NewDecoder(bytes.NewReader(text)).Decode(&c) != nil || json.NewDecoder(bytes.NewReader(text)).Decode(&n) != nil {
			return
		}
		if c.Tower.Depth > 40 {
			return // true, but slow
		}
		p := checkpoint.NewPlan(empty{})
		Declare(p, c, n, nil)
	})
}

func BenchmarkImage(b *testing.B) {
	e := smallEncoder(b)
	p := noise(1, 448, 448)
	for b.Loop() {
		if _, _, err := e.Image(context.Background(), p); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/picture")
}
