package hibari

import (
	"context"
	"testing"
)

// BenchmarkSynthesize reports how many seconds of sound one second makes, and the time to the whole of a clause.
func BenchmarkSynthesize(b *testing.B) {
	s := open(b)
	for name, text := range map[string]string{
		"0.9s": "I can do that.",
		"4s":   "The capital of France is Paris, and it lies on the river Seine, in the north.",
	} {
		b.Run(name, func(b *testing.B) {
			samples := 0
			b.ReportAllocs()
			for b.Loop() {
				speech, err := s.Synthesize(context.Background(), text, SpeakOptions{})
				if err != nil {
					b.Fatal(err)
				}
				samples = len(speech.PCM)
			}
			perOp := b.Elapsed().Seconds() / float64(b.N)
			b.ReportMetric(perOp*1e3, "ms/clause")
			b.ReportMetric(float64(samples)/Rate, "s-sound")
			b.ReportMetric(float64(samples)/Rate/perOp, "x-realtime")
		})
	}
}

func BenchmarkPhonemize(b *testing.B) {
	s := open(b)
	for b.Loop() {
		if _, err := s.Phonemize("On the 3rd of March 2024, 1,250 people paid $9.99 each to hear it read at 7:30 pm."); err != nil {
			b.Fatal(err)
		}
	}
}
