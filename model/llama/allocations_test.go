package llama

import (
	"context"
	"iter"
	"testing"
)

// Once their buffers have grown, calls that generate together allocate nothing: neither the engine, nor its samplers, nor Generate.
func TestSteadyStepsAllocateNothing(t *testing.T) {
	const calls, rounds = 4, 100
	for name, o := range map[string]Sampling{
		"likeliest": {},
		"drawn":     {Temperature: 0.8, TopK: 40, TopP: 0.95, MinP: 0.05, RepeatPenalty: 1.1, Seed: 7},
	} {
		t.Run(name, func(t *testing.T) {
			e := start(t, tiny(t), EngineOptions{Sequences: calls, ContextPerSequence: tinyContext, Threads: 1})
			var next []func() (int32, error, bool)
			for i := range calls {
				s := newSequence(t, e)
				appendAll(t, s, []int32{1, 2, int32(3 + i)})
				n, stop := iter.Pull2(s.Generate(context.Background(), o))
				t.Cleanup(stop)
				next = append(next, n)
			}
			step := func() {
				for _, n := range next {
					if _, err, more := n(); err != nil || !more {
						t.Fatalf("the answer ended early: %v", err)
					}
				}
			}
			for range 2 * rounds { // until lists of candidates and recent ids have their size
				step()
			}
			if n := testing.AllocsPerRun(1, func() {
				for range rounds {
					step()
				}
			}); n > 0 {
				t.Errorf("%v allocations in %d tokens of %d calls, want none", n, rounds, calls)
			}
		})
	}
}
