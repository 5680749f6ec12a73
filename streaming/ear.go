package streaming

import (
	"context"
	"sync/atomic"

	"omnilive/model"
)

// An ear gathers all that the microphone brings while the camera is on, for a model.Listener, in pieces of a second. Listen fills
// it and never waits; what finds no room becomes silence, so that the sound's clock stays right.
type ear struct {
	to     model.Listener
	on     atomic.Bool // the camera is; set by look
	pieces chan piece

	// Listen's alone:
	pcm  []float32 // the piece that is growing
	lost int       // samples since the last piece that found room, or that never came
}

// A piece is some sound, and how much silence stands for what was lost before it.
type piece struct {
	lost int
	pcm  []float32
}

const (
	earPiece  = model.InputRate // samples of a piece
	earPieces = 8               // that wait for the Listener
)

func newEar(to model.Listener) *ear {
	return &ear{to: to, pieces: make(chan piece, earPieces)}
}

// listen switches the ear on or off with the camera; there may be none.
func (e *ear) listen(on bool) {
	if e != nil {
		e.on.Store(on)
	}
}

// take gives the next hop to the ear, with the silence before it; there may be no ear.
func (e *ear) take(pcm []float32, gap int64) {
	switch {
	case e == nil:
		return
	case e.on.Load():
		if gap > 0 {
			e.hand()
			e.lost += int(gap)
		}
		if e.pcm == nil {
			e.pcm = make([]float32, 0, earPiece+model.Hop)
		}
		if e.pcm = append(e.pcm, pcm...); len(e.pcm) >= earPiece {
			e.hand()
		}
	default: // what it heard before the camera went
		e.hand()
		e.lost = 0
	}
}

// hand hands the piece on, or makes it silence.
func (e *ear) hand() {
	if len(e.pcm) == 0 {
		return
	}
	select {
	case e.pieces <- piece{e.lost, e.pcm}:
		e.lost, e.pcm = 0, nil // the Listener may keep it
	default:
		e.lost += len(e.pcm)
		e.pcm = e.pcm[:0]
	}
}

// overhear gives the pieces to the Listener, at its pace.
func (s *Session) overhear(ctx context.Context) error {
	hear := func(pcm []float32) {
		if err := s.senses.ear.to.Listen(ctx, pcm); err != nil && ctx.Err() == nil {
			s.cfg.Log.Debug("soundtrack", "err", err)
		}
	}
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case p := <-s.senses.ear.pieces:
			for ; p.lost > 0 && ctx.Err() == nil; p.lost -= min(p.lost, earPiece) {
				s.dropped("soundtrack")
				hear(make([]float32, min(p.lost, earPiece)))
			}
			hear(p.pcm)
		}
	}
}
