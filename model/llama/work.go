package llama

import (
	"slices"
	"sync/atomic"
	"time"
)

// Work is what an engine has done since it began. Differences of two say what it did in between.
type Work struct {
	Steps      uint64        // batches decoded
	Background uint64        // those of them with Background prompts in them
	Generated  uint64        // tokens that calls had picked
	Prompted   uint64        // positions of prompts
	Busy       time.Duration // time spent on steps, those of nothing but Background aside
}

// work counts; it may be read at any time.
type work struct {
	steps, background, generated, prompted atomic.Uint64
	busy                                   atomic.Int64
}

// Work returns the counts.
func (e *Engine) Work() Work {
	w := &e.work
	return Work{
		Steps: w.steps.Load(), Background: w.background.Load(), Generated: w.generated.Load(), Prompted: w.prompted.Load(),
		Busy: time.Duration(w.busy.Load()),
	}
}

// Steps is how many batches have been decoded.
func (e *Engine) Steps() uint64 { return e.work.steps.Load() }

// spent takes down how long a step took, unless nobody but the background wanted it.
func (w *work) spent(took time.Duration, tokens, embeddings []part) {
	ahead := func(p part) bool { return p.pre != nil && p.pre.class == Background }
	if !every(tokens, ahead) || !every(embeddings, ahead) {
		w.busy.Add(int64(took))
	}
}

func every(parts []part, f func(part) bool) bool {
	return !slices.ContainsFunc(parts, func(p part) bool { return !f(p) })
}

// count takes down a decoded batch of n positions.
func (w *work) count(parts []part, n int) {
	generated, background := 0, false
	for _, p := range parts {
		if p.gen != nil {
			generated++
		} else if p.pre.class == Background {
			background = true
		}
	}
	w.steps.Add(1)
	w.generated.Add(uint64(generated))
	w.prompted.Add(uint64(n - generated))
	if background {
		w.background.Add(1)
	}
}
