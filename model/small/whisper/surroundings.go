package whisper

import (
	"context"
	"math"
	"slices"

	"omnilive/model/ggml"
)

// Whisper was trained on windows of 30 s, whatever was said filled up with silence, and goes astray in shorter ones: it
// says the sentence again. Encoding all 30 s costs a second, though, nearly all of it for silence. So the silence is
// encoded once, behind a short vowel, and what each layer remembers of it stays in place behind the sound of every
// utterance. Both encoder and decoder attend to it. Of 40 sentences 38 are
// equal to the whole window's to the letter (one capital and one homophone apart) at an eighth of its cost; without the
// vowel 36 were, with windows of 8 s 34, with silence behind the encoder only 33.
type surroundings struct {
	encoder, cross []*ggml.Memory // the first states are the sound's, the others as silence left them
	silence        []*ggml.Span   // what was in place of the sound, spanStates each
}

// spanStates is how many states of silence are kept together: 2.56 s.
const spanStates = 128

func newSurroundings(c config) (*surroundings, error) {
	s := &surroundings{}
	for _, m := range []struct {
		to *[]*ggml.Memory
		n  int
	}{{&s.encoder, c.encoders}, {&s.cross, c.decoders}} {
		for range m.n {
			memory, err := ggml.NewMemory(maxStates, c.heads, c.headSize)
			if err != nil {
				s.close()
				return nil, err
			}
			*m.to = append(*m.to, memory)
		}
	}
	return s, nil
}

func (s *surroundings) close() {
	for _, span := range s.silence {
		span.Close()
	}
	for _, m := range s.all() {
		m.Close()
	}
}

func (s *surroundings) all() []*ggml.Memory { return slices.Concat(s.encoder, s.cross) }

// prepare brings silence back behind the first states, and keeps the silence that these will take the place of.
func (s *surroundings) prepare(states int) error {
	n := (states + spanStates - 1) / spanStates
	for len(s.silence) >= max(n, 1) {
		last := len(s.silence) - 1
		if err := s.silence[last].Restore(); err != nil {
			return err
		}
		if last < n {
			return nil
		}
		s.silence[last].Close()
		s.silence = s.silence[:last]
	}
	for i := len(s.silence); i < n; i++ {
		span, err := ggml.NewSpan(s.all(), i*spanStates, (i+1)*spanStates)
		if err != nil {
			return err
		}
		s.silence = append(s.silence, span)
	}
	return nil
}

// learnSilence encodes a whole window of silence behind a vowel.
func (l *listener) learnSilence() error {
	mel, err := l.mel.features(vowel())
	if err != nil {
		return err
	}
	return l.encode(context.Background(), mel, maxFrames)
}

// vowel is 0.8 s of something like a voice: harmonics of 120 Hz under three formants, swelling twice. It is shorter than
// the sound and the silence that follow it in any utterance, so that nothing of it is left in place.
func vowel() []float32 {
	const n, pitch = sampleRate * 4 / 5, 120.0
	x, phase, loudest := make([]float64, n), 0.0, 0.0
	for i := range x {
		t := float64(i) / sampleRate
		phase += 2 * math.Pi * (pitch + 20*math.Sin(5*math.Pi*t)) / sampleRate
		for h := 1; h < 40; h++ {
			f, gain := float64(h)*pitch, 0.0
			for _, formant := range [][2]float64{{600, 100}, {1200, 120}, {2500, 200}} {
				d := (f - formant[0]) / formant[1]
				gain += 1 / (1 + d*d)
			}
			x[i] += gain * math.Sin(float64(h)*phase)
		}
		swell := math.Sin(5 * math.Pi * t)
		x[i] *= swell * swell
		loudest = max(loudest, math.Abs(x[i]))
	}
	out := make([]float32, n)
	for i, v := range x {
		out[i] = float32(0.5 * v / loudest)
	}
	return out
}
