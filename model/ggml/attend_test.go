package ggml

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// plainToo runs f with our own kernels, in every variant, and with ggml's operations alone.
func plainToo(t *testing.T, f func(t *testing.T, g *Graph)) {
	g, err := NewGraph(start(t, 2).b, 200)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	eachKernel(t, func(t *testing.T) { f(t, g) })
	g.b.plain = true
	t.Run("plain", func(t *testing.T) { f(t, g) })
	g.b.plain = false
}

func TestAttentionOfAnyHeadSize(t *testing.T) {
	plainToo(t, func(t *testing.T, g *Graph) {
		for _, size := range []int{1, 16, 20, 36, 64, 72, 128} {
			const heads, n = 2, 29
			w := int64(heads * size)
			q, k, v := noise(int(w)*n), noise(int(w) * (n + 1))[w:], noise(int(w) * (n + 2))[2*w:]
			scale := float32(1 / math.Sqrt(float64(size)))
			for _, c := range []struct {
				queries, keys int
				causal        bool
			}{{n, n, false}, {n, n, true}, {5, n, true}, {n, 17, false}} {
				g.Reset()
				tq, tk, tv := g.Input(F32, w, int64(c.queries)), g.Input(F32, w, n), g.Input(F32, w, n)
				var y Tensor
				if c.keys < n {
					y = g.Output(g.AttendKeys(tq, tk, tv, heads, scale, c.keys))
				} else {
					y = g.Output(g.Attend(tq, tk, tv, heads, scale, c.causal))
				}
				got := run(t, g, y, func() { Put(g, tq, q[:int(w)*c.queries]); Put(g, tk, k); Put(g, tv, v) })
				near(t, fmt.Sprintf("size %d %+v", size, c), got, attended(q, k, v, heads, size, c.queries, c.keys, c.causal))
			}
		}
	})
}

func TestAttentionInSegments(t *testing.T) {
	plainToo(t, func(t *testing.T, g *Graph) {
		for _, lengths := range [][]int32{{64, 64, 64}, {3, 390, 1, 1, 40}, {10}} {
			const heads, size = 2, 10
			w, n := int64(heads*size), int32(0)
			for _, l := range lengths {
				n += l
			}
			qkv := noise(3 * int(w) * int(n))
			scale := float32(1 / math.Sqrt(size))
			g.Reset()
			in := g.Input(F32, 3*w, int64(n))
			part := func(i int64) Tensor {
				return g.View(in, [4]int64{w, int64(n), 1, 1}, [3]int64{3 * w, 3 * w * int64(n), 3 * w * int64(n)}, i*w)
			}
			y := g.Output(g.AttendSegments(part(0), part(1), part(2), heads, scale, lengths))
			got := run(t, g, y, func() { Put(g, in, qkv) })
			at := 0
			for _, l := range lengths {
				cut := func(i int) (x []float32) {
					for r := at; r < at+int(l); r++ {
						x = append(x, qkv[r*3*int(w)+i*int(w):][:w]...)
					}
					return x
				}
				near(t, fmt.Sprintf("%v at %d", lengths, at), got[at*int(w):(at+int(l))*int(w)], attended(cut(0), cut(1), cut(2), heads, size, int(l), int(l), false))
				at += int(l)
			}
		}
	})
}

func TestRotation(t *testing.T) {
	plainToo(t, func(t *testing.T, g *Graph) {
		for _, size := range []int{2, 16, 36, 40, 80} {
			for _, halves := range []bool{false, true} {
				const heads, n = 3, 35
				w := heads * size
				x, angles := noise(w*n), noise(size*n)
				cos, sin := make([]float32, size*n), make([]float32, size*n)
				for i, a := range angles {
					cos[i], sin[i] = float32(math.Cos(float64(a))), float32(math.Sin(float64(a)))
				}
				g.Reset()
				tx, tc, ts := g.Input(F32, int64(w), n), g.Input(F32, int64(size), n), g.Input(F32, int64(size), n)
				y := g.Output(g.Rotate(tx, tc, ts, heads, halves))
				got := run(t, g, y, func() { Put(g, tx, x); Put(g, tc, cos); Put(g, ts, sin) })
				near(t, fmt.Sprintf("size %d halves %v", size, halves), got, func(i int) float64 {
					j, at := i%size, i/w*size+i%size
					other, sign := i^1, 1.0
					if j%2 == 0 {
						sign = -1
					}
					if halves {
						other, sign = i-size/2, 1
						if j < size/2 {
							other, sign = i+size/2, -1
						}
					}
					return float64(x[i])*float64(cos[at]) + sign*float64(x[other])*float64(sin[at])
				})
			}
		}
	})
}

// A graph may be computed again: its units of work are handed out anew.
func TestAGraphComputesTwice(t *testing.T) {
	g := start(t, 2)
	const w, n = 64, 50
	m, _ := pack(t, F32, noise(w*w), w, 1)
	x := g.Input(F32, w, n)
	y := g.Output(g.Attend(g.Product(m, x, After{}), x, x, 2, 1, false))
	compute := func(values []float32) []float32 { return run(t, g, y, func() { Put(g, x, values) }) }
	first := compute(noise(w * n))
	if other := compute(noise(w*n + 1)[1:]); slices.Equal(first, other) {
		t.Error("other values were not computed")
	}
	if !slices.Equal(first, compute(noise(w*n))) {
		t.Error("the same values give something else")
	}
}
