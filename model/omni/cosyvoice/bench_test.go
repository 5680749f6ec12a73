package cosyvoice

import (
	"context"
	"os"
	"testing"
)

// Networks of the published size with made-up weights: a second of sound, 25 units, after a prompt of three seconds. A
// gigabyte of weights: only where OMNILIVE_BENCH_WHOLE is set.
func published(b *testing.B) (*Decoder, *Voice) {
	if os.Getenv("OMNILIVE_BENCH_WHOLE") == "" {
		b.Skip("OMNILIVE_BENCH_WHOLE is not set")
	}
	d := decoder(b, DefaultFlow(), DefaultHiFT())
	return d, voice(b, DefaultFlow(), 75)
}

// BenchmarkNext makes a second of mel frames, of which the estimator remembers those before, and at room 0 does not.
func BenchmarkNext(b *testing.B) {
	d, v := published(b)
	for _, room := range []struct {
		name  string
		bytes int64
	}{{"remembered", 4 << 30}, {"anew", -1}} {
		b.Run(room.name, func(b *testing.B) {
			p, err := d.Begin(v, room.bytes)
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			if err := p.Push(someUnits(d.flow.Config, 28+25*b.N, 1)); err != nil {
				b.Fatal(err)
			}
			if _, err := p.Next(context.Background(), 25); err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			for range b.N {
				if _, err := p.Next(context.Background(), 25); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/s-of-sound")
		})
	}
}

// BenchmarkVocode makes two seconds of samples.
func BenchmarkVocode(b *testing.B) {
	d, _ := published(b)
	mel := make([]float32, 100*d.hift.Config.Mel)
	newGenerator(1).normal(mel)
	b.ResetTimer()
	for range b.N {
		if _, _, err := d.Vocode(context.Background(), mel, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/2, "s/s-of-sound")
}
