package media

import (
	"io"
	"sync"
)

// Sizes of a frameQueue.
const (
	queueFrames = 25              // half a second; more would be heard as latency
	inputFrame  = InputRate / 50  // samples in FrameTime at InputRate
	maxFill     = 2 * InputRate   // most silence put into one gap, in samples
	maxDrift    = InputRate / 100 // nearer than this to its place, a sound is taken to be in place
)

// A stretch is a frame on the track's own clock, where a gap is a gap.
type stretch struct {
	at  int64 // samples since the track began, a multiple of inputFrame
	pcm [inputFrame]float32
}

// A frameQueue cuts decoded sound into frames and hands them from the decoder to the reader. When full it
// loses its oldest frame. Put is called by one goroutine at a time, read by another; end by anyone.
type frameQueue struct {
	// The writer's alone.
	part  stretch // being filled
	n     int     // samples in part
	begun bool
	drift float64 // how far the track's clock has slid against the count of samples

	// The reader's alone.
	next int64 // where on the track's clock the reader is
	out  int64 // what the reader is told: the same less what was cut from long gaps

	ready chan struct{} // a token: something changed

	mu      sync.Mutex
	ring    [queueFrames]stretch
	first   int
	len     int
	ended   bool
	dropped uint64
	filled  uint64 // samples of silence the reader was given
}

func newFrameQueue() *frameQueue { return &frameQueue{ready: make(chan struct{}, 1)} }

// put takes samples that belong at a place of the track's clock, given in samples.
func (q *frameQueue) put(at int64, s16 []byte) {
	if len(s16) < 2 {
		return
	}
	q.place(at)
	for len(s16) >= 2 {
		k := min(inputFrame-q.n, len(s16)/2)
		for i := range k {
			q.part.pcm[q.n+i] = float32(int16(uint16(s16[2*i])|uint16(s16[2*i+1])<<8)) / 32768
		}
		s16 = s16[2*k:]
		if q.n += k; q.n == inputFrame {
			q.flush()
		}
	}
}

// place moves the writing position when sound is missing. Small differences are the two clocks sliding against each
// other; they are followed slowly and never heard.
func (q *frameQueue) place(at int64) {
	here := q.part.at + int64(q.n)
	if !q.begun {
		q.begun, q.drift = true, float64(at-here)
	}
	off := float64(at-here) - q.drift
	switch {
	case off <= -maxDrift: // the track's clock was set back: go on from here
		q.drift += off
	case off < maxDrift:
		q.drift += off / 256
	default:
		q.skip(off)
	}
}

// skip leaves a gap of off samples: silence to the end of the frame that is being filled, whole frames left out, and
// silence at the beginning of the next.
func (q *frameQueue) skip(off float64) {
	gap := int64(off + 0.5)
	q.drift += off - float64(gap)
	if q.n > 0 {
		gap -= q.pad(gap)
	}
	q.part.at += gap / inputFrame * inputFrame
	q.pad(gap % inputFrame)
}

// pad puts up to n samples of silence into the frame that is being filled and returns how many there was room for.
func (q *frameQueue) pad(n int64) int64 {
	k := min(inputFrame-q.n, int(n))
	clear(q.part.pcm[q.n : q.n+k])
	if q.n += k; q.n == inputFrame {
		q.flush()
	}
	return int64(k)
}

// flush puts the filled frame into the queue.
func (q *frameQueue) flush() {
	q.mu.Lock()
	if q.len == queueFrames {
		q.first = (q.first + 1) % queueFrames
		q.len--
		q.dropped++
	}
	if !q.ended {
		q.ring[(q.first+q.len)%queueFrames] = q.part
		q.len++
	}
	q.mu.Unlock()
	q.part.at += inputFrame
	q.n = 0
	q.wake()
}

func (q *frameQueue) wake() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// end lets the reader have what is queued and then io.EOF.
func (q *frameQueue) end() {
	q.mu.Lock()
	q.ended = true
	q.mu.Unlock()
	q.wake()
}

// take copies the next frame into f, or a frame of silence where the track has a gap.
func (q *frameQueue) take(f *Frame) (ok bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.len == 0 {
		if q.ended {
			q.wake() // for a later call
			return false, io.EOF
		}
		return false, nil
	}
	s := &q.ring[q.first]
	if s.at-q.next > maxFill {
		q.next = s.at - maxFill
	}
	f.PTS = q.out
	q.out += inputFrame
	if q.next < s.at {
		f.PCM = append(f.PCM[:0], silence[:]...)
		q.next += inputFrame
		q.filled += inputFrame
		return true, nil
	}
	f.PCM = append(f.PCM[:0], s.pcm[:]...)
	q.next = s.at + inputFrame
	q.first = (q.first + 1) % queueFrames
	q.len--
	return true, nil
}

var silence [inputFrame]float32
