package imagetokenizer

import (
	"context"
	"fmt"
	"testing"

	"omnilive/model/ggml"
)

// One layer of the published size, patches before it and a codebook of 8192 rows behind it.
func BenchmarkEncode(b *testing.B) {
	s := published
	s.layers, s.codes = 1, 8192
	s.inner, s.innerMLP, s.innerLayers = 8, 8, 1
	for _, kind := range []ggml.Type{ggml.F32, ggml.F16, ggml.Q8_0} {
		b.Run(fmt.Sprint(kind), func(b *testing.B) {
			k := load(b, s.checkpoint(), Config{SelectLayer: -1}, kind)
			if err := k.Prepare(context.Background()); err != nil {
				b.Fatal(err)
			}
			p := speckled(384, 384)
			for b.Loop() {
				if _, err := k.Encode(context.Background(), p); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pictures/s")
		})
	}
}

// The codebook of the published width: 8192 of its 65536 rows, made and searched for the tokens of a picture.
func BenchmarkCodebook(b *testing.B) {
	s := published
	s.hidden, s.mlp, s.layers, s.codes = 32, 32, 1, 8192
	s.inner, s.innerMLP, s.innerLayers = 8, 8, 1
	c := Config{SelectLayer: -1}
	k := load(b, s.checkpoint(), c, ggml.F32)
	rate := func(b *testing.B, columns int) {
		b.ReportMetric(2*float64(columns)*float64(s.dim)*float64(s.codes)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
	}
	b.Run("prepare", func(b *testing.B) {
		keep := k.codebook.projection
		for b.Loop() {
			k.codebook.done, k.codebook.projection = 0, keep
			if err := k.Prepare(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
		rate(b, int(s.dim))
	})
	b.Run("search", func(b *testing.B) {
		if err := k.Prepare(context.Background()); err != nil {
			b.Fatal(err)
		}
		z := make([]float32, 729*s.dim)
		for i := range z {
			z[i] = float32(i%17) / 100
		}
		f, err := newFactor(k.backend, z, s.dim)
		if err != nil {
			b.Fatal(err)
		}
		defer f.close()
		for b.Loop() {
			if _, err := k.codebook.search(context.Background(), k.graph, f, Options{}, k.temperature); err != nil {
				b.Fatal(err)
			}
		}
		rate(b, 729)
	})
}
