package streaming

import (
	"context"
	"errors"
	"strings"
	"time"

	"omnilive/model"
)

// Reasons a turn ends early; context.Cause of its context.
var (
	errBargeIn  = errors.New("streaming: the user spoke over the answer")
	errSpokeOn  = errors.New("streaming: the user went on speaking")
	errCancel   = errors.New("streaming: the client cancelled the answer")
	errNewInput = errors.New("streaming: the input changed")
)

// A job is what a turn puts before the model, in order: changes of the conversation, then the reply.
type job struct {
	before []change
	in     *model.Input
	opt    model.ReplyOptions
}

// A change of the conversation waits until no reply runs.
type change struct {
	system *system
	add    *model.Input
}

// A system is what the conversation stands on.
type system struct {
	instructions string
	tools        []model.Tool
}

func (c change) apply(ctx context.Context, conv model.Conversation) error {
	if c.system != nil {
		return conv.Instruct(ctx, c.system.instructions, c.system.tools)
	}
	return conv.Add(ctx, *c.add)
}

// A turn is one answer: begun on speculation or on demand, released once the user's turn has ended, and said.
// Its goroutine writes the fields of the first group until done is closed; converse owns the rest.
type turn struct {
	applied int // changes that are in the conversation now
	base    int // the conversation's length before the input; negative: not known
	err     error

	pieces   chan model.Piece
	done     chan struct{}
	cancel   context.CancelCauseFunc
	resp     Response // its Output grows with each item that is opened
	message  message
	question string        // item of the utterance whose words come with the answer
	held     []model.Piece // until released
	released bool
	out      spoken
	clock    times
}

// message is a turn's words as an item; calls are items of their own.
type message struct {
	item     Item
	previous string
	open     bool // it has been told of
	at       int  // place in resp.Output
}

// spoken is how far a turn has been heard.
type spoken struct {
	mark     int // the conversation's length that matches; 0: not even the input is in
	said     strings.Builder
	samples  int
	sounding bool // the first sample has gone out
	unspoken bool // some text has no sound
}

// times are a turn's moments, for its Latency.
type times struct {
	early    bool      // begun before the decision
	voiced   time.Time // last voiced sample of the question; zero where it was typed
	heard    time.Duration
	begun    time.Time // the reply
	opened   time.Time // first token
	sounded  time.Time // first clause
	released time.Time // decision
}

// begin starts a reply; its pieces come on t.pieces, which is closed at the end.
func begin(ctx context.Context, conv model.Conversation, j job) *turn {
	ctx, cancel := context.WithCancelCause(ctx)
	t := &turn{base: -1, cancel: cancel, pieces: make(chan model.Piece), done: make(chan struct{}), clock: times{begun: time.Now()}}
	go func() {
		defer close(t.done)
		defer close(t.pieces)
		t.err = t.reply(ctx, conv, j)
	}()
	return t
}

func (t *turn) reply(ctx context.Context, conv model.Conversation, j job) error {
	for _, c := range j.before {
		at := conv.Len()
		if err := c.apply(ctx, conv); err != nil {
			if ctx.Err() == nil {
				t.applied++ // it is not tried again: it would fail every answer to come
			}
			return errors.Join(err, conv.Truncate(at))
		}
		t.applied++
	}
	t.base = conv.Len()
	for p, err := range conv.Reply(ctx, j.in, j.opt) {
		if err != nil {
			return err
		}
		select {
		case t.pieces <- p:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return context.Cause(ctx)
}

// stop ends the reply, if it still runs, and waits for it.
func (t *turn) stop(why error) {
	t.cancel(why)
	if t.pieces == nil {
		return
	}
	for range t.pieces {
		// what was on its way was not heard
	}
	<-t.done
}

// take notes a piece that came from the reply; true when it is the first with sound or words.
func (t *turn) take(p model.Piece) {
	now := time.Now()
	if t.clock.opened.IsZero() {
		t.clock.opened, t.out.mark = now, p.Pos
	}
	if len(p.Text) > 0 && t.clock.sounded.IsZero() {
		t.clock.sounded = now
	}
	if len(p.Text) > 0 || len(p.PCM) > 0 || len(p.Calls) > 0 || p.Drawing != nil {
		t.held = append(t.held, p)
	}
}

// latency is the split of the wait, given when the first sample went out.
func (t *turn) latency(out time.Time) Latency {
	c := t.clock
	l := Latency{Recognize: c.heard, Speculated: c.early, Total: out.Sub(c.released)}
	if !c.voiced.IsZero() {
		l.Endpoint, l.Total = c.released.Sub(c.voiced), out.Sub(c.voiced)
	}
	if !c.opened.IsZero() {
		l.Prefill = c.opened.Sub(c.begun)
	}
	ready := c.released
	if !c.sounded.IsZero() {
		l.FirstSound = c.sounded.Sub(c.begun)
		if c.sounded.After(ready) {
			ready = c.sounded
		}
	}
	l.Pacer = max(out.Sub(ready), 0)
	return l
}
