package media

import "time"

// Limits of an assembler.
const (
	window     = 256                    // packets that may wait for a missing one
	windowTime = 200 * time.Millisecond // how long they wait
	maxPicture = 2 << 20                // bytes of one coded picture
	restart    = 3000                   // a sequence number so far back is a new stream's, not a late packet's
)

// A slot is a packet that waits.
type slot struct {
	full      bool
	marker    bool
	sequence  uint16
	timestamp uint32
	arrived   time.Time
	payload   []byte
}

// An assembler puts the packets of a video track in order and joins them into coded pictures. A picture with a hole
// is given up when the hole has not been filled within windowTime. One goroutine uses it.
type assembler struct {
	codec   *codec
	slots   [window]slot // by sequence number modulo window
	next    uint16       // the first packet not consumed
	stored  int
	begun   bool
	lost    bool // something was given up since the last call of torn
	picture []byte

	late, given uint64 // packets that came too late or twice, and packets given up or never come
}

func (a *assembler) slot(sequence uint16) *slot { return &a.slots[sequence%window] }

// push takes a packet, copying its payload.
func (a *assembler) push(h rtpHeader, payload []byte, now time.Time) {
	if !a.begun {
		a.begun, a.next = true, h.sequence
	}
	switch ahead := int(int16(h.sequence - a.next)); {
	case ahead < -restart:
		a.reset(h.sequence)
	case ahead < 0:
		a.late++
		return
	case ahead >= 2*window:
		a.reset(h.sequence)
	case ahead >= window:
		for range ahead - window + 1 {
			a.giveUp()
		}
	}
	s := a.slot(h.sequence)
	if s.full {
		a.late++
		return
	}
	*s = slot{
		full: true, marker: h.marker, sequence: h.sequence, timestamp: h.timestamp, arrived: now,
		payload: append(s.payload[:0], payload...),
	}
	a.stored++
}

// reset forgets all packets and goes on at sequence.
func (a *assembler) reset(sequence uint16) {
	a.given += uint64(a.stored)
	for i := range a.slots {
		a.slots[i].full = false
	}
	a.next, a.stored, a.lost = sequence, 0, true
}

// consume passes over the packet at next.
func (a *assembler) consume() {
	if s := a.slot(a.next); s.full {
		s.full = false
		a.stored--
	}
	a.next++
}

// giveUp passes over the packet at next, come or not, and notes the loss.
func (a *assembler) giveUp() {
	a.consume()
	a.given++
	a.lost = true
}

// torn reports whether something was lost since it was last asked, so that only a key picture can be decoded.
func (a *assembler) torn() bool {
	l := a.lost
	a.lost = false
	return l
}

// pop returns the next picture, nil when more packets are needed. It is good until the next call.
func (a *assembler) pop(now time.Time) []byte {
	for a.stored > 0 {
		s := a.slot(a.next)
		switch {
		case !s.full:
			if !a.expired(0, now) {
				return nil
			}
			for !a.slot(a.next).full {
				a.giveUp()
			}
		case len(s.payload) == 0: // browsers fill up their bandwidth probes so
			a.consume()
		case !a.codec.head(s.payload): // the rest of a picture whose head is lost
			a.giveUp()
		default:
			n, whole := a.extent()
			if whole {
				if p := a.join(n); p != nil {
					return p
				}
				continue
			}
			if n < window && (a.stored == n || !a.expired(n, now)) {
				return nil
			}
			for range n {
				a.giveUp()
			}
		}
	}
	return nil
}

// expired reports whether the packets behind a hole have waited long enough. The hole is at or after next+from.
func (a *assembler) expired(from int, now time.Time) bool {
	for i := from; i < window; i++ {
		if s := a.slot(a.next + uint16(i)); s.full {
			return now.Sub(s.arrived) >= windowTime
		}
	}
	return false
}

// extent counts the packets of the picture that begins at next, as far as they have come in a row.
func (a *assembler) extent() (n int, whole bool) {
	timestamp := a.slot(a.next).timestamp
	for n < window {
		s := a.slot(a.next + uint16(n))
		switch {
		case !s.full:
			return n, false
		case s.timestamp != timestamp && len(s.payload) > 0:
			return n, true
		case s.marker:
			return n + 1, true
		}
		n++
	}
	return n, false
}

// join depacketizes n packets from next. It returns nil when they do not make a picture.
func (a *assembler) join(n int) []byte {
	d := a.codec.depacketizer()
	a.picture = a.picture[:0]
	bad := false
	for range n {
		s := a.slot(a.next)
		if len(s.payload) > 0 && !bad {
			b, err := unmarshal(d, s.payload)
			a.picture = append(a.picture, b...)
			bad = err != nil || len(a.picture) > maxPicture
		}
		a.consume()
	}
	if bad {
		a.given += uint64(n)
		a.lost = true
		return nil
	}
	if len(a.picture) == 0 {
		return nil
	}
	return a.picture
}
