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

// replace makes r the receiver, and closes the one before; ctx is the call's.
func (s *source[R]) replace(ctx context.Context, r R) *epoch[R] {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.drop()
	ctx, stop := context.WithCancel(ctx)
	s.now = &epoch[R]{r, ctx, stop}
	close(s.changed)
	s.changed = make(chan struct{})
	return s.now
}

// drop closes the receiver; s.mu is held.
func (s *source[R]) drop() error {
	if s.now == nil {
		return nil
	}
	now := s.now
	s.now = nil
	now.stop()
	return now.r.Close()
}

// end closes the receiver of e, unless another has taken its place.
func (s *source[R]) end(e *epoch[R]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e != nil && s.now == e {
		_ = s.drop()
	}
}

// holds says whether e's receiver is the one that is read.
func (s *source[R]) holds(e *epoch[R]) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return e != nil && s.now == e
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

// close closes the receiver, if there is one. Nobody reads any more.
func (s *source[R]) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.drop()
}

// mic is the caller's microphone (media.AudioReader), whichever tracks it comes over.
type mic struct {
	source[AudioReceiver]
	floor floor
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

// voice is the way to the caller's loudspeaker (media.AudioWriter).
type voice struct{ AudioSender }
