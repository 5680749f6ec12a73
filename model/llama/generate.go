package llama

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// Reason is why a Generate ended.
type Reason int

// Why generation ends.
const (
	Interrupted Reason = iota // the caller broke off, ctx ended, or an error
	EndOfReply                // the model ended its reply, or an id out of Sampling.Ends came
	StopString                // a string out of Sampling.Stop came
	Length                    // Sampling.MaxTokens were yielded
)

// A generation is a Generate under way. Its fields belong to the engine's goroutine.
type generation struct {
	seq     *Sequence
	sampler *sampler
	stops   *stopper
	left    int  // tokens still allowed; less than 0: no limit
	asked   bool // the caller waits on out
	pending bool // token was yielded and is not yet decoded
	token   int32
	failed  error
	ending  chan struct{} // not nil: closed when nothing is pending any more
	out     chan outcome  // 1 place: one outcome for each asking
}

type outcome struct {
	token  int32
	end    bool
	reason Reason
	err    error
}

// Generate continues the sequence token by token. A yielded token counts in Len at once and is decoded while the caller
// works on it; it is in the cache before the next one comes and before the loop is left, however that is left. The token
// that ends the reply is neither yielded nor cached. What ends otherwise yields -1 and an error last: ctx.Err within one
// step of its end, ErrContextFull with the sequence full and usable, ErrStopped. The sequence's other methods, Len aside,
// return an error inside the loop.
func (s *Sequence) Generate(ctx context.Context, g Sampling) iter.Seq2[int32, error] {
	return func(yield func(int32, error) bool) {
		if err := s.generate(ctx, g, func(id int32) bool { return yield(id, nil) }); err != nil {
			yield(-1, err)
		}
	}
}

// Reason tells why the last Generate ended.
func (s *Sequence) Reason() Reason { return s.reason }

func (s *Sequence) generate(ctx context.Context, o Sampling, yield func(int32) bool) error {
	s.reason = Interrupted
	if err := o.check(s.e.model); err != nil {
		return err
	}
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	if err := s.refresh(ctx); err != nil {
		return err
	}
	g := &generation{seq: s, sampler: newSampler(o, s.e.model.nVocab), stops: newStopper(s.e.model, o.Stop), left: o.MaxTokens, out: make(chan outcome, 1)}
	if o.MaxTokens == 0 {
		g.left = -1
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.e.send(func() { s.e.generations = append(s.e.generations, g); g.ask() }); err != nil {
		return err
	}
	defer s.e.finish(g)
	ask := g.ask // made once, not for every token
	for {
		o, err := g.wait(ctx)
		if err != nil {
			return err
		}
		if o.end {
			s.reason = o.reason
			return o.err
		}
		if !yield(o.token) {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.e.send(ask); err != nil {
			return err
		}
	}
}

// wait returns what was asked for. When ctx ends first the asking is taken back, unless it has been answered: that
// token stands in the cache already, so it is returned.
func (g *generation) wait(ctx context.Context) (outcome, error) {
	select {
	case o := <-g.out:
		return o, nil
	case <-g.seq.e.stopped:
		return outcome{}, ErrStopped
	case <-ctx.Done():
	}
	if err := g.seq.e.do(func() { g.asked = false }); err != nil {
		return outcome{}, err
	}
	select {
	case o := <-g.out:
		return o, nil
	default:
		return outcome{}, ctx.Err()
	}
}

// refresh sees to it that the logits of the last position are there: a sequence cut short has lost them.
func (s *Sequence) refresh(ctx context.Context) error {
	select {
	case <-s.e.started:
	case <-s.e.stopped:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
	var last int32
	var stale bool
	var err error
	stopped := s.e.do(func() {
		switch {
		case s.cached == 0:
			err = errors.New("generate: the sequence is empty; append a prompt first")
		case s.logitsAt == s.cached:
		case s.tokens[s.cached-1] == embedded:
			err = errors.New("generate: the sequence was cut after an embedding; append something first")
		default:
			last, stale = s.tokens[s.cached-1], true
			err = s.cut(s.cached - 1)
		}
	})
	if err = errors.Join(stopped, err); err != nil || !stale {
		return err
	}
	return s.submit(context.WithoutCancel(ctx), &prefill{tokens: []int32{last}, n: 1})
}

// ask is run by the engine when the caller wants the next token.
func (g *generation) ask() {
	g.asked = true
	g.seq.e.advance(g)
}

// advance yields the next token if it is asked for and the one before is decoded; it stands in the cache from then on.
func (e *Engine) advance(g *generation) {
	if g.ending != nil && !g.pending {
		e.drop(g)
		return
	}
	if !g.asked || g.pending {
		return
	}
	g.asked = false
	o := g.next()
	if !o.end {
		g.token, g.pending = o.token, true
		g.seq.length.Store(int64(g.seq.cached + 1))
	}
	g.out <- o
}

// next picks the token to yield.
func (g *generation) next() outcome {
	m, s := g.seq.e.model, g.seq
	switch {
	case g.failed != nil:
		return outcome{end: true, err: g.failed}
	case g.left == 0:
		return outcome{end: true, reason: Length}
	case s.cached >= s.e.o.ContextPerSequence:
		return outcome{end: true, err: fmt.Errorf("generate at %d positions: %w", s.cached, ErrContextFull)}
	}
	id, err := g.sampler.sample(s.logits, s.tokens)
	switch {
	case err != nil:
		return outcome{end: true, err: err}
	case m.IsEOG(id) || slices.Contains(g.sampler.Ends, id):
		return outcome{end: true, reason: EndOfReply}
	case g.stops.stopsAt(id):
		return outcome{end: true, reason: StopString}
	}
	if g.left > 0 {
		g.left--
	}
	return outcome{token: id}
}

// finish waits until nothing of g is under way and takes it off the list.
func (e *Engine) finish(g *generation) {
	gone := make(chan struct{})
	err := e.send(func() {
		g.asked, g.ending = false, gone
		e.advance(g)
	})
	if err == nil {
		select {
		case <-gone:
			return
		case <-e.stopped:
		}
	}
	select {
	case <-gone:
	default:
		g.seq.length.Store(int64(g.seq.cached)) // the engine's goroutine is gone: its fields are ours
	}
}

func (e *Engine) drop(g *generation) {
	e.generations = slices.DeleteFunc(e.generations, func(h *generation) bool { return h == g })
	close(g.ending)
	g.ending = nil
}
