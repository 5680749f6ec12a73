package media

import "time"

const (
	opusClock  = 48_000                // RTP ticks in a second, whatever the sound's bandwidth (RFC 7587 §4.1)
	mostSlew   = 20 * time.Microsecond // in a packet: a thousandth, more than any sender's clock is off
	mostAnchor = time.Second           // further off than this, the sender has begun a new count
)

// A timeline gives packets the time at which they would have come over a network without jitter, from the sender's
// clock. Real times of arrival would make a gap in the sound of every late packet. It follows the sender's clock
// slowly. The pushing goroutine's alone.
type timeline struct {
	begun  bool
	last   uint32        // newest timestamp
	ticks  int64         // of last, since the anchor
	anchor time.Duration // where ticks begin
}

// place returns the time for a packet that arrives at now.
func (l *timeline) place(timestamp uint32, now time.Duration) time.Duration {
	if !l.begun {
		*l = timeline{begun: true, last: timestamp, anchor: now}
	}
	ticks := l.ticks + int64(int32(timestamp-l.last))
	at := l.anchor + time.Duration(ticks)*time.Second/opusClock
	late := now - at
	if late > mostAnchor || late < -mostAnchor {
		*l = timeline{begun: true, last: timestamp, anchor: now}
		return now
	}
	if ticks > l.ticks {
		l.last, l.ticks = timestamp, ticks
		l.anchor += max(-mostSlew, min(mostSlew, late))
	}
	return max(0, at)
}
