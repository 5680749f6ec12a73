package llama

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// A Class says what a sequence's prompts are for. Those of a higher class go first, within a class those that are due first.
type Class int32

// The classes, from the one that waits to the one that is waited for.
const (
	// Background prompts look ahead, as camera frames do. They take small bites, smaller ones while anybody generates, and
	// none while any sequence of the engine is in Turn. One that has waited beyond its due time counts as Normal.
	Background Class = iota - 1
	// Normal is the class of a sequence that was never given one.
	Normal
	// Turn is a call whose caller has stopped speaking: somebody waits in silence. It is a state, not a mark of a single
	// prompt: whoever sets it takes it back with the first sound of the answer.
	Turn
)

// Patience is how long a Background prompt without a due time of its own rests at most.
const Patience = 10 * time.Second

type classKey struct{}

// WithClass marks what is done with ctx as of class c: for a single Append where SetPriority is for a sequence. A sequence
// in Turn is in Turn whatever its prompts are marked.
func WithClass(ctx context.Context, c Class) context.Context {
	return context.WithValue(ctx, classKey{}, min(max(c, Background), Turn))
}

// ClassOf returns the class that ctx was marked with, and whether it was.
func ClassOf(ctx context.Context) (c Class, ok bool) {
	c, ok = ctx.Value(classKey{}).(Class)
	return c, ok
}

// An urgency is what SetPriority was told last.
type urgency struct {
	class Class
	due   time.Time // zero: by the time a prompt comes
}

// SetPriority says how urgent the sequence's prompts are and when they are due; the zero time means when they come,
// for Background Patience later. It may be called at any time, by anybody, and counts at once, for a prompt under way too:
// a Background prompt that a turn has to wait for is hurried by it. With Turn a step that holds nothing but Background is
// broken off, and what it had done is done again later.
func (s *Sequence) SetPriority(c Class, due time.Time) {
	s.e.rank(s, &urgency{min(max(c, Background), Turn), due})
}

// rank exchanges a sequence's urgency, nil for none, and keeps count of the turns.
func (e *Engine) rank(s *Sequence, u *urgency) {
	before, now := s.urgency.Swap(u).of(), u.of()
	if now == before {
		return
	}
	if now == Turn {
		e.turns.Add(1)
		e.watch.giveWay(s)
	}
	if before == Turn {
		e.turns.Add(-1)
	}
	e.wake()
}

// Turns is how many sequences are in Turn.
func (e *Engine) Turns() int { return int(e.turns.Load()) }

func (u *urgency) of() Class {
	if u == nil {
		return Normal
	}
	return u.class
}

// wake has an idle engine look again at what rests.
func (e *Engine) wake() {
	select {
	case e.changed <- struct{}{}:
	default:
	}
}

// assess works out p's place among the prompts.
func (p *prefill) assess(now time.Time) {
	u := p.seq.urgency.Load()
	p.class, p.due = u.of(), p.came
	own := u != nil && !u.due.IsZero()
	if marked, ok := ClassOf(p.ctx); ok && p.class != Turn {
		own = own && marked == p.class
		p.class = marked
	}
	switch {
	case own:
		p.due = u.due
	case p.class == Background:
		p.due = p.came.Add(Patience)
	}
	if p.class == Background && now.After(p.due) {
		p.class = Normal
	}
}

// sortPrefills puts the most urgent prompt first, equals by age.
func (e *Engine) sortPrefills(now time.Time) {
	for _, p := range e.prefills {
		p.assess(now)
	}
	slices.SortStableFunc(e.prefills, func(a, b *prefill) int {
		return cmp.Or(cmp.Compare(b.class, a.class), a.due.Compare(b.due))
	})
}

// rests tells whether p has to wait for the turns under way; e.prefills have been assessed.
func (e *Engine) rests(p *prefill) bool { return p.class == Background && e.turns.Load() > 0 }

// patience is when the first resting prompt will have waited long enough; false where none rests.
func (e *Engine) patience() (at time.Time, ok bool) {
	for _, p := range e.prefills {
		if p.class == Background && (!ok || p.due.Before(at)) {
			at, ok = p.due, true
		}
	}
	return at, ok
}

// bite is how much of the background goes into a step.
func (e *Engine) bite() int {
	if len(e.generations) > 0 {
		return max(1, e.o.Interleave/4)
	}
	return e.o.Interleave
}
