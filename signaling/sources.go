package signaling

import (
	"context"
	"errors"
	"io"
	"sync"

	"omnilive/media"
)

// A source is what a call hears or sees through: nothing at first, then one receiver after the other. A read waits for the
// first and moves on to the next when one is replaced.
type source[R interface{ Close() error }] struct {
	mu      sync.Mutex // guards what follows
	now     *epoch[R]
	all     []R           // to close at the end
	changed chan struct{} // closed and renewed at each replacement
}

// An epoch is the time of one receiver.
type epoch[R any] struct {
	r    R
	ctx  context.Context // ends with the epoch: a read in it must not outlast it (kept because reads begin later)
	stop context.CancelFunc
}

func newSource[R interface{ Close() error }]() source[R] {
	return source[R]{changed: make(chan struct{})}
}

// replace makes r the receiver; ctx is the call's.
func (s *source[R]) replace(ctx context.Context, r R) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now != nil {
		s.now.stop()
	}
	ctx, stop := context.WithCancel(ctx)
	s.now = &epoch[R]{r, ctx, stop}
	s.all = append(s.all, r)
	close(s.changed)
	s.changed = make(chan struct{})
}

// current waits for a receiver other than old.
func (s *source[R]) current(ctx context.Context, old *epoch[R]) (*epoch[R], error) {
	for {
		s.mu.Lock()
		now, changed := s.now, s.changed
		s.mu.Unlock()
		if now != nil && now != old {
			return now, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// close closes every receiver there was. Nobody reads any more.
func (s *source[R]) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, r := range s.all {
		errs = append(errs, r.Close())
	}
	if s.now != nil {
		s.now.stop()
	}
	s.all = nil
	return errors.Join(errs...)
}

// mic is the caller's microphone (media.AudioReader), whichever tracks it comes over.
type mic struct {
	source[AudioReceiver]
	// The reader's alone:
	from   *epoch[AudioReceiver]
	caller context.Context // of the last read, which joined is made of
	joined context.Context // ends with the caller's context or the epoch
	leave  func() bool
	next   int64 // position after the last frame
	shift  int64 // what to add to the present receiver's positions
}

func newMic() *mic { return &mic{source: newSource[AudioReceiver]()} }

// ReadFrame waits for the next frame. Positions go on where one receiver takes over from another.
func (m *mic) ReadFrame(ctx context.Context, f *media.Frame) error {
	for {
		if m.from == nil || m.from.ctx.Err() != nil {
			from, err := m.current(ctx, m.from)
			if err != nil {
				return err
			}
			m.from, m.shift, m.caller = from, m.next, nil
		}
		m.join(ctx)
		err := m.from.r.ReadFrame(m.joined, f)
		switch {
		case err == nil:
			f.PTS += m.shift
			m.next = f.PTS + int64(len(f.PCM))
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case m.from.ctx.Err() != nil, errors.Is(err, io.EOF):
			m.from.stop() // wait for the next one
		default:
			return err
		}
	}
}

// join makes the context of reads anew only where one of its two parents is new: reads come fifty times a second.
func (m *mic) join(ctx context.Context) {
	if m.caller == ctx {
		return
	}
	if m.leave != nil {
		m.leave()
	}
	joined, cancel := context.WithCancelCause(ctx)
	m.leave = context.AfterFunc(m.from.ctx, func() { cancel(context.Canceled) })
	m.caller, m.joined = ctx, joined
}

// camera is the caller's camera (media.PictureReader).
type camera struct{ source[VideoReceiver] }

func newCamera() *camera { return &camera{newSource[VideoReceiver]()} }

// Look waits for a picture of the newest track.
func (c *camera) Look(ctx context.Context) (media.Picture, error) {
	var old *epoch[VideoReceiver]
	for {
		now, err := c.current(ctx, old)
		if err != nil {
			return media.Picture{}, err
		}
		joined, cancel := context.WithCancel(ctx)
		stop := context.AfterFunc(now.ctx, cancel)
		pic, err := now.r.Look(joined)
		stop()
		cancel()
		if err == nil || ctx.Err() != nil || now.ctx.Err() == nil && !errors.Is(err, io.EOF) {
			return pic, err
		}
		old = now
	}
}

// voice is the way to the caller's loudspeaker (media.AudioWriter).
type voice struct{ AudioSender }
