package streaming

import (
	"math"

	"omnilive/media"
	"omnilive/model"
)

// The echo check works at 8 kHz, where speech has its energy and the sums are short.
const (
	echoRate   = 8000
	echoWindow = echoRate * 16 / 100 // of microphone that is held against the playout: 160 ms
	echoReach  = echoRate / 2        // longest delay from the player over the caller's loudspeaker and back: 500 ms
	echoLikely = 0.55                // normalised correlation from which the microphone hears the answer itself
)

// A playout remembers the newest sound that left the player.
type playout struct {
	ring [echoWindow + echoReach]float32
	at   int
	full bool // something has gone out already
}

// add takes a frame at OutputRate; an empty one is silence.
func (p *playout) add(pcm []float32) {
	const step = media.OutputRate / echoRate
	p.full = p.full || len(pcm) > 0
	for i := 0; i < media.OutputFrame; i += step {
		v := float32(0)
		if i+step <= len(pcm) {
			for _, x := range pcm[i : i+step] {
				v += x
			}
		}
		p.ring[p.at] = v / step
		p.at = (p.at + 1) % len(p.ring)
	}
}

// newest copies the ring, the oldest sample first.
func (p *playout) newest(dst []float32) []float32 {
	return append(append(dst[:0], p.ring[p.at:]...), p.ring[:p.at]...)
}

// echo is the largest normalised correlation, 0 to 1, of the newest microphone (mono at InputRate) with the playout at any
// delay up to echoReach. No echo canceller of a browser is trusted alone: the server knows exactly what it sent.
func echo(mic, played []float32) float64 {
	const step = model.InputRate / echoRate
	if len(mic) < echoWindow*step || len(played) < echoWindow {
		return 0
	}
	mic = mic[len(mic)-echoWindow*step:]
	var window [echoWindow]float32
	power := 0.0
	for i := range window {
		window[i] = (mic[2*i] + mic[2*i+1]) / 2
		power += float64(window[i]) * float64(window[i])
	}
	energy := 0.0
	for _, v := range played[:echoWindow] {
		energy += float64(v) * float64(v)
	}
	best := 0.0
	for at := 0; ; at++ {
		if norm := math.Sqrt(power * max(energy, 0)); norm > 1e-4 {
			best = max(best, math.Abs(float64(dot(window[:], played[at:])))/norm)
		}
		if at+echoWindow >= len(played) {
			return best
		}
		energy += float64(played[at+echoWindow])*float64(played[at+echoWindow]) - float64(played[at])*float64(played[at])
	}
}

func dot(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	for i := 0; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	return s0 + s1 + s2 + s3
}
