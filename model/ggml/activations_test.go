package ggml

import (
	"context"
	"math"
	"strings"
	"testing"
)

func TestActivations(t *testing.T) {
	g := start(t, 2)
	x := noise(4 * 33)
	for i := range x {
		x[i] *= 4
	}
	x[0], x[1], x[2], x[3] = 0, 40, -40, 1e-20
	dims := []int64{33, 4}
	run := func(f func(Tensor) Tensor) []float32 { return unary(t, g, x, dims, f) }
	near(t, "tanh", run(g.Tanh), func(i int) float64 { return math.Tanh(float64(x[i])) })
	near(t, "stretch", run(func(a Tensor) Tensor { return g.Stretch(a, 3, -2) }), func(i int) float64 { return 3*float64(x[i]) - 2 })
	near(t, "div", run(func(a Tensor) Tensor { return g.Div(a, g.Stretch(g.Sqr(a), 1, 1)) }), func(i int) float64 {
		return float64(x[i]) / (1 + float64(x[i])*float64(x[i]))
	})
	near(t, "gelu tanh", run(g.GELUTanh), func(i int) float64 {
		v := float64(x[i])
		return v / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v)))
	})
	near(t, "unit", run(func(a Tensor) Tensor { return g.Unit(a, 1e-12) }), func(i int) float64 {
		var sum float64
		for _, v := range x[i/33*33:][:33] {
			sum += float64(v) * float64(v)
		}
		return float64(x[i]) / math.Sqrt(sum)
	})
}

func TestUnitOfZero(t *testing.T) {
	g := start(t, 1)
	for i, v := range unary(t, g, make([]float32, 8), []int64{8, 1}, func(a Tensor) Tensor { return g.Unit(a, 1e-12) }) {
		if v != 0 {
			t.Fatalf("element %d is %v", i, v)
		}
	}
}

func TestActivationsRefuse(t *testing.T) {
	g := start(t, 1)
	for name, f := range map[string]func(a Tensor) Tensor{
		"tanh":    func(a Tensor) Tensor { return g.Tanh(g.Permute(a, [4]int{1, 0, 2, 3})) },
		"stretch": func(a Tensor) Tensor { return g.Stretch(g.Permute(a, [4]int{1, 0, 2, 3}), 1, 1) },
		"div":     func(a Tensor) Tensor { return g.Div(a, g.Input(F32, 5, 4)) },
		"unit":    func(a Tensor) Tensor { return g.Unit(a, float32(math.NaN())) },
	} {
		g.Reset()
		if f(g.Input(F32, 7, 4)); g.Err() == nil || !strings.Contains(g.Err().Error(), name) {
			t.Errorf("%s: %v", name, g.Err())
		}
		if err := g.Compute(context.Background(), nil); err == nil {
			t.Errorf("%s: computed", name)
		}
	}
}
