package whisper

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// ErrBusy is returned where maxWaiting calls wait for the recognizer already.
var ErrBusy = errors.New("whisper: too many calls wait for the recognizer")

const maxWaiting = 64

// turns lets one caller in at a time; whoever waits with a final utterance goes before all captions.
type turns struct {
	mu     sync.Mutex
	taken  bool
	finals []chan struct{}
	others []chan struct{}

	since time.Time     // the turn was taken
	busy  time.Duration // turns in all, that under way aside
}

// worked is how long turns have lasted in all.
func (t *turns) worked() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.taken {
		return t.busy + time.Since(t.since)
	}
	return t.busy
}

// enter waits for the turn. The caller must leave once it returned nil.
func (t *turns) enter(ctx context.Context, final bool) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	t.mu.Lock()
	if !t.taken {
		t.taken, t.since = true, time.Now()
		t.mu.Unlock()
		return nil
	}
	if len(t.finals)+len(t.others) >= maxWaiting {
		t.mu.Unlock()
		return ErrBusy
	}
	queue := &t.others
	if final {
		queue = &t.finals
	}
	mine := make(chan struct{})
	*queue = append(*queue, mine)
	t.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	i := slices.Index(*queue, mine)
	if i >= 0 {
		*queue = slices.Delete(*queue, i, i+1)
	}
	t.mu.Unlock()
	if i < 0 { // the turn came meanwhile
		t.leave()
	}
	return context.Cause(ctx)
}

// leave hands the turn on.
func (t *turns) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	t.busy, t.since = t.busy+now.Sub(t.since), now
	for _, queue := range []*[]chan struct{}{&t.finals, &t.others} {
		if len(*queue) > 0 {
			close((*queue)[0])
			*queue = slices.Delete(*queue, 0, 1)
			return
		}
	}
	t.taken = false
}
