package media

import "time"

const (
	opusClock  = 48_000                // RTP ticks in a second, whatever the sound's bandwidth (RFC 7587 §4.1)
	mostSlew   = 20 * time.Microsecond // in a packet: a thousandth, more than any sender's clock is off
	mostAnchor = time.Second           // further off than this, the sender has begun a new count
)

// A timeline gives packets their place on the sender's clock, exactly: what n packets of 20 ms brought, or failed to
// bring, is n times 960 ticks. Real times of arrival would make a gap in the sound of every late packet; they only tell
// a pause from a new count of timestamps, whose place then follows from them. The caller has a lock.
type timeline struct {
	begun  bool
	last   uint32        // newest timestamp
	ticks  int64         // place of last
	anchor time.Duration // when place 0 was, on our clock; it follows the sender's clock slowly
}

// place returns how many ticks after the first packet the one belongs that arrived at now. Those before it have been placed.
func (l *timeline) place(timestamp uint32, now time.Duration) int64 {
	if !l.begun {
		*l = timeline{begun: true, last: timestamp, anchor: now}
	}
	ticks := l.ticks + int64(int32(timestamp-l.last))
	late := now - l.anchor - fromTicks(ticks)
	if late > mostAnchor || late < -mostAnchor {
		ticks = max(l.ticks, int64((now-l.anchor).Seconds()*opusClock))
		late = 0
	}
	l.last, l.ticks = timestamp, ticks
	l.anchor += max(-mostSlew, min(mostSlew, late))
	return ticks
}

func fromTicks(n int64) time.Duration { return time.Duration(n) * time.Second / opusClock }
