package ggml

import (
	"context"
	"math"
	"testing"
)

// The kernels and the forms of ggml's own operations give what plain loops give, for any number of channels and threads.
func TestCurvesAgainstPlainLoops(t *testing.T) {
	sizes(t, curvesAgainstPlainLoops)
}

func curvesAgainstPlainLoops(t *testing.T) {
	for _, threads := range []int{1, 3} {
		b := start(t, threads).b
		for _, channels := range []int64{1, 7, 16, 33} {
			const n = 41
			x, rate, gain := make([]float32, channels*n), make([]float32, channels), make([]float32, channels)
			for i := range x {
				x[i] = 30 * float32(math.Sin(float64(i*i)))
			}
			x[0], x[n/2], x[n-1] = 1e5, -1e5, 0
			for i := range rate {
				rate[i], gain[i] = 0.3+float32(i)*0.1, 2-float32(i)*0.05
			}
			mish, snake := make([]float64, len(x)), make([]float64, len(x))
			for i, v := range x {
				v := float64(v)
				c := int64(i) % channels
				mish[i] = v * math.Tanh(math.Log1p(math.Exp(min(v, 700))))
				s := math.Sin(float64(float32(v) * rate[c]))
				snake[i] = v + float64(gain[c])*s*s
			}
			g, err := NewGraph(b, 64)
			if err != nil {
				t.Fatal(err)
			}
			in, r, a := g.Input(F32, channels, n), g.Input(F32, channels), g.Input(F32, channels)
			outs := []Tensor{g.Output(g.Mish(in)), g.Output(g.mishPlain(in)), g.Output(g.SinSquare(in, r, a)), g.Output(g.sinSquarePlain(in, r, a))}
			if err := g.Compute(context.Background(), func() { Put(g, in, x); Put(g, r, rate); Put(g, a, gain) }); err != nil {
				t.Fatal(err)
			}
			for i, want := range [][]float64{mish, mish, snake, snake} {
				got := make([]float32, len(x))
				if err := Take(g, outs[i], 0, got); err != nil {
					t.Fatal(err)
				}
				for j := range got {
					limit := 3e-6 * max(1, math.Abs(want[j]))
					if i >= 2 && math.Abs(float64(x[j])) > 100 {
						limit = 3 // the sine of so large an angle is anything
					}
					if d := math.Abs(float64(got[j]) - want[j]); !(d <= limit) {
						t.Fatalf("form %d, %d channels: %v at %v, want %v", i, channels, got[j], x[j], want[j])
					}
				}
			}
			g.Close()
		}
	}
}

func TestCurvesRefuse(t *testing.T) {
	b := start(t, 1).b
	for name, build := range map[string]func(g *Graph){
		"three dimensions": func(g *Graph) { g.Mish(g.Input(F32, 2, 3, 4)) },
		"whole numbers":    func(g *Graph) { g.Mish(g.Input(I32, 2, 3)) },
		"nothing":          func(g *Graph) { g.Mish(Tensor{}) },
		"other channels":   func(g *Graph) { g.SinSquare(g.Input(F32, 2, 3), g.Input(F32, 3), g.Input(F32, 2)) },
		"no gain":          func(g *Graph) { g.SinSquare(g.Input(F32, 2, 3), g.Input(F32, 2), Tensor{}) },
	} {
		g, err := NewGraph(b, 64)
		if err != nil {
			t.Fatal(err)
		}
		if build(g); g.Err() == nil {
			t.Errorf("%s: no error", name)
		}
		g.Close()
	}
}
