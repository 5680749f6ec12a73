// Package mediatest has microphones, loudspeakers and cameras for tests. They are plain Go and wait on timers and
// contexts only, so that they run in the virtual time of testing/synctest.
//
// # Concurrency
//
// All methods of all types may be called by any goroutine at any time.
package mediatest

import (
	"context"
	"io"
	"sync"
	"time"

	"omnilive/media"
)

const micFrame = media.InputRate / 50

// A PCMReader is a microphone that hears what Say gives it, at the pace of real time, and silence otherwise.
// The zero value is ready.
type PCMReader struct {
	mu      sync.Mutex
	pcm     []float32 // not read yet
	ended   bool
	began   time.Time
	frames  int64 // read
	unpaced bool
}

// NewPCMReader makes a microphone that begins with pcm, 16 kHz.
func NewPCMReader(pcm []float32) *PCMReader { return &PCMReader{pcm: pcm} }

// Unpaced lets frames be read as fast as they can be. It returns r.
func (r *PCMReader) Unpaced() *PCMReader {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unpaced = true
	return r
}

// Say lets pcm, 16 kHz, be heard next, behind what has been said before.
func (r *PCMReader) Say(pcm []float32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pcm = append(r.pcm[:len(r.pcm):len(r.pcm)], pcm...)
}

// End lets the track end behind what has been said.
func (r *PCMReader) End() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
}

// ReadFrame gives frame n of 20 ms at the time (n+1)·20 ms after the first call.
func (r *PCMReader) ReadFrame(ctx context.Context, f *media.Frame) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if err := r.pace(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended && len(r.pcm) == 0 {
		return io.EOF
	}
	f.PTS = r.frames * micFrame
	f.PCM = append(f.PCM[:0], make([]float32, micFrame)...)
	r.pcm = r.pcm[copy(f.PCM, r.pcm):]
	r.frames++
	return nil
}

// pace waits until the next frame is due.
func (r *PCMReader) pace(ctx context.Context) error {
	r.mu.Lock()
	if r.began.IsZero() {
		r.began = time.Now()
	}
	due := r.began.Add(time.Duration(r.frames+1) * media.FrameTime)
	unpaced := r.unpaced
	r.mu.Unlock()
	wait := time.Until(due)
	if unpaced || wait <= 0 {
		return nil
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// A Written is a frame that a Recorder was given.
type Written struct {
	At  time.Time
	PTS int64
	PCM []float32 // nil: silence
}

// A Recorder is a loudspeaker that keeps what it is given. The zero value is ready.
type Recorder struct {
	mu     sync.Mutex
	frames []Written
	err    error
}

// WriteFrame keeps a copy of f with the time.
func (r *Recorder) WriteFrame(ctx context.Context, f *media.Frame) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return r.err
	}
	w := Written{At: time.Now(), PTS: f.PTS}
	if len(f.PCM) > 0 {
		w.PCM = append([]float32(nil), f.PCM...)
	}
	r.frames = append(r.frames, w)
	return nil
}

// Fail makes every later WriteFrame return err; nil heals it.
func (r *Recorder) Fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

// Frames returns what was written so far, silence included.
func (r *Recorder) Frames() []Written {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Written(nil), r.frames...)
}

// Sound returns the frames written so far that were not silence.
func (r *Recorder) Sound() []Written {
	var s []Written
	for _, w := range r.Frames() {
		if w.PCM != nil {
			s = append(s, w)
		}
	}
	return s
}

// PCM returns all that was written as one stretch at 24 kHz, silence as zeros.
func (r *Recorder) PCM() []float32 {
	var pcm []float32
	for _, w := range r.Frames() {
		if w.PCM == nil {
			pcm = append(pcm, make([]float32, media.OutputFrame)...)
			continue
		}
		pcm = append(pcm, w.PCM...)
	}
	return pcm
}

// A Still is a camera that shows one picture. The zero value shows nothing until Show.
type Still struct {
	mu      sync.Mutex
	picture media.Picture
	looks   int
	changed chan struct{} // closed by Show
}

// NewStill makes a camera that shows a picture of one colour.
func NewStill(width, height int, r, g, b byte) *Still {
	p := media.Picture{Width: width, Height: height, RGB: make([]byte, 0, 3*width*height)}
	for range width * height {
		p.RGB = append(p.RGB, r, g, b)
	}
	return &Still{picture: p}
}

// Show changes the picture.
func (s *Still) Show(p media.Picture) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.picture = p
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// Look returns a copy of the picture at once, or waits for the first Show.
func (s *Still) Look(ctx context.Context) (media.Picture, error) {
	for {
		if err := context.Cause(ctx); err != nil {
			return media.Picture{}, err
		}
		p, changed := s.look()
		if changed == nil {
			return p, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// look returns the picture, or what to wait for when there is none.
func (s *Still) look() (media.Picture, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.picture.RGB == nil {
		if s.changed == nil {
			s.changed = make(chan struct{})
		}
		return media.Picture{}, s.changed
	}
	s.looks++
	p := s.picture
	p.RGB = append([]byte(nil), p.RGB...)
	return p, nil
}

// Looks counts the pictures given out.
func (s *Still) Looks() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.looks
}
