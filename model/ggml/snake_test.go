package ggml

import (
	"context"
	"fmt"
	"math"
	"testing"
)

// snakeByHand is the activation as its definition says, in float64, over the whole of x.
func snakeByHand(x []float32, channels int, rate, gain, up, down []float32) []float64 {
	n, h := len(x)/channels, len(up)/2
	clamp := func(i, n int) int { return min(max(i, 0), n-1) }
	out := make([]float64, len(x))
	v := make([]float64, 2*n)
	for c := range channels {
		for j := range v {
			sum := 0.0
			for q := -2*h - 2; q < n+2*h+2; q++ {
				if k := j + h - 1 - 2*q; k >= 0 && k < 2*h {
					sum += 2 * float64(x[clamp(q, n)*channels+c]) * float64(up[k])
				}
			}
			s := math.Sin(sum * float64(rate[c]))
			v[j] = sum + float64(gain[c])*s*s
		}
		for i := range n {
			for k := range 2 * h {
				out[i*channels+c] += v[clamp(2*i+k-h+1, 2*n)] * float64(down[k])
			}
		}
	}
	return out
}

// roomy is start with more nodes, for operations composed of many.
func roomy(t testing.TB, threads int) *Graph {
	t.Helper()
	g, err := NewGraph(start(t, threads).b, 512)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return g
}

func TestSnakeAgainstPlainLoops(t *testing.T) {
	g := roomy(t, 2)
	for _, taps := range []int{12, 8, 6} {
		up, down := noise(taps), noise(taps)
		for i := range up {
			up[i], down[i] = up[i]/float32(taps), down[i]/float32(taps)
		}
		for _, plain := range []bool{false, true} {
			g.b.plain = plain
			sizes(t, func(t *testing.T) {
				for _, size := range [][2]int{{1, 1}, {1, 7}, {3, 30}, {24, 500}, {48, 90}, {64, 200}, {70, 150}, {100, 33}} {
					snakeCase(t, g, size[0], size[1], up, down)
				}
			})
		}
	}
}

func snakeCase(t *testing.T, g *Graph, channels, n int, up, down []float32) {
	t.Helper()
	x, rate, gain := noise(channels*n), noise(channels), noise(channels)
	for i := range rate {
		rate[i] = 1 + rate[i]*rate[i]
	}
	want := snakeByHand(x, channels, rate, gain, up, down)
	for ends := range 4 {
		first, last := ends&1 == 0, ends&2 == 0
		from, to, reach := 0, n, len(up)/2-1
		if !first {
			from = reach
		}
		if !last {
			to = n - reach
		}
		if from >= to {
			continue
		}
		g.Reset()
		in := g.Input(F32, int64(channels), int64(n))
		s := Snake{g.Input(F32, int64(channels)), g.Input(F32, int64(channels)), g.Input(F32, int64(len(up))), g.Input(F32, int64(len(up)))}
		got := run(t, g, g.Output(g.Snake(in, s, first, last)), func() {
			Put(g, in, x)
			Put(g, s.Rate, rate)
			Put(g, s.Gain, gain)
			Put(g, s.Up, up)
			Put(g, s.Down, down)
		})
		if len(got) != (to-from)*channels {
			t.Fatalf("%d values, want %d", len(got), (to-from)*channels)
		}
		for i, v := range got {
			if w := want[from*channels+i]; math.Abs(float64(v)-w) > 2e-5 {
				t.Fatalf("%d channels, %d places, %d taps, ends %v %v: value %d is %v, want %v", channels, n, len(up), first, last, i, v, w)
			}
		}
	}
}

func TestSnakeRefuses(t *testing.T) {
	g := start(t, 1)
	for name, dims := range map[string][5]int64{
		"rate": {4, 5, 4, 12, 12}, "gain": {4, 4, 5, 12, 12}, "odd": {4, 4, 4, 11, 11}, "other taps": {4, 4, 4, 12, 10},
	} {
		g.Reset()
		g.Snake(g.Input(F32, dims[0], 20), Snake{g.Input(F32, dims[1]), g.Input(F32, dims[2]), g.Input(F32, dims[3]), g.Input(F32, dims[4])}, true, true)
		if g.Err() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	g.Reset()
	g.Snake(g.Input(F32, 4, 10), Snake{g.Input(F32, 4), g.Input(F32, 4), g.Input(F32, 12), g.Input(F32, 12)}, false, false)
	if g.Err() == nil {
		t.Error("too few places: accepted")
	}
}

// Angles far outside the first turns, and what is not a number, must neither crash nor grow.
func TestSnakeOfLargeAngles(t *testing.T) {
	g := start(t, 1)
	up, down := make([]float32, 12), make([]float32, 12)
	up[5], up[6], down[5] = 0.5, 0.5, 1
	for _, v := range []float32{0, 100, 3000, 1e7, -1e12, 1e30} {
		in := g.Input(F32, 1, 9)
		s := Snake{g.Input(F32, 1), g.Input(F32, 1), g.Input(F32, 12), g.Input(F32, 12)}
		x := make([]float32, 9)
		for i := range x {
			x[i] = v
		}
		got := run(t, g, g.Output(g.Snake(in, s, true, true)), func() {
			Put(g, in, x)
			Put(g, s.Rate, []float32{1})
			Put(g, s.Gain, []float32{1})
			Put(g, s.Up, up)
			Put(g, s.Down, down)
		})
		sin := math.Sin(float64(v))
		want := float64(v) + sin*sin
		limit := 1e-6 * (1 + math.Abs(want))
		if math.Abs(float64(v)) > 1e4 {
			limit += 1
		}
		if math.Abs(float64(got[4])-want) > limit {
			t.Errorf("of %v: %v, want %v", v, got[4], want)
		}
		g.Reset()
	}
}

func BenchmarkSnake(b *testing.B) {
	for _, size := range [][2]int64{{24, 48000}, {96, 12000}, {768, 250}} {
		for _, plain := range []bool{false, true} {
			b.Run(fmt.Sprintf("%dx%d plain %v", size[0], size[1], plain), func(b *testing.B) {
				g := roomy(b, 2)
				g.b.plain = plain
				in := g.Input(F32, size[0], size[1])
				s := Snake{g.Input(F32, size[0]), g.Input(F32, size[0]), g.Input(F32, 12), g.Input(F32, 12)}
				g.Output(g.Snake(in, s, true, true))
				x, small := noise(int(size[0]*size[1])), noise(int(size[0]))
				for b.Loop() {
					if err := g.Compute(context.Background(), func() {
						Put(g, in, x)
						Put(g, s.Rate, small)
						Put(g, s.Gain, small)
						Put(g, s.Up, small[:12])
						Put(g, s.Down, small[:12])
					}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N)*float64(size[0]*size[1])/b.Elapsed().Seconds()/1e6, "Mvalues/s")
			})
		}
	}
}
