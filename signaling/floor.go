package signaling

import (
	"sync"
	"time"
)

// A floor says which of a call's microphones is heard: the newest that brings anything.
type floor struct {
	mu     sync.Mutex // guards what follows
	tracks int        // so far
	holder int        // which of them has it; 0: none
	heard  time.Time  // its last packet came
}

// quietMic is how long a microphone may bring nothing before an older one is heard again. One that sends comfort noise only does
// so every 400 ms.
const quietMic = time.Second

// join returns the number of a new track.
func (f *floor) join() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tracks++
	return f.tracks
}

// take is asked for every packet of a track: whether it is to be heard.
func (f *floor) take(track int) bool {
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	if track < f.holder && now.Sub(f.heard) < quietMic {
		return false
	}
	f.holder, f.heard = track, now
	return true
}

// leave gives the floor up, if the track has it.
func (f *floor) leave(track int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.holder == track {
		f.holder = 0
	}
}
