package speechtokenizer

import (
	"context"
	"fmt"
	"testing"

	"omnilive/model/ggml"
)

// One block of the published size, with what stands before and behind it.
func BenchmarkEncode(b *testing.B) {
	s := published
	s.layers = 1
	for _, kind := range []ggml.Type{ggml.F32, ggml.F16, ggml.Q8_0} {
		b.Run(fmt.Sprint(kind), func(b *testing.B) {
			k := load(b, s, Config{}, kind)
			const seconds = 5
			x := chirp(seconds * Rate)
			for b.Loop() {
				if _, err := k.Encode(context.Background(), x); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(seconds*float64(b.N)/b.Elapsed().Seconds(), "s/s")
		})
	}
}
