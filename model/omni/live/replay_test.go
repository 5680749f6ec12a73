package live

import (
	"context"
	"slices"
	"testing"

	"omnilive/model"
	"omnilive/model/omni"
	"omnilive/model/omni/prompt"
)

// A replay has a scribe follow a tape: each answer of the call is made again by the code of `omnilive ask`, out of what was said
// and shown alone.
type replay struct {
	t        *testing.T
	s        *scribe
	n        string // which call, for messages
	moved    senses // pairs the frames as a conversation does
	views    []part // what the camera showed, encoded by the reference
	sound    []float32
	stand    []standing
	question *omni.Input // the message put last, where it is one thing
	count    counts
}

// counts are what a tape held.
type counts struct{ asked, answers, ids, undone, cut, whole, views, typed int }

func (c *counts) add(d counts) {
	c.answers, c.ids, c.undone, c.cut = c.answers+d.answers, c.ids+d.ids, c.undone+d.undone, c.cut+d.cut
	c.asked, c.whole, c.views, c.typed = c.asked+d.asked, c.whole+d.whole, c.views+d.views, c.typed+d.typed
}

// A standing thing is a message or an answer that has not been taken back.
type standing struct {
	at     int // position of the conversation before it
	before state
	reply  *spokenTo
	want   []int32
	cut    bool
}

// A state is how far a scribe had written.
type state struct {
	n     int
	media prompt.Counters
	open  bool
	owed  bool
}

func (s *scribe) state() state { return state{len(s.ids), s.media, s.open, s.owed} }

func (s *scribe) back(b state) {
	s.ids, s.rows, s.media, s.open, s.owed = s.ids[:b.n], s.rows[:b.n], b.media, b.open, b.owed
}

// follow goes through a whole tape.
func (r *replay) follow(p *tape) {
	r.look(p)
	for _, x := range p.records {
		switch {
		case x.put != nil:
			r.put(x.put)
		case x.reply != nil:
			r.reply(x.reply)
		default:
			r.cut(*x.cut)
		}
	}
}

// look encodes all that the camera showed, with the soundtrack of it all.
func (r *replay) look(p *tape) {
	ctx, m := context.Background(), r.s.l.m
	encode := func(shows shown, time string, frames ...model.Picture) {
		it, err := m.Video(ctx, omni.Clip{Frames: frames, FPS: 2})
		if err != nil {
			r.t.Error(err)
		}
		r.views = append(r.views, part{shows: shows, time: time, item: &it})
	}
	for _, s := range p.seen {
		if s.o.Now {
			encode(look, "", s.p, s.p)
		} else if frames, at := r.moved.pair(frame{s.o.At, s.p}); frames != nil {
			encode(moment, clock(at), frames...)
		}
	}
	if len(p.listened) > 0 && len(p.seen) > 0 {
		whole, err := m.Video(ctx, omni.Clip{Frames: []model.Picture{p.seen[0].p, p.seen[0].p}, FPS: 2, Sound: p.listened})
		if err != nil {
			r.t.Error(err)
		}
		r.sound = whole.Sound
	}
}

// view is what the camera showed, in place of what the conversation says that it did.
func (r *replay) view(p part) omni.Item {
	r.count.views++
	for _, v := range r.views {
		if v.shows != p.shows || v.time != p.time || !slices.Equal(v.item.Rows, p.item.Rows) {
			continue
		}
		it := *v.item
		width := r.s.l.m.Width()
		if n := p.item.Media.Sound; n > 0 {
			for at := 0; at+n*width <= len(r.sound); at += width {
				if slices.Equal(r.sound[at:at+n*width], p.item.Sound) {
					it.Sound, it.Media.Sound = r.sound[at:at+n*width], n
				}
			}
			if it.Sound == nil {
				r.t.Errorf("%s: %d seconds of the soundtrack were never heard", r.n, n)
			}
		}
		return it
	}
	r.t.Errorf("%s: the window holds a picture that the camera did not show (%d, %q)", r.n, p.shows, p.time)
	return *p.item
}

// put writes a message of the user's.
func (r *replay) put(p *put) {
	before := r.s.state()
	var m prompt.Message
	var items []omni.Item
	add := func(it omni.Item) {
		items = append(items, it)
		m.Parts = append(m.Parts, prompt.Part{Kind: it.Kind, Media: it.Media, Sound: it.Media.Sound > 0})
	}
	said := 0
	for _, part := range p.parts {
		switch part.shows {
		case look, moment:
			if part.time != "" {
				m.Parts = append(m.Parts, prompt.Part{Text: part.time})
			}
			add(r.view(part))
		case heard:
			said++
			it, err := r.s.l.m.Audio(context.Background(), p.heard)
			if err != nil {
				r.t.Error(err)
			}
			add(it)
			r.s.owed = true
		default:
			said++
			r.count.typed++
			m.Parts = append(m.Parts, prompt.Part{Text: p.in.Text})
		}
	}
	if wanted := p.in.Heard || p.in.Text != ""; wanted != (said == 1) {
		r.t.Errorf("%s: the window holds %d things that were said in one message", r.n, said)
	}
	switch r.question = nil; {
	case len(p.parts) == 1 && p.in.Heard:
		r.question = &omni.Input{Sound: p.heard}
	case len(p.parts) == 1 && p.in.Text != "":
		r.question = &omni.Input{Text: p.in.Text}
	}
	r.s.message(m, items)
	r.stand = append(r.stand, standing{at: p.base, before: before})
}

// reply answers again; the first question of a call, which is no more than speech or words, by Model.Ask itself too.
func (r *replay) reply(x *spokenTo) {
	before := r.s.state()
	r.s.text(generation)
	want := r.s.answer(x.o)
	if q := r.question; q != nil && len(r.stand) == 1 && !x.o.TextOnly {
		if asked := r.ask(*q); !slices.Equal(asked, want) {
			r.t.Errorf("%s: Ask answers %v, a window filled with the same %v", r.n, asked, want)
		}
		r.count.asked++
	}
	r.count.answers, r.count.ids = r.count.answers+1, r.count.ids+len(x.ids)
	switch {
	case len(x.ids) > len(want) || !slices.Equal(x.ids, want[:len(x.ids)]):
		r.t.Errorf("%s: the call answers %v, ask %v", r.n, x.ids, want)
	case x.whole && len(x.ids) != len(want):
		r.t.Errorf("%s: the call answers %d ids, ask %d", r.n, len(x.ids), len(want))
	}
	r.stand = append(r.stand, standing{at: x.opened, before: before, reply: x, want: want})
	r.s.written(x.o, want, -1)
	if x.whole {
		r.count.whole++
	}
}

// ask answers a question in a call of its own.
func (r *replay) ask(in omni.Input) (got []int32) {
	l := r.s.l
	q := omni.Request{System: l.o.System, Inputs: []omni.Input{in}, Want: omni.WantSpeech}
	q.Answer.Units, q.Answer.Sampling = l.o.Units, l.o.Sampling
	q.Answer.Taken = func(id int32) { got = append(got, id) }
	q.Answer.Aloud = &prompt.Aloud{Heard: in.Sound != nil, Info: "{}", Words: l.o.Words}
	for _, err := range l.m.Ask(context.Background(), q) {
		if err != nil {
			r.t.Errorf("%s: %v", r.n, err)
		}
	}
	return got
}

// cut takes back what came behind a position.
func (r *replay) cut(pos int) {
	for n := len(r.stand); n > 0 && r.stand[n-1].at >= pos; n = len(r.stand) {
		if r.stand[n-1].reply != nil {
			r.count.undone++
		}
		r.s.back(r.stand[n-1].before)
		r.stand = r.stand[:n-1]
	}
	if len(r.stand) == 0 || r.stand[len(r.stand)-1].reply == nil {
		return
	}
	last := &r.stand[len(r.stand)-1]
	x, heard := last.reply, 0
	if n := len(x.pieces); last.cut || n > 0 && pos > x.pieces[n-1].Pos {
		return // what came behind it was taken back
	}
	for _, p := range x.pieces {
		if p.Pos <= pos {
			heard += len(p.PCM) / samplesOfUnit
		}
	}
	total := 0
	for _, id := range last.want {
		if r.s.l.m.Vocabulary.Units.Has(id) {
			total++
		}
	}
	if x.o.TextOnly {
		ids, err := r.s.l.m.Vocabulary.Text(generation)
		if err != nil {
			r.t.Error(err)
		}
		heard, total = pos-x.opened-len(ids), len(last.want)
	}
	if x.whole && heard >= total {
		return
	}
	r.count.cut++
	last.cut = true
	r.s.back(last.before)
	r.s.text(generation)
	r.s.written(x.o, last.want, heard)
}

// samplesOfUnit is how much sound a unit is.
const samplesOfUnit = model.OutputRate / 25
