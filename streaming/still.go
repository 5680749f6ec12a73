package streaming

import (
	"time"

	"omnilive/model"
)

// silences are the two ways of a microphone to bring nothing: zeros, and no packets.
type silences struct {
	mute  muteWatch
	still stillness
}

// A stillness stands in for a microphone that stops sending in the middle of what is said: a caller who lets go of it, or whose
// network is gone. Time is counted in samples, so that without any the question would never end.
type stillness struct {
	timer *time.Timer
	added int64 // samples of silence that the microphone did not bring
	hop   [model.Hop]float32
}

// still is how long a microphone may bring nothing while somebody speaks. Comfort noise comes every 400 ms.
const still = 500 * time.Millisecond

func newStillness() stillness {
	t := time.NewTimer(still)
	t.Stop()
	return stillness{timer: t}
}

// heard is told of every hop of the microphone's, and whether somebody speaks; it returns where the hop lies.
func (s *stillness) heard(at int64, speaking bool) int64 {
	if speaking {
		s.timer.Reset(still)
	} else {
		s.timer.Stop()
	}
	return at + s.added
}

// more returns a hop of silence behind at; there is another one in as long as it lasts.
func (s *stillness) more(at int64) hop {
	s.added += model.Hop
	s.timer.Reset(model.Hop * time.Second / model.InputRate)
	return hop{at: at + model.Hop, pcm: s.hop[:]}
}

// onStill goes on without the microphone until the question has ended.
func (t *talk) onStill() {
	if t.u != nil {
		t.onHop(t.dead.still.more(t.at))
	}
}
