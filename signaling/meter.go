package signaling

import (
	"time"

	"omnilive/streaming"
)

// Latency is the split of one turn's wait.
type Latency = streaming.Latency

// A Meter counts what happens on all calls. Its methods are called from many goroutines at once and must not block.
type Meter interface {
	// CallStarted counts an answered call.
	CallStarted()
	// CallEnded counts its end; cause is one of Cause.
	CallEnded(cause string, lasted time.Duration)
	// Turn counts an answered turn.
	Turn(l Latency)
	// Event counts a message: sent to the client, or received from it.
	Event(sent bool)
	// Failed counts an error message sent to a client.
	Failed(code string)
	// Dropped counts something that was lost: audio packets, video packets, tracks.
	Dropped(what string)
	// Underrun counts a silence in the middle of an answer, where the pacer wanted sound that came too late.
	Underrun(lasted time.Duration)
}

type noMeter struct{}

func (noMeter) CallStarted()                    {}
func (noMeter) CallEnded(string, time.Duration) {}
func (noMeter) Turn(Latency)                    {}
func (noMeter) Event(bool)                      {}
func (noMeter) Failed(string)                   {}
func (noMeter) Dropped(string)                  {}
func (noMeter) Underrun(time.Duration)          {}
