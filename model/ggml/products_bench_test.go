package ggml

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"
)

// rate runs f often enough and reports its 10^9 operations a second, the best of several tries: others load the machine.
func rate(b *testing.B, g *Graph, fill func(), operations float64) {
	b.Helper()
	least := math.Inf(1)
	for range b.N {
		from := time.Now()
		if err := g.Compute(context.Background(), fill); err != nil {
			b.Fatal(err)
		}
		least = min(least, time.Since(from).Seconds())
	}
	b.ReportMetric(operations/least/1e9, "best-GFLOP/s")
}

func BenchmarkProduct(b *testing.B) {
	for _, threads := range []int{1, 2} {
		g := start(b, threads)
		for _, s := range [][3]int{{1024, 1280, 5120}, {1024, 5120, 1280}, {1, 5120, 5120}, {60, 3072, 12640}} {
			for _, kind := range []Type{F32, F16, BF16, Q8_0} {
				rows, in, out := s[0], s[1], s[2]
				b.Run(fmt.Sprintf("threads=%d/%v/%dx%dx%d", threads, kind, rows, in, out), func(b *testing.B) {
					m, _ := pack(b, kind, noise(in*out), in, 1)
					g.Reset()
					x := g.Input(F32, int64(in), int64(rows))
					g.Output(g.Product(m, x, After{}))
					values := noise(in * rows)
					rate(b, g, func() { Put(g, x, values) }, 2*float64(rows)*float64(in)*float64(out))
				})
			}
		}
	}
}

func BenchmarkConvolve(b *testing.B) {
	g := start(b, 1)
	for _, s := range [][4]int{{24, 7, 5, 48000}, {48, 11, 1, 24000}, {96, 3, 3, 12000}, {384, 7, 1, 1000}, {1536, 7, 1, 50}} {
		for _, kind := range []Type{F32, F16, BF16, Q8_0} {
			channels, kernel, gap, n := s[0], s[1], s[2], s[3]
			b.Run(fmt.Sprintf("%v/%d-channels/%d-taps/%d-apart", kind, channels, kernel, gap), func(b *testing.B) {
				m, _ := pack(b, kind, noise(channels*channels*kernel), channels*kernel, kernel)
				g.Reset()
				x := g.Input(F32, int64(channels), int64(n))
				side := (kernel - 1) / 2 * gap
				g.Output(g.Convolve(m, x, Tensor{}, Conv{kernel, 1, gap, side, side}))
				values := noise(channels * n)
				rate(b, g, func() { Put(g, x, values) }, 2*float64(channels*channels*kernel)*float64(n))
			})
		}
	}
}

func BenchmarkAttend(b *testing.B) {
	g := start(b, 1)
	for _, s := range [][3]int{{16, 80, 1024}, {20, 64, 1500}, {16, 72, 729}} {
		heads, size, n := s[0], s[1], s[2]
		w := int64(heads * size)
		for _, windows := range []int{1, 16} {
			b.Run(fmt.Sprintf("%d-heads-of-%d/%d-in-%d", heads, size, n, windows), func(b *testing.B) {
				g.Reset()
				x := g.Input(F32, w, int64(n))
				lengths, work := make([]int32, windows), 0.0
				for i := range lengths {
					lengths[i] = int32(n*(i+1)/windows - n*i/windows)
					work += 4 * float64(lengths[i]) * float64(lengths[i]) * float64(w)
				}
				g.Output(g.AttendSegments(x, x, x, heads, 0.1, lengths))
				values := noise(int(w) * n)
				rate(b, g, func() { Put(g, x, values) }, work)
			})
		}
	}
}
