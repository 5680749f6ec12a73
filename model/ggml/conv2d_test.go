package ggml

import (
	"context"
	"math"
	"strings"
	"testing"
)

func TestConvolve2DAgainstPlainLoops(t *testing.T) {
	g := start(t, 2)
	for _, c := range []struct{ taps, in, out, width, height int }{{3, 5, 4, 6, 7}, {3, 1, 1, 3, 3}, {3, 33, 40, 5, 3}, {1, 2, 3, 4, 1}, {2, 3, 2, 5, 4}} {
		w, h := c.width-c.taps+1, c.height-c.taps+1
		xv, bv := noise(c.in*c.width*c.height), noise(c.out)
		g.Reset()
		x, bias := g.Input(F32, int64(c.in), int64(c.width), int64(c.height)), g.Input(F32, int64(c.out))
		var rows []Matrix
		var kernel []Tensor
		var values [][]float32
		for i := range c.taps {
			values = append(values, noise(c.taps*c.in*c.out + i)[i:])
			kernel = append(kernel, g.Input(F32, int64(c.taps*c.in), int64(c.out)))
			rows = append(rows, PlainMatrix(kernel[i]))
		}
		y := g.Output(g.Convolve2D(rows, x, bias))
		got := run(t, g, y, func() {
			Put(g, x, xv)
			Put(g, bias, bv)
			for i := range kernel {
				Put(g, kernel[i], values[i])
			}
		})
		if len(got) != w*h*c.out {
			t.Fatalf("%+v: %d values", c, len(got))
		}
		for i := range got {
			o, px, py := i%c.out, i/c.out%w, i/c.out/w
			want := float64(bv[o])
			for dy := range c.taps {
				for dx := range c.taps {
					for ch := range c.in {
						want += float64(values[dy][(o*c.taps+dx)*c.in+ch]) * float64(xv[((py+dy)*c.width+px+dx)*c.in+ch])
					}
				}
			}
			if math.Abs(want-float64(got[i])) > 1e-4 {
				t.Fatalf("%+v: value %d is %v, want %v", c, i, got[i], want)
			}
		}
	}
}

func TestConvolve2DRefuses(t *testing.T) {
	g := start(t, 1)
	for name, f := range map[string]func(w Matrix, x Tensor) Tensor{
		"no rows":  func(_ Matrix, x Tensor) Tensor { return g.Convolve2D(nil, x, Tensor{}) },
		"narrow":   func(w Matrix, x Tensor) Tensor { return g.Convolve2D([]Matrix{w, w, w, w}, x, Tensor{}) },
		"channels": func(w Matrix, x Tensor) Tensor { return g.Convolve2D([]Matrix{w, w}, x, Tensor{}) },
	} {
		g.Reset()
		f(PlainMatrix(g.Input(F32, 9, 2)), g.Input(F32, 3, 3, 5))
		if err := g.Compute(context.Background(), nil); err == nil || !strings.Contains(err.Error(), "convolve_2d") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
