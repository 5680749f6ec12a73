package live

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"omnilive/model"
	"omnilive/model/omni"
)

// senses are what Hear, See and Listen bring. They have a lock of their own: a turn goes on while the camera is looked at.
type senses struct {
	mu      sync.Mutex
	heard   *part
	look    *part
	first   *frame // of a moment whose second frame has not come
	moments []part // that are not in the window yet
	picture *model.Picture
	sound   []float32 // rows of the soundtrack that no moment has taken

	dropped  int // moments
	silenced int // seconds of the soundtrack
}

// A frame is a camera picture with its time.
type frame struct {
	at      time.Duration
	picture model.Picture
}

// maxMoments is how many moments of the camera may wait for the window; then the oldest goes.
const maxMoments = 8

// momentTime is how far apart the two frames of a moment may be.
const momentTime = 1500 * time.Millisecond

// restore brings back what the camera showed, where parts were taken out of the window.
func (s *senses) restore(parts []part) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var back []part
	for i := range parts {
		switch p := &parts[i]; {
		case p.shows == look && s.look == nil:
			s.look = p
		case p.shows == moment:
			back = append(back, *p)
		}
	}
	s.moments = append(back, s.moments...)
	s.bound()
}

// bound drops the oldest moments.
func (s *senses) bound() {
	if n := len(s.moments) - maxMoments; n > 0 {
		s.moments = s.moments[n:]
		s.dropped += n
	}
}

// parts are the parts of an input's message, in their order: looks, pictures, speech, words.
func (c *Conversation) parts(ctx context.Context, in model.Input) (parts []part, err error) {
	s := &c.in
	s.mu.Lock()
	speech, newest := s.heard, s.picture
	s.mu.Unlock()
	if in.Camera {
		if p := s.takeLook(c.l.m.Width()); p != nil { // no more than once
			parts = append(parts, *p)
		}
	}
	defer func() {
		if err != nil {
			s.restore(parts)
		}
	}()
	images := in.Images
	if in.Frame {
		if newest == nil {
			return parts, errors.New("the camera has shown nothing yet")
		}
		images = append([]model.Picture{*newest}, images...)
	}
	for _, p := range images {
		it, err := c.l.m.Image(ctx, p)
		if err != nil {
			return parts, err
		}
		parts = append(parts, part{shows: image, item: &it})
	}
	if in.Heard {
		if speech == nil {
			return parts, errors.New("nothing was heard")
		}
		parts = append(parts, *speech)
	} else if in.Text != "" {
		parts = append(parts, part{text: in.Text})
	}
	return parts, nil
}

// See looks at a camera picture: at once where it belongs to a question, else as half of a moment, which goes into the window
// while nobody waits for it.
func (c *Conversation) See(ctx context.Context, p model.Picture, o model.SeeOptions) (string, error) {
	if c.l.o.Draw {
		kept := model.Picture{Width: p.Width, Height: p.Height, RGB: append([]byte(nil), p.RGB...)}
		c.in.mu.Lock()
		c.in.picture = &kept
		c.in.mu.Unlock()
	}
	if o.Now {
		it, err := c.l.m.Video(ctx, omni.Clip{Frames: []model.Picture{p, p}, FPS: 2})
		if err != nil {
			return "", err
		}
		c.in.mu.Lock()
		c.in.look = &part{shows: look, item: &it}
		c.in.mu.Unlock()
		c.putLook(ctx)
		return "", nil
	}
	frames, at := c.in.pair(frame{o.At, p})
	if frames == nil {
		return "", nil
	}
	it, err := c.l.m.Video(ctx, omni.Clip{Frames: frames, FPS: 2})
	if err != nil {
		return "", err
	}
	c.in.mu.Lock()
	c.in.sounding(&it, c.l.m.Width())
	c.in.moments = append(c.in.moments, part{shows: moment, item: &it, time: clock(at)})
	c.in.bound()
	c.in.mu.Unlock()
	c.putMoments(ctx)
	return "", nil
}

// pair returns the two frames of a moment once both are there. A frame that stays alone is its own second.
func (s *senses) pair(f frame) ([]model.Picture, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.first
	switch {
	case one == nil:
		s.first = f.copy()
		return nil, 0
	case f.at-one.at > momentTime || one.picture.Width != f.picture.Width || one.picture.Height != f.picture.Height:
		s.first = f.copy()
		return []model.Picture{one.picture, one.picture}, one.at
	}
	s.first = nil
	return []model.Picture{one.picture, f.picture}, one.at
}

func (f frame) copy() *frame {
	f.picture.RGB = append([]byte(nil), f.picture.RGB...)
	return &f
}

// clock writes a time of the call: 1:02:31, 12:31, 0:05.
func clock(at time.Duration) string {
	s := int(at / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// putMoments puts the moments that wait into the window, unless a turn has it.
func (c *Conversation) putMoments(ctx context.Context) {
	for {
		next, ok := c.in.next()
		if !ok {
			return
		}
		if !c.background(ctx, func(ctx context.Context) error { return c.putMoment(ctx, next) }) {
			c.in.restore([]part{next})
			return
		}
	}
}

// putMoment puts one in. A window that is nearly full is tidied meanwhile.
func (c *Conversation) putMoment(ctx context.Context, p part) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	if c.crowded(p.item.Media.Rows + p.item.Media.Sound + perMoment) {
		c.startTidying()
		return errCrowded
	}
	defer c.tidyIfFull()
	return c.message(ctx, []part{p}, false)
}

// putLook puts what the camera shows at a question into the window while the question is still being heard. A turn that has the
// conversation, or a window that is nearly full, leaves it to the next input.
func (c *Conversation) putLook(ctx context.Context) {
	if !c.lockBetween(ctx) {
		return
	}
	defer c.mu.Unlock()
	p := c.in.takeLook(c.l.m.Width())
	if p == nil {
		return
	}
	if err := c.replaceLook(omni.Turn(ctx), *p); err != nil {
		c.in.restore([]part{*p})
	}
}

// replaceLook puts a look in. One before it that nobody has asked about goes: only the newest counts.
func (c *Conversation) replaceLook(ctx context.Context, p part) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	if s := c.log.last(); s != nil && !s.ends && len(s.parts) == 1 && s.parts[0].shows == look {
		if err := c.forget(s.at); err != nil {
			return err
		}
		if old := c.in.takeLook(0); old != nil && p.item.Media.Sound == 0 {
			p.item.Sound, p.item.Media.Sound = old.item.Sound, old.item.Media.Sound
		}
	}
	if c.crowded(p.item.Media.Rows + p.item.Media.Sound + perMoment) {
		c.startTidying()
		return errCrowded
	}
	return c.message(ctx, []part{p}, false)
}

// takeLook takes the look that waits for the window, with the soundtrack that is ready where width is not 0.
func (s *senses) takeLook(width int) *part {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.look
	if p != nil && width > 0 {
		s.sounding(p.item, width)
	}
	s.look = nil
	return p
}

// perMoment is room for the words around a moment.
const perMoment = 384

// errCrowded says that the window has to be tidied first.
var errCrowded = errors.New("omni live: the window is nearly full")

// next takes the oldest moment.
func (s *senses) next() (p part, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.moments) == 0 {
		return p, false
	}
	p, s.moments = s.moments[0], s.moments[1:]
	return p, true
}
