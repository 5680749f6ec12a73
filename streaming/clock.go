package streaming

import (
	"sync"
	"time"

	"omnilive/model"
)

// A clock tells the call's time by the samples of its microphone. Where no sound comes, for there may be a camera alone, it goes
// on by itself, and what the sound left out stays counted.
type clock struct {
	mu   sync.Mutex
	at   int64     // samples heard
	mute int64     // samples that never came
	when time.Time // the last one came
	from time.Time
}

// stalled is how long the microphone may bring nothing before the clock goes without it.
const stalled = time.Second

func newClock() *clock { return &clock{when: time.Now(), from: time.Now()} }

// set is called by listen for every hop. It returns how many samples of silence lay before the hop: 0 nearly always.
func (c *clock) set(at int64) (gap int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	gap = min(c.alone(), max(0, samples(time.Since(c.from))-c.mute-at)) // what only comes late is no gap
	c.at, c.when, c.mute = at, time.Now(), c.mute+gap
	return gap
}

// alone is how many samples did not come since the last one; c.mu is held.
func (c *clock) alone() int64 {
	if d := time.Since(c.when); d > stalled {
		return samples(d)
	}
	return 0
}

// samples is how many of the microphone's a time has.
func samples(d time.Duration) int64 { return int64(d * model.InputRate / time.Second) }

// now returns the time of the call.
func (c *clock) now() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Duration(c.at+c.mute+c.alone()) * time.Second / model.InputRate
}
