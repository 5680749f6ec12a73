package omni

import (
	"context"
	"errors"
	"iter"
	"slices"

	"omnilive/model/llama"
	"omnilive/model/omni/prompt"
)

// AnswerOptions say how the window goes on.
type AnswerOptions struct {
	prompt.AnswerOptions
	Sampling  llama.Sampling // how ids are picked; Allowed and Ends are the answer's own
	MaxTokens int            // 0 is until the window is full
}

// ErrLength ends an answer that reached MaxTokens; what came before stands.
var ErrLength = errors.New("the answer reached its limit of tokens")

// Answer goes on with the window and yields what it comes to. Where the form of an answer leaves no choice the ids are put
// in, and where it leaves some only these are picked from. Leaving the loop or ending ctx stops it within one step; the
// window then holds the ids that were taken.
func (w *Window) Answer(ctx context.Context, o AnswerOptions) iter.Seq2[prompt.Event, error] {
	return func(yield func(prompt.Event, error) bool) {
		a := w.m.Vocabulary.NewAnswer(o.AnswerOptions)
		r := &answering{w: w, a: a, o: o, yield: yield}
		for !a.Ended() && r.step(ctx) {
		}
		if r.left {
			return
		}
		if !r.emit(a.End()) {
			return
		}
		if r.err != nil {
			yield(prompt.Event{}, r.err)
		}
	}
}

// answering is an Answer under way.
type answering struct {
	w     *Window
	a     *prompt.Answer
	o     AnswerOptions
	yield func(prompt.Event, error) bool
	n     int  // ids so far
	left  bool // the caller left the loop
	err   error
}

// emit hands events on and tells whether to go on.
func (r *answering) emit(events []prompt.Event) bool {
	for _, e := range events {
		if !r.yield(e, nil) {
			r.left = true
			return false
		}
	}
	return true
}

// step takes the forced ids, or picks one out of the allowed ones as long as these stay the same.
func (r *answering) step(ctx context.Context) bool {
	next := r.a.Next()
	if len(next.Forced) > 0 {
		if r.err = r.w.seq.Append(ctx, next.Forced); r.err != nil {
			return false
		}
		for _, id := range next.Forced {
			r.n++
			if !r.emit(r.a.Take(id)) {
				return false
			}
		}
		return true
	}
	s := r.o.Sampling
	s.Allowed, s.Ends = next.Allowed, nil
	s.Seed += uint64(r.n) // not the same draws again for every stretch
	if r.o.MaxTokens > 0 {
		if s.MaxTokens = r.o.MaxTokens - r.n; s.MaxTokens <= 0 {
			r.err = ErrLength
			return false
		}
	}
	for id, err := range r.w.seq.Generate(ctx, s) {
		if err != nil {
			r.err = err
			return false
		}
		r.n++
		if !r.emit(r.a.Take(id)) {
			return false
		}
		if now := r.a.Next(); r.a.Ended() || len(now.Forced) > 0 || !slices.Equal(now.Allowed, next.Allowed) {
			return true
		}
	}
	return r.err == nil && !r.left
}
