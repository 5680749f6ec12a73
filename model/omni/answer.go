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
	MaxTokens int            // ids put in counted; 0 is until the window is full
	MaxPicked int            // ids that the model picks, so that what the form puts in costs nothing; 0 is no limit
	Begin     []int32        // ids that the answer begins with
	Free      int            // so many ids are picked out of all, whatever they come to, and none ends the answer; 0 is off
	Taken     func(id int32) // told every id, put in or picked; may be nil
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
		going := r.put(ctx, o.Begin)
		if going && o.Free > 0 {
			going = r.free(ctx)
		}
		for going && o.Free == 0 && !a.Ended() {
			going = r.step(ctx)
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
	given int  // of these, ids that were put in
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

// take goes on with an id that the window holds.
func (r *answering) take(id int32) bool {
	r.n++
	if r.o.Taken != nil {
		r.o.Taken(id)
	}
	return r.emit(r.a.Take(id))
}

// put puts ids in.
func (r *answering) put(ctx context.Context, ids []int32) bool {
	if len(ids) == 0 {
		return true
	}
	if r.err = r.w.seq.Append(ctx, ids); r.err != nil {
		return false
	}
	r.given += len(ids)
	for _, id := range slices.Clone(ids) {
		if !r.take(id) {
			return false
		}
	}
	return true
}

// free picks as many ids as are wanted, in one go.
func (r *answering) free(ctx context.Context) bool {
	s := r.o.Sampling
	s.MaxTokens, s.Allowed, s.Ends = 1, [][2]int32{{0, r.w.m.Vocabulary.Size - 1}}, nil
	for range r.o.Free {
		before := r.n
		for id, err := range r.w.seq.Generate(ctx, s) {
			if err != nil {
				r.err = err
				return false
			}
			if !r.take(id) {
				return false
			}
		}
		if r.n == before {
			r.err = errors.New("the language model ended its answer by itself")
			return false
		}
		s.Seed++
	}
	return false
}

// step takes the forced ids, or picks one out of the allowed ones as long as these stay the same.
func (r *answering) step(ctx context.Context) bool {
	next := r.a.Next()
	if len(next.Forced) > 0 {
		return r.put(ctx, next.Forced)
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
	if r.o.MaxPicked > 0 {
		most := r.o.MaxPicked - (r.n - r.given)
		if most <= 0 {
			r.err = ErrLength
			return false
		}
		if s.MaxTokens == 0 || most < s.MaxTokens {
			s.MaxTokens = most
		}
	}
	for id, err := range r.w.seq.Generate(ctx, s) {
		if err != nil {
			r.err = err
			return false
		}
		if !r.take(id) {
			return false
		}
		if now := r.a.Next(); r.a.Ended() || len(now.Forced) > 0 || !slices.Equal(now.Allowed, next.Allowed) {
			return true
		}
	}
	if r.w.seq.Reason() == llama.EndOfReply { // an id that the language model's own file says ends an answer
		r.emit(r.a.Take(r.w.m.Vocabulary.Marks.TurnEnd))
		return false
	}
	return true
}
