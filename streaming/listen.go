package streaming

import (
	"context"
	"fmt"
	"slices"
	"time"

	"omnilive/media"
	"omnilive/model"
)

// A hop is what listen makes of 32 ms of microphone.
type hop struct {
	at   int64   // the sample after its last one, on the session's clock
	prob float32 // of speech
	pcm  []float32
	loud float32 // largest absolute sample
}

// faint is the largest sample of a hop that cannot be speech (-60 dBFS): the network is not asked.
const faint = 0.001

// listen cuts the microphone into hops and asks the speech detector about each. It owns the detector.
func (s *Session) listen(ctx context.Context) error {
	var frame media.Frame
	var ring [4][model.Hop]float32 // converse has done with a hop's samples when it takes the next
	buf := make([]float32, 0, model.Hop)
	var at int64
	dull := 0
	for n := 0; ; {
		if err := s.ports.Mic.ReadFrame(ctx, &frame); err != nil {
			return fmt.Errorf("microphone: %w", err)
		}
		for rest := frame.PCM; len(rest) > 0; {
			k := min(len(rest), model.Hop-len(buf))
			buf, rest = append(buf, rest[:k]...), rest[k:]
			if len(buf) < model.Hop {
				break
			}
			n++
			pcm := ring[n%len(ring)][:]
			copy(pcm, buf)
			buf = buf[:0]
			at += model.Hop
			h := hop{at: at, pcm: pcm, loud: max(slices.Max(pcm), -slices.Min(pcm))}
			if dull = dull + 1; h.loud > faint {
				dull = 0
			}
			if dull < 32 { // a second of nothing: the detector may rest
				p, err := s.vad.Probability(pcm)
				if err != nil {
					return fmt.Errorf("speech detector: %w", err)
				}
				h.prob = p
			} else if dull == 32 {
				s.vad.Reset()
			}
			if err := send(ctx, s.hops, h); err != nil {
				return err
			}
		}
	}
}

// look shows the camera to the model: now when asked, else every lookEvery while the picture changes.
func (s *Session) look(ctx context.Context) error {
	var last thumbnail
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.glance:
		case <-tick.C:
		}
		p, err := s.glimpse(ctx)
		if err != nil {
			continue // no camera now; ctx is looked at above
		}
		now := newThumbnail(p)
		if now.near(&last) {
			continue
		}
		text, err := s.conv.See(ctx, model.Picture{Width: p.Width, Height: p.Height, RGB: p.RGB}, model.SeeOptions{})
		if err != nil {
			s.cfg.Log.Debug("camera", "err", err)
			continue
		}
		last = now
		if err := send(ctx, s.seen, text); err != nil {
			return err
		}
	}
}

const (
	lookEvery   = 1500 * time.Millisecond
	lookTimeout = time.Second
)

func (s *Session) glimpse(ctx context.Context) (media.Picture, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	return s.ports.Camera.Look(ctx)
}

// A thumbnail is a picture's brightness on a coarse grid: enough to tell whether something changed.
type thumbnail struct {
	full bool
	luma [16 * 16]uint8
}

func newThumbnail(p media.Picture) (t thumbnail) {
	if p.Width < 16 || p.Height < 16 || len(p.RGB) < 3*p.Width*p.Height {
		return t
	}
	t.full = true
	for y := range 16 {
		for x := range 16 {
			i := 3 * ((y*p.Height/16+p.Height/32)*p.Width + x*p.Width/16 + p.Width/32)
			t.luma[16*y+x] = uint8((2*int(p.RGB[i]) + 5*int(p.RGB[i+1]) + int(p.RGB[i+2])) / 8)
		}
	}
	return t
}

// near says whether t and u show the same: the mean difference is below 3 %.
func (t *thumbnail) near(u *thumbnail) bool {
	if !t.full || !u.full {
		return false
	}
	sum := 0
	for i := range t.luma {
		sum += max(int(t.luma[i])-int(u.luma[i]), int(u.luma[i])-int(t.luma[i]))
	}
	return sum < len(t.luma)*8
}
