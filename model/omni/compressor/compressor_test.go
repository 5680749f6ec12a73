package compressor

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var small = Shape{In: 20, Width: 24, Out: 12, Chunk: 5, Inner: 32, Heads: 4, States: 16, Taps: 4}

func seconds(s Shape, n, extra int) []float32 { return noise(uint64(n), (n*s.Chunk+extra)*s.In) }

func TestSecondsOneByOneAreTheWhole(t *testing.T) {
	c := open(t, small, nil)
	ctx, r := context.Background(), rand.New(rand.NewPCG(1, 2))
	const n = 70 // more than one graph's
	rows := seconds(small, n, 3)
	want, err := c.Compress(ctx, rows)
	if err != nil || len(want) != (n+1)*small.Out || c.Rows(n*small.Chunk+3) != n+1 {
		t.Fatalf("%d values of %d seconds: %v", len(want), n+1, err)
	}
	limit := float32(0) // to the bit, where products do not depend on how many are made at once
	if c.w.in.W.Tensor().Elements() > 0 {
		limit = 3e-6
	}
	for range 5 {
		s, rest, got := c.Start(), rows, []float32(nil)
		for len(rest) > 0 {
			part := min(len(rest), (1+r.IntN(12))*small.Chunk*small.In)
			if len(rest)-part < small.Chunk*small.In {
				part = len(rest)
			}
			before := s.Clone()
			for range 1 + r.IntN(2) { // a second time from the same state
				*s = *before.Clone()
				out, err := c.Finish(ctx, s, rest[:part])
				if err != nil {
					t.Fatal(err)
				}
				got = append(got[:len(want)-rowsLeft(rest)*small.Out], out...)
			}
			rest = rest[part:]
		}
		for i, w := range want {
			if d := got[i] - w; !(max(d, -d) <= limit) {
				t.Fatalf("value %d is %v, as a whole %v", i, got[i], w)
			}
		}
	}
}

func rowsLeft(rest []float32) int {
	return (len(rest)/small.In + small.Chunk - 1) / small.Chunk
}

// The network as section 4 of the specification has it: one row after the other, in float64.
func TestAgainstPlainLoops(t *testing.T) {
	weights := map[string][]float32{}
	c := open(t, small, weights)
	rows := seconds(small, 3, 2)
	got, err := c.Compress(context.Background(), rows)
	if err != nil {
		t.Fatal(err)
	}
	want := plainly(small, weights, rows)
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - w); !(d < 2e-5) {
			t.Fatalf("value %d is %v, want %v", i, got[i], w)
		}
	}
}

func TestEdges(t *testing.T) {
	c := open(t, small, nil)
	ctx := context.Background()
	if out, err := c.Compress(ctx, nil); err != nil || len(out) != 0 {
		t.Errorf("nothing became %v, %v", out, err)
	}
	if out, err := c.Compress(ctx, seconds(small, 0, 1)); err != nil || len(out) != small.Out {
		t.Errorf("one row became %d values, %v", len(out), err)
	}
	nan := seconds(small, 2, 0)
	nan[small.Chunk*small.In+7] = float32(math.NaN())
	s := c.Start()
	for name, rows := range map[string][]float32{"NaN": nan, "part of a second": seconds(small, 1, 2), "part of a row": make([]float32, 3)} {
		if _, err := c.Step(ctx, s, rows); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := c.Compress(ctx, make([]float32, small.In+1)); err == nil {
		t.Error("part of a row: no error")
	}
	if _, err := c.Step(ctx, &State{}, seconds(small, 1, 0)); err == nil {
		t.Error("a foreign state: no error")
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := c.Step(done, s, seconds(small, 1, 0)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if fresh := c.Start(); !slices.Equal(s.Memory(), fresh.Memory()) || !slices.Equal(s.Tail(), fresh.Tail()) {
		t.Error("a failed step changed the state")
	}
}

func TestTensorsThatCannotBe(t *testing.T) {
	for name, change := range map[string]struct {
		tensor string
		shape  []int64
		want   string
	}{
		"missing":          {"query_token", nil, `"model.video_audio_compressor.query_token" is missing`},
		"missing size":     {layer + "mixer.A_log", nil, `A_log" is missing`},
		"other heads":      {layer + "mixer.A_log", []int64{5}, "5 heads"},
		"flat":             {"input_proj.weight", []int64{480}, "want 2 dimensions"},
		"huge":             {layer + "weight_fc.weight", []int64{1 << 40, 24}, "from 1 to 1024"},
		"negative":         {"output_proj.weight", []int64{-3, 24}, "from 1 to"},
		"odd channels":     {layer + "mixer.conv1d.weight", []int64{65, 1, 4}, "65 channels"},
		"long convolution": {layer + "mixer.conv1d.weight", []int64{64, 1, 9}, "9 taps"},
		"wide input":       {layer + "mixer.in_proj.weight", []int64{101, 24}, "want [100 24]"},
		"second layer":     {"model.layers.1.norm.weight", []int64{24}, "more than one layer"},
	} {
		src := newFake(small)
		if change.shape == nil {
			delete(src, prefix+change.tensor)
		} else {
			src[prefix+change.tensor] = array{change.shape, nil}
		}
		if err := declared(src); err == nil || !strings.Contains(err.Error(), change.want) {
			t.Errorf("%s: %v, want %q in it", name, err, change.want)
		}
	}
	if n := len(newFake(small)); n != 21 {
		t.Errorf("%d tensors, the published checkpoint has 21", n)
	}
	if err := declared(newFake(small)); err != nil {
		t.Errorf("as it should be: %v", err)
	}
	published := Shape{In: 4096, Width: 3072, Out: 4096, Chunk: 25, Inner: 6144, Heads: 96, States: 128, Taps: 4}
	if err := declared(newFake(published)); err != nil {
		t.Errorf("the published sizes: %v", err)
	}
}

// A minute at the published sizes.
func BenchmarkMinute(b *testing.B) {
	s := Shape{In: 4096, Width: 3072, Out: 4096, Chunk: 25, Inner: 6144, Heads: 96, States: 128, Taps: 4}
	c := open(b, s, nil)
	rows := seconds(s, 60, 0)
	for b.Loop() {
		if _, err := c.Compress(context.Background(), rows); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/60s")
}
