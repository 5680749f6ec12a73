package ggml

import (
	"context"
	"testing"
)

func TestDepthwise(t *testing.T) {
	g := start(t, 2)
	for _, c := range []struct{ channels, n, taps, left int }{{1, 1, 1, 0}, {5, 9, 3, 1}, {33, 2, 5, 2}, {64, 40, 31, 15}, {100, 7, 4, 0}, {7, 7, 4, 3}} {
		x, w := noise(c.channels*c.n), noise(c.channels*c.taps)
		g, err := NewGraph(g.b, 256)
		if err != nil {
			t.Fatal(err)
		}
		in, weights := g.Input(F32, int64(c.channels), int64(c.n)), g.Input(F32, int64(c.channels), int64(c.taps))
		y := g.Output(g.Depthwise(weights, in, c.left))
		if err := g.Compute(context.Background(), func() { Put(g, in, x); Put(g, weights, w) }); err != nil {
			t.Fatal(err)
		}
		got := make([]float32, y.Elements())
		if err := Take(g, y, 0, got); err != nil || len(got) != len(x) {
			t.Fatalf("%+v: %d values, %v", c, len(got), err)
		}
		near(t, "depthwise", got, func(i int) (sum float64) {
			for k := range c.taps {
				if at := i/c.channels + k - c.left; at >= 0 && at < c.n {
					sum += float64(w[k*c.channels+i%c.channels]) * float64(x[at*c.channels+i%c.channels])
				}
			}
			return sum
		})
		g.Close()
	}
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
