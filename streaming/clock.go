package streaming

import (
	"sync"
	"time"

	"omnilive/model"
)

// A clock tells the call's time by the samples of its microphone. Where no sound comes, for there may be a camera alone, it goes
// on by itself. It never goes back.
type clock struct {
	mu   sync.Mutex
	at   int64     // samples heard
	when time.Time // the last one came
	told time.Duration
}

// stalled is how long the microphone may bring nothing before the clock goes without it.
const stalled = time.Second

func newClock() *clock { return &clock{when: time.Now()} }

// set is called by listen for every hop.
func (c *clock) set(at int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.when = at, time.Now()
}

// now returns the time of the call.
func (c *clock) now() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := time.Duration(c.at) * time.Second / model.InputRate
	if alone := time.Since(c.when); alone > stalled {
		d += alone
	}
	c.told = max(c.told, d)
	return c.told
}
