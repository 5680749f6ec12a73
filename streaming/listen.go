package streaming

import (
	"context"
	"fmt"
	"slices"

	"omnilive/media"
	"omnilive/model"
)

// A hop is what listen makes of 32 ms of microphone.
type hop struct {
	at   int64   // the sample after its last one, on the session's clock
	prob float32 // of speech
	pcm  []float32
	loud float32 // largest absolute sample
}

// faint is the largest sample of a hop that cannot be speech (-60 dBFS): the network is not asked.
const faint = 0.001

// listen cuts the microphone into hops and asks the speech detector about each. It owns the detector.
func (s *Session) listen(ctx context.Context) error {
	var frame media.Frame
	var ring [4][model.Hop]float32 // converse has done with a hop's samples when it takes the next
	buf := make([]float32, 0, model.Hop)
	var at int64
	dull := 0
	for n := 0; ; {
		if err := s.ports.Mic.ReadFrame(ctx, &frame); err != nil {
			return fmt.Errorf("microphone: %w", err)
		}
		for rest := frame.PCM; len(rest) > 0; {
			k := min(len(rest), model.Hop-len(buf))
			buf, rest = append(buf, rest[:k]...), rest[k:]
			if len(buf) < model.Hop {
				break
			}
			n++
			pcm := ring[n%len(ring)][:]
			mend(pcm, buf)
			buf = buf[:0]
			at += model.Hop
			s.senses.ear.take(pcm, s.senses.clock.set(at))
			h := hop{at: at, pcm: pcm, loud: max(slices.Max(pcm), -slices.Min(pcm))}
			if dull = dull + 1; h.loud > faint {
				dull = 0
			}
			if dull < 32 { // a second of nothing: the detector may rest
				p, err := s.vad.Probability(pcm)
				if err != nil {
					return fmt.Errorf("speech detector: %w", err)
				}
				h.prob = p
			} else if dull == 32 {
				s.vad.Reset()
			}
			if err := send(ctx, s.hops, h); err != nil {
				return err
			}
		}
	}
}

// mend copies sound; what is not a number becomes silence, since the networks refuse it or would remember it.
func mend(to, from []float32) {
	for i, v := range from {
		if v-v != 0 {
			v = 0
		}
		to[i] = v
	}
}
