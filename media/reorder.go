package media

import "time"

// Sizes of a reorder.
const (
	reorderSize = 64                     // packets; more than a second at 20 ms
	patience    = 60 * time.Millisecond  // how long packets wait for the one before them over a calm network
	longestWait = 120 * time.Millisecond // and over the most restless one
	farAhead    = 3000                   // a sequence number further off than this, or
	farBehind   = 100                    // this far behind, belongs to a new count (RFC 3550 appendix A.1)
)

// A verdict is what becomes of a packet that a reorder was given.
type verdict uint8

const (
	taken     verdict = iota // handed on, or held until its turn
	duplicate                // was had already
	late                     // its place was given up before it came
	stray                    // of another count of packets, which the next one may confirm
)

// A rtpPacket is what a reorder hands on: a payload, when it came, and how many packets before it never did. The payload
// is good only until the function that gets it returns.
type rtpPacket struct {
	timestamp uint32
	arrived   time.Duration
	missing   int // given up right before this one
	payload   []byte
}

// A heldPacket holds a packet that waits for its turn.
type heldPacket struct {
	full bool
	rtpPacket
}

// A reorder puts the packets of one audio track back into their order (RFC 3550). A packet whose turn it is goes through
// at once, without a copy; one behind a hole is held until the hole is filled or has been waited for long enough. It
// asks no clock: whoever calls says what time it is, and shows jitter the packets as they come.
type reorder struct {
	out func(rtpPacket) // gets the packets, in order

	begun bool
	ssrc  uint32
	due   uint16 // sequence number whose turn it is
	had   uint64 // bit i: due-1-i was had
	held  int
	slots [reorderSize]heldPacket // by sequence number; all of them are of due+1 … due+reorderSize-1

	suspect rtpHeader // the newest stray
	strays  bool      // there is one
	jitter  jitter
}

// put takes a packet that came at now.
func (w *reorder) put(h rtpHeader, payload []byte, now time.Duration) verdict {
	if !w.begun || w.confirms(h) {
		w.restart(h)
	}
	ahead := int(int16(h.sequence - w.due))
	if h.ssrc != w.ssrc || ahead > farAhead || ahead < -farBehind {
		w.suspect, w.strays = h, true
		return stray
	}
	w.strays = false
	if ahead < 0 {
		return w.behind(ahead)
	}
	for ahead >= reorderSize && w.held > 0 { // there is no room to wait for the first hole
		w.giveUp()
		ahead = int(int16(h.sequence - w.due))
	}
	p := rtpPacket{timestamp: h.timestamp, arrived: now, payload: payload}
	if ahead > 0 && ahead < reorderSize {
		return w.hold(h.sequence, p)
	}
	p.missing = ahead
	w.give(ahead)
	w.pass(p)
	w.drain()
	return taken
}

// confirms says that h follows the newest stray: the sender counts anew.
func (w *reorder) confirms(h rtpHeader) bool {
	return w.strays && h.ssrc == w.suspect.ssrc && h.sequence == w.suspect.sequence+1
}

// restart begins a new count with h. What is held of the old one goes out first.
func (w *reorder) restart(h rtpHeader) {
	for w.held > 0 {
		w.giveUp()
	}
	w.begun, w.ssrc, w.due, w.had, w.strays = true, h.ssrc, h.sequence, 0, false
	w.jitter.begun = false
}

// behind judges a packet whose turn is over.
func (w *reorder) behind(ahead int) verdict {
	back := -1 - ahead
	if back < 64 && w.had&(1<<back) == 0 {
		return late
	}
	return duplicate // or too old to know, and then as useless
}

// hold keeps a packet that comes before its turn.
func (w *reorder) hold(sequence uint16, p rtpPacket) verdict {
	s := &w.slots[sequence%reorderSize]
	if s.full {
		return duplicate
	}
	p.payload = append(s.payload[:0], p.payload...)
	s.full, s.rtpPacket = true, p
	w.held++
	return taken
}

// pass hands on the packet that is due.
func (w *reorder) pass(p rtpPacket) {
	w.out(p)
	w.due++
	w.had = w.had<<1 | 1
}

// give takes n packets for lost.
func (w *reorder) give(n int) {
	w.due += uint16(n)
	w.had <<= min(uint(n), 64)
}

// drain hands on what is held without a hole in front of it.
func (w *reorder) drain() {
	for s := &w.slots[w.due%reorderSize]; s.full; s = &w.slots[w.due%reorderSize] {
		w.release(s, 0)
	}
}

func (w *reorder) release(s *heldPacket, missing int) {
	s.full, s.missing = false, missing
	w.held--
	w.pass(s.rtpPacket)
}

// giveUp takes the first hole for lost and hands on what is behind it, up to the next one. Something is held.
func (w *reorder) giveUp() {
	n := 0
	for !w.slots[(w.due+uint16(n))%reorderSize].full {
		n++
	}
	w.give(n)
	w.release(&w.slots[w.due%reorderSize], n)
	w.drain()
}

// expire gives up what has been waited for long enough at now. It returns when it is to be called again; ok is false
// while nothing is held.
func (w *reorder) expire(now time.Duration) (next time.Duration, ok bool) {
	for w.held > 0 {
		first := now
		for i := range w.slots {
			if s := &w.slots[i]; s.full {
				first = min(first, s.arrived)
			}
		}
		if next = first + w.jitter.wait(); now < next {
			return next, true
		}
		w.giveUp()
	}
	return 0, false
}

// jitter measures how unevenly packets come (RFC 3550 §6.4.1), in ticks of their clock.
type jitter struct {
	begun   bool
	transit int64
	mean    int64 // times 16
}

// see notes a packet.
func (j *jitter) see(timestamp uint32, now time.Duration) {
	transit := int64(now)*opusClock/int64(time.Second) - int64(timestamp)
	if !j.begun {
		j.begun, j.transit = true, transit
		return
	}
	d := int64(int32(transit - j.transit)) // timestamps wrap around
	j.transit = transit
	j.mean += min(max(d, -d), opusClock) - (j.mean+8)/16
}

// wait is how long a hole is to be waited for.
func (j *jitter) wait() time.Duration {
	mean := time.Duration(j.mean) * time.Second / (16 * opusClock)
	return min(max(patience, 4*mean), longestWait)
}
