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

func packing(t testing.TB, w []float32, in, taps int) Matrix {
	m, _ := pack(t, F32, w, in, taps)
	return m
}

// Packed kernels of rows give what plain ones do, however many taps they were packed for.
func TestConvolve2DPacked(t *testing.T) {
	g := start(t, 2)
	const in, out, width, height = 6, 5, 9, 4
	xv := noise(in * width * height)
	kernel := [][]float32{noise(3 * in * out), noise(3*in*out + 1)[1:], noise(3*in*out + 2)[2:]}
	give := func(rows func(i int) Matrix) []float32 {
		g.Reset()
		x := g.Input(F32, in, width, height)
		var plain []Tensor
		var all []Matrix
		for i := range kernel {
			if rows != nil {
				all = append(all, rows(i))
				continue
			}
			plain = append(plain, g.Input(F32, 3*in, out))
			all = append(all, PlainMatrix(plain[i]))
		}
		y := g.Output(g.Convolve2D(all, x, Tensor{}))
		return run(t, g, y, func() {
			Put(g, x, xv)
			for i := range plain {
				Put(g, plain[i], kernel[i])
			}
		})
	}
	want := give(nil)
	for _, taps := range []int{1, 3} {
		for i, v := range give(func(i int) Matrix { return packing(t, kernel[i], 3*in, taps) }) {
			if math.Abs(float64(v-want[i])) > 1e-5 {
				t.Fatalf("%d taps: value %d is %v, want %v", taps, i, v, want[i])
			}
		}
	}
}

// A convolution of the released VAE's size, packed and plain.
func BenchmarkConvolve2D(b *testing.B) {
	const in, out, side = 256, 256, 64
	g := start(b, 2)
	xv, wv := noise(in*(side+2)*(side+2)), noise(3*in*out)
	flops := float64(2 * 9 * in * out * side * side)
	for name, packed := range map[string]bool{"packed": true, "plain": false} {
		w := packing(b, wv, 3*in, 3)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				g.Reset()
				x := g.Input(F32, in, side+2, side+2)
				var plain Tensor
				if !packed {
					plain = g.Input(F32, 3*in, out)
					w = PlainMatrix(plain)
				}
				g.Output(g.Convolve2D([]Matrix{w, w, w}, x, Tensor{}))
				if err := g.Compute(context.Background(), func() {
					Put(g, x, xv)
					if !packed {
						Put(g, plain, wv)
					}
				}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
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
