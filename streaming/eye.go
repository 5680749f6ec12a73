package streaming

import (
	"context"
	"time"

	"omnilive/media"
	"omnilive/model"
)

// The eye's clock.
const (
	lookEvery   = 500 * time.Millisecond // between two pictures, while something changes
	lookTimeout = time.Second            // without a picture there is no camera
	lookAgain   = 30 * time.Second       // a question is shown again what has not changed for so long
	lookOff     = 5 * time.Second        // without a picture the camera counts as switched off
)

// look shows the camera to the model: now when asked, else twice a second while the picture changes and the budget lasts. It
// takes the newest picture each time; while See works, pictures pass unseen.
func (s *Session) look(ctx context.Context) error {
	e := eye{budget: newBudget(s.cfg.Looks), shown: time.Now(), there: time.Now().Add(-lookOff)}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		asked := false
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.glance:
			asked = true
		case <-tick.C:
		}
		p, err := s.glimpse(ctx)
		s.senses.ear.listen(e.open(err == nil))
		if err != nil {
			continue // no camera now; ctx is looked at above
		}
		switch e.judge(newThumbnail(p), asked) {
		case wanted:
			if err := s.show(ctx, &e, p, asked); err != nil {
				return err
			}
		case unaffordable:
			s.dropped("look")
		}
	}
}

// show has the model see a picture and tells what it saw.
func (s *Session) show(ctx context.Context, e *eye, p media.Picture, asked bool) error {
	o := model.SeeOptions{At: s.senses.clock.now(), Now: asked}
	text, err := s.conv.See(ctx, model.Picture{Width: p.Width, Height: p.Height, RGB: p.RGB}, o)
	if err != nil {
		s.cfg.Log.Debug("camera", "err", err)
		return nil
	}
	e.saw()
	return send(ctx, s.seen, text)
}

func (s *Session) glimpse(ctx context.Context) (media.Picture, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	return s.ports.Camera.Look(ctx)
}

// dropped counts what was lost.
func (s *Session) dropped(what string) {
	if s.cfg.Dropped != nil {
		s.cfg.Dropped(what)
	}
}

// An eye decides which pictures are worth a look. Only look touches it.
type eye struct {
	budget budget
	last   thumbnail // that was shown
	now    thumbnail // that is judged
	shown  time.Time // last was
	there  time.Time // the camera's last picture was
	noise  float64   // of the camera, in levels
}

// open says whether the camera is on, now that it brought a picture or none.
func (e *eye) open(picture bool) bool {
	if picture {
		e.there = time.Now()
	}
	return time.Since(e.there) < lookOff
}

// An opinion is what is to be done with a picture.
type opinion int

const (
	unchanged opinion = iota
	wanted
	unaffordable
)

// How far a picture has to be from the last one that was shown, in levels of brightness: over all, in one place, and for
// another camera or screen. Noise raises the first two.
const (
	changedMean  = 5
	changedWorst = 20
	jumpMean     = 48
	mostNoise    = 6
)

// judge says what is to be done with a picture. What is asked for costs nothing of the budget; another camera or a screen may
// borrow from it.
func (e *eye) judge(t thumbnail, asked bool) opinion {
	if d := t.from(&e.now); !d.other {
		e.noise = min(0.8*e.noise+0.2*float64(d.median), mostNoise)
	}
	e.now = t
	d := t.from(&e.last)
	jump := d.other || d.mean >= jumpMean
	changed := jump || float64(d.mean) >= changedMean+2*e.noise || float64(d.worst) >= changedWorst+5*e.noise
	switch {
	case asked && (changed || time.Since(e.shown) >= lookAgain):
		return wanted
	case asked || !changed:
		return unchanged
	case e.budget.spend(jump):
		return wanted
	}
	return unaffordable
}

// saw notes that the picture judged last was shown.
func (e *eye) saw() { e.last, e.shown = e.now, time.Now() }

// A budget is a bucket of looks that fills by the minute.
type budget struct {
	left, most, perSecond float64
	when                  time.Time
}

const (
	usualLooks = 20
	usualBurst = 6
)

func newBudget(l Looks) budget {
	if l.PerMinute == 0 {
		l.PerMinute = usualLooks
	}
	if l.Burst <= 0 {
		l.Burst = usualBurst
	}
	if l.PerMinute < 0 {
		return budget{when: time.Now()}
	}
	return budget{left: float64(l.Burst), most: float64(l.Burst), perSecond: float64(l.PerMinute) / 60, when: time.Now()}
}

// spend takes one look out, if there is one; borrowing takes up to as many more as a full bucket has.
func (b *budget) spend(borrow bool) bool {
	now := time.Now()
	b.left = min(b.most, b.left+b.perSecond*now.Sub(b.when).Seconds())
	b.when = now
	if b.left < 1 && !(borrow && b.left-1 >= -b.most) {
		return false
	}
	b.left--
	return true
}
