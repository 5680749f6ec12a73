package ggml

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestDepthwise(t *testing.T) {
	g := start(t, 2)
	for _, plain := range []bool{false, true} {
		g.b.plain = plain
		for _, c := range []struct{ channels, n, taps, left int }{
			{1, 1, 1, 0}, {5, 9, 3, 1}, {33, 2, 5, 2}, {64, 40, 31, 15}, {100, 7, 4, 0}, {7, 7, 4, 3}, {160, 50, 4, 3}, {96, 33, 5, 0},
		} {
			depthwise(t, g.b, c.channels, c.n, c.taps, c.left)
		}
	}
}

// depthwise compares with a loop. x is a part of wider rows.
func depthwise(t *testing.T, b *Backend, channels, n, taps, left int) {
	t.Helper()
	const beside = 3
	width := channels + beside
	x, w := noise(width*n), noise(channels*taps)
	g, err := NewGraph(b, 256)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	all, weights := g.Input(F32, int64(width), int64(n)), g.Input(F32, int64(channels), int64(taps))
	part := g.View(all, [4]int64{int64(channels), int64(n), 1, 1}, [3]int64{int64(width), int64(width * n), int64(width * n)}, beside)
	y := g.Output(g.Depthwise(weights, part, left))
	if err := g.Compute(context.Background(), func() { Put(g, all, x); Put(g, weights, w) }); err != nil {
		t.Fatal(err)
	}
	got := make([]float32, y.Elements())
	if err := Take(g, y, 0, got); err != nil || len(got) != channels*n {
		t.Fatalf("%d values, %v", len(got), err)
	}
	near(t, fmt.Sprintf("%d channels, %d places, %d taps, plain %v", channels, n, taps, b.plain), got, func(i int) (sum float64) {
		for k := range taps {
			if at := i/channels + k - left; at >= 0 && at < n {
				sum += float64(w[k*channels+i%channels]) * float64(x[at*width+beside+i%channels])
			}
		}
		return sum
	})
}

func TestDepthwiseRefuses(t *testing.T) {
	g := start(t, 1)
	for name, f := range map[string]func(){
		"other channels": func() { g.Depthwise(g.Input(F32, 5, 3), g.Input(F32, 4, 9), 1) },
		"negative":       func() { g.Depthwise(g.Input(F32, 4, 3), g.Input(F32, 4, 9), -1) },
		"too many zeros": func() { g.Depthwise(g.Input(F32, 4, 3), g.Input(F32, 4, 9), 3) },
		"other type":     func() { g.Depthwise(g.Input(F16, 4, 3), g.Input(F32, 4, 9), 1) },
		"turned":         func() { g.Depthwise(g.Permute(g.Input(F32, 3, 4), [4]int{1, 0, 2, 3}), g.Input(F32, 4, 9), 1) },
	} {
		if g.Reset(); g.Err() != nil {
			t.Fatal(g.Err())
		}
		if f(); g.Err() == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// The memory of one block of the speech tokenizer, on 5 s of sound and on 80 s.
func BenchmarkDepthwise(b *testing.B) {
	if dir := os.Getenv("OMNILIVE_LIB"); dir == "" || Load(filepath.Join(dir, "llama")) != nil {
		b.Skip("OMNILIVE_LIB names no libraries")
	}
	for _, n := range []int64{125, 2000} {
		for _, plain := range []bool{false, true} {
			b.Run(fmt.Sprintf("%d places plain %v", n, plain), func(b *testing.B) {
				const channels, taps = 1280, 31
				backend := start(b, 1).b
				backend.plain = plain
				g, err := NewGraph(backend, 256)
				if err != nil {
					b.Fatal(err)
				}
				defer g.Close()
				x, w := g.Input(F32, channels, n), g.Input(F32, channels, taps)
				g.Output(g.Depthwise(w, x, taps/2))
				values, weights := noise(int(channels*n)), noise(channels*taps)
				for b.Loop() {
					if err := g.Compute(context.Background(), func() { Put(g, x, values); Put(g, w, weights) }); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(2*taps*channels*float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}
