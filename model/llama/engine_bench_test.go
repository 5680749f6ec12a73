package llama

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// Conversations that generate at once, with one cache for all and with a cache each; "gaps" has idle ones in between.
func BenchmarkTogether(b *testing.B) {
	for _, shared := range []bool{false, true} {
		for _, c := range []struct{ n, stride int }{{1, 1}, {2, 1}, {2, 2}, {4, 1}, {4, 2}, {8, 1}} {
			b.Run(fmt.Sprintf("shared=%v/n=%d/stride=%d", shared, c.n, c.stride), func(b *testing.B) {
				benchTogether(b, EngineOptions{Sequences: 8, ContextPerSequence: 1024, SharedCache: shared, Threads: 2}, c.n, c.stride)
			})
		}
	}
}

func benchTogether(b *testing.B, o EngineOptions, n, stride int) {
	m := load(b, qwen)
	e := start(b, m, o)
	prompt := tokens(b, m, chat("Tell me a long story about the moon."))
	var active []*Sequence
	for i := range n * stride {
		s := newSequence(b, e)
		appendAll(b, s, prompt)
		if i%stride == 0 {
			active = append(active, s)
		}
	}
	const each = 24
	began, rounds := time.Now(), 0
	for b.Loop() {
		var wg sync.WaitGroup
		for _, s := range active {
			wg.Go(func() {
				for _, err := range s.Generate(context.Background(), Sampling{MaxTokens: each}) {
					if err != nil {
						b.Error(err)
					}
				}
				if err := s.Truncate(len(prompt)); err != nil {
					b.Error(err)
				}
			})
		}
		wg.Wait()
		rounds++
	}
	b.ReportMetric(float64(rounds*n*each)/time.Since(began).Seconds(), "tokens/s")
}

func BenchmarkCopyFrom(b *testing.B) {
	for _, shared := range []bool{false, true} {
		b.Run(fmt.Sprintf("shared=%v", shared), func(b *testing.B) {
			m := load(b, qwen)
			e := start(b, m, EngineOptions{Sequences: 8, ContextPerSequence: 4096, SharedCache: shared})
			src, dst := newSequence(b, e), newSequence(b, e)
			appendAll(b, src, tokens(b, m, chat("hello")))
			n := src.Len() / 2
			one := tokens(b, m, " a")
			for b.Loop() { // the next step pays for the copy in some modes
				if err := dst.CopyFrom(src, n); err != nil {
					b.Fatal(err)
				}
				appendAll(b, dst, one)
			}
		})
	}
}
