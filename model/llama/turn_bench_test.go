package llama

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A rival is one way to run the language model, measured against the others in turn: on a shared machine only
// measurements that take turns can be compared.
type rival struct {
	name    string
	s       *Sequence
	prompt  []int32 // 300 tokens
	turn    []int32 // 15 tokens
	prefill []time.Duration
	decode  []time.Duration
	answer  []time.Duration
	cpu     time.Duration // of the answers
}

// BenchmarkTurn measures the same model in the storage types found in the folder OMNILIVE_QUANT (NAME.gguf, made by
// Quantize), with one thread and two: the prompt, single tokens, and a turn as the caller feels it: 15 new tokens on 300
// cached ones until the eighth token of the reply.
func BenchmarkTurn(b *testing.B) {
	paths := []string{modelPath(b, qwen)}
	more, err := filepath.Glob(filepath.Join(os.Getenv("OMNILIVE_QUANT"), "*.gguf"))
	if err == nil && os.Getenv("OMNILIVE_QUANT") != "" {
		paths = append(paths, more...)
	}
	var rivals []*rival
	for _, path := range paths {
		openLibrarySet(b)
		m, err := LoadModel(path, ModelOptions{})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = m.Close() })
		for threads := 1; threads <= 2; threads++ {
			rivals = append(rivals, newRival(b, m, threads))
		}
	}
	for b.Loop() {
		for _, r := range rivals {
			r.race(b)
		}
	}
	for _, r := range rivals {
		per := func(d []time.Duration, n int) float64 { return float64(n) / median(d).Seconds() }
		b.ReportMetric(per(r.prefill, 128), r.name+":prompt-t/s")
		b.ReportMetric(per(r.decode, 16), r.name+":decode-t/s")
		b.ReportMetric(float64(median(r.answer).Milliseconds()), r.name+":turn-ms")
		b.ReportMetric(float64(slices.Min(r.answer).Milliseconds()), r.name+":best-turn-ms")
		b.ReportMetric(float64(r.cpu.Milliseconds())/float64(len(r.answer)), r.name+":turn-cpu-ms")
	}
}

func newRival(b *testing.B, m *Model, threads int) *rival {
	e := start(b, m, EngineOptions{Sequences: 1, ContextPerSequence: 512, Threads: threads})
	text := tokens(b, m, strings.Repeat("The quick brown fox jumps over the lazy dog near the river bank in spring. ", 40))
	kind := strings.TrimSuffix(filepath.Base(m.Path()), ".gguf")
	r := &rival{name: fmt.Sprintf("%s/%dt", kind[max(0, len(kind)-6):], threads), s: newSequence(b, e), prompt: text[:300], turn: text[300:315]}
	appendAll(b, r.s, r.prompt)
	return r
}

func (r *rival) race(b *testing.B) {
	b.Helper()
	if err := r.s.Truncate(0); err != nil {
		b.Fatal(err)
	}
	appendAll(b, r.s, r.prompt[:172])
	began := time.Now()
	appendAll(b, r.s, r.prompt[172:])
	r.prefill = append(r.prefill, time.Since(began))

	began, busy := time.Now(), cpuTime()
	appendAll(b, r.s, r.turn)
	r.take(b, 8)
	r.answer = append(r.answer, time.Since(began))
	r.cpu += cpuTime() - busy

	began = time.Now()
	r.take(b, 16)
	r.decode = append(r.decode, time.Since(began))
}

// take draws n tokens, whatever they are.
func (r *rival) take(b *testing.B, n int) {
	for _, err := range r.s.Generate(context.Background(), Sampling{MaxTokens: n, Allowed: [][2]int32{{0, 50000}}}) {
		if err != nil {
			b.Fatal(err)
		}
	}
}

func median(d []time.Duration) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[len(d)/2]
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
