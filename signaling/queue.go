package signaling

import (
	"cmp"
	"errors"
	"slices"
	"time"
)

// A BusyError is ErrBusy with the time after which a place may be free.
type BusyError struct{ RetryAfter time.Duration }

// Error implements error.
func (e *BusyError) Error() string { return ErrBusy.Error() }

// Is makes it ErrBusy.
func (e *BusyError) Is(target error) bool { return target == ErrBusy }

// retryAfter reads a BusyError; 0 is none.
func retryAfter(err error) time.Duration {
	var b *BusyError
	if errors.As(err, &b) {
		return b.RetryAfter
	}
	return 0
}

// A line is who is inside and who waits before the door, the first come in front. It is used under the Hub's lock.
type line struct {
	inside int
	queue  []*ticket
	gauge  gauge
	lasted time.Duration // of calls, the newest counting most
}

// A ticket is a call's right to a place.
type ticket struct {
	admitted chan struct{} // closed when the call may begin
	moved    chan struct{} // 1 place: position has changed
	position int           // 1 is the next; 0 is inside
	ready    bool          // connected: a place would not be lost on it
	entered  time.Time
}

const (
	firstLasted = 3 * time.Minute // what calls are taken to last before any has ended
	tellEvery   = 10 * time.Second
	leastRetry  = time.Second
	mostRetry   = 2 * time.Minute
)

// take gives out a ticket, or none where too many wait.
func (l *line) take(now time.Time, places int) *ticket {
	t := &ticket{admitted: make(chan struct{}), moved: make(chan struct{}, 1)}
	if len(l.queue) == 0 && l.admits(now, places) {
		l.enter(t, now)
		return t
	}
	if len(l.queue) >= l.gauge.admission.Queue {
		return nil
	}
	l.queue = append(l.queue, t)
	l.number()
	return t
}

// admits tells whether there is a place for one more.
func (l *line) admits(now time.Time, places int) bool {
	l.gauge.tick(now, l.inside)
	return l.inside < places && l.gauge.bears(l.inside)
}

func (l *line) enter(t *ticket, now time.Time) {
	l.inside++
	t.position, t.entered = 0, now
	close(t.admitted)
}

// call admits who is next, one after the other, as long as there is a place. Those who have not connected yet let others
// pass and keep their position.
func (l *line) call(now time.Time, places int) (admitted int) {
	for l.admits(now, places) {
		i := slices.IndexFunc(l.queue, func(t *ticket) bool { return t.ready })
		if i < 0 {
			break
		}
		l.enter(l.queue[i], now)
		l.queue = slices.Delete(l.queue, i, i+1)
		admitted++
	}
	l.number()
	return admitted
}

// number tells those who wait where they stand.
func (l *line) number() {
	for i, t := range l.queue {
		if t.position != i+1 {
			t.position = i + 1
			wake(t.moved)
		}
	}
}

// leave takes a ticket back, from inside or out of the queue.
func (l *line) leave(t *ticket) (waited bool) {
	if i := slices.Index(l.queue, t); i >= 0 {
		l.queue = slices.Delete(l.queue, i, i+1)
		return true
	}
	l.inside--
	return false
}

// ended notes how long a call lasted.
func (l *line) ended(lasted time.Duration) {
	l.lasted = cmp.Or(l.lasted, firstLasted)
	l.lasted += (lasted - l.lasted) / 8
}

// wait is how long it may take until who stands at a position is inside.
func (l *line) wait(position int) time.Duration {
	lasted := cmp.Or(l.lasted, firstLasted)
	return time.Duration(position) * lasted / time.Duration(max(l.inside, 1))
}

// retry is when it may be worth to ask again, where everything is full.
func (l *line) retry() time.Duration {
	return min(max(l.wait(1), leastRetry), mostRetry).Round(time.Second)
}
