package ggml

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestConvolvePlain(t *testing.T) {
	const channels, time, out, kernel = 3, 11, 5, 3
	g := start(t, 1)
	wv, xv, bv := noise(kernel*channels*out), noise(channels*time), noise(out)
	for _, c := range []Conv{{kernel, 1, 1, 1, 1}, {kernel, 2, 1, 1, 1}, {kernel, 1, 2, 2, 2}, {kernel, 1, 1, 2, 0}} {
		g.Reset()
		w, x, bias := g.Input(F32, kernel*channels, out), g.Input(F32, channels, time), g.Input(F32, out)
		got := run(t, g, g.Output(g.Convolve(PlainMatrix(w), x, bias, c)), func() { Put(g, w, wv); Put(g, x, xv); Put(g, bias, bv) })
		for i := range got {
			o, n := i%out, i/out
			want := float64(bv[o])
			for k := range kernel {
				at := n*c.Stride + k*c.Dilation - c.Left
				for ch := 0; at >= 0 && at < time && ch < channels; ch++ {
					want += float64(wv[o*kernel*channels+k*channels+ch]) * float64(xv[at*channels+ch])
				}
			}
			if math.Abs(want-float64(got[i])) > 1e-5 {
				t.Fatalf("%+v: output %d of step %d is %v, want %v", c, o, n, got[i], want)
			}
		}
	}
}

func TestObserveSeesStages(t *testing.T) {
	g := start(t, 1)
	seen := map[string][]float32{}
	g.b.Observe(func(stage string, values []float32) { seen[stage] = values })
	g.Reset()
	x := g.Input(F32, 2, 3)
	turned := g.Stage("turned", g.Permute(g.Stage("x", x), [4]int{1, 0, 2, 3}))
	run(t, g, g.Output(g.Scale(g.Cont(turned), 2)), func() { Put(g, x, []float32{0, 1, 10, 11, 20, 21}) })
	if !slices.Equal(seen["x"], []float32{0, 1, 10, 11, 20, 21}) || !slices.Equal(seen["turned"], []float32{0, 10, 20, 1, 11, 21}) {
		t.Fatalf("stages %v", seen)
	}
}

func TestPutIntoWhatNothingReads(t *testing.T) {
	g := start(t, 1)
	x, y := g.Input(F32, 2), g.Input(F32, 2)
	g.Output(g.Scale(x, 2))
	err := g.Compute(context.Background(), func() { Put(g, x, []float32{1, 2}); Put(g, y, []float32{1, 2}) })
	if err == nil || !strings.Contains(err.Error(), "nothing reads") {
		t.Fatalf("got %v", err)
	}
}
