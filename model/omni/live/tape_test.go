package live

import (
	"context"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"omnilive/model"
)

// A tape is a conversation that writes down what a call gives it and what it answers, and that takes its time, in the call's
// clock: a question may be interrupted, and an answer, wherever they are.
type tape struct {
	*Conversation
	hearing, replying *rand.Rand // how long these take

	mu       sync.Mutex // guards what follows
	heard    []float32  // of the last pause
	base     int        // the length that was asked for last
	records  []record
	seen     []sight
	listened []float32
}

// A record is one thing that happened to a conversation: exactly one of these.
type record struct {
	put   *put
	reply *spokenTo
	cut   *int // Truncate
}

// A put is a message of the user's: what it was made of, and what the window holds of it.
type put struct {
	base  int
	in    model.Input
	heard []float32
	parts []part
}

// A spokenTo is a reply as it came out.
type spokenTo struct {
	o      model.ReplyOptions
	opened int // position behind the question
	ids    []int32
	pieces []model.Piece
	whole  bool // it was made to its end
}

// A sight is a camera picture as it was shown.
type sight struct {
	p model.Picture
	o model.SeeOptions
}

func (p *tape) write(r record) {
	p.mu.Lock()
	p.records = append(p.records, r)
	p.mu.Unlock()
}

func some(r *rand.Rand, most int) time.Duration {
	return time.Duration(r.IntN(most)) * time.Millisecond
}

func (p *tape) Hear(ctx context.Context, speech []float32, o model.HearOptions) (model.Transcript, error) {
	p.mu.Lock()
	d := some(p.hearing, 120)
	p.mu.Unlock()
	time.Sleep(d)
	t, err := p.Conversation.Hear(ctx, speech, o)
	if o.Final && err == nil {
		p.mu.Lock()
		p.heard = slices.Clone(speech)
		p.mu.Unlock()
	}
	return t, err
}

func (p *tape) See(ctx context.Context, s model.Picture, o model.SeeOptions) (string, error) {
	p.mu.Lock()
	p.seen = append(p.seen, sight{s, o})
	p.mu.Unlock()
	return p.Conversation.See(ctx, s, o)
}

func (p *tape) Listen(ctx context.Context, samples []float32) error {
	p.mu.Lock()
	p.listened = append(p.listened, samples...)
	p.mu.Unlock()
	return p.Conversation.Listen(ctx, samples)
}

func (p *tape) Len() int {
	n := p.Conversation.Len()
	p.mu.Lock()
	p.base = n
	p.mu.Unlock()
	return n
}

func (p *tape) Truncate(pos int) error {
	p.write(record{cut: &pos})
	return p.Conversation.Truncate(pos)
}

func (p *tape) Add(ctx context.Context, in model.Input) error {
	m := p.question(in)
	if err := p.Conversation.Add(ctx, in); err != nil {
		return err
	}
	p.Conversation.mu.Lock()
	m.parts = p.message()
	p.Conversation.mu.Unlock()
	p.write(record{put: m})
	return nil
}

func (p *tape) question(in model.Input) *put {
	p.mu.Lock()
	defer p.mu.Unlock()
	return &put{base: p.base, in: in, heard: p.heard}
}

// message is what the window's last message consists of, where it is the user's. The conversation's mu is held.
func (p *tape) message() (parts []part) {
	for i := len(p.log.all) - 1; i >= 0 && p.log.all[i].role == "user"; i-- {
		parts = append(slices.Clone(p.log.all[i].parts), parts...)
		if p.log.all[i].begins {
			break
		}
	}
	return parts
}

func (p *tape) Reply(ctx context.Context, in *model.Input, o model.ReplyOptions) iter.Seq2[model.Piece, error] {
	return func(yield func(model.Piece, error) bool) {
		r := &spokenTo{o: o, opened: -1}
		m := p.question(model.Input{})
		if in != nil {
			m = p.question(*in)
		}
		slow := p.replying.IntN(4) == 0
		time.Sleep(some(p.replying, 150))
		left := false
		for piece, err := range p.Conversation.Reply(ctx, in, o) {
			switch {
			case err != nil:
				left = left || err != model.ErrMaxTokens
			case r.opened < 0:
				r.opened = piece.Pos
				if m.parts = p.message(); in != nil || onlyShown(m.parts) {
					p.write(record{put: m})
				}
				p.write(record{reply: r})
			default:
				r.pieces = append(r.pieces, piece)
			}
			if slow {
				time.Sleep(some(p.replying, 500))
			}
			if !yield(piece, err) {
				left = true
				break
			}
			time.Sleep(some(p.replying, 60))
		}
		p.Conversation.mu.Lock()
		defer p.Conversation.mu.Unlock()
		for _, s := range p.log.all {
			if s.answer != nil && r.opened >= 0 && s.at+p.shift >= r.opened {
				r.ids, r.whole = slices.Clone(s.answer.ids), !left
			}
		}
	}
}

// onlyShown tells whether a message is of camera pictures and nothing else.
func onlyShown(parts []part) bool {
	return len(parts) > 0 && !slices.ContainsFunc(parts, func(p part) bool { return p.shows != look && p.shows != moment })
}
