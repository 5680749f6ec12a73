package whisper

import (
	"context"
	"math"

	"omnilive/model/ggml"
)

// Whisper was trained on windows of 30 s, whatever was said filled up with silence, and goes astray in shorter ones: it
// says the sentence again. Encoding all 30 s costs a second, though, nearly all of it for silence. So the silence is
// encoded once, behind a short vowel, and what each layer remembers of it stays in place behind the sound of every
// utterance. Both encoder and decoder attend to it. Of 40 sentences 38 are
// equal to the whole window's to the letter (one capital and one homophone apart) at an eighth of its cost; without the
// vowel 36 were, with windows of 8 s 34, with silence behind the encoder only 33.
type surroundings struct {
	encoder, cross             []*ggml.Memory // in use: the first states are the sound's
	silentEncoder, silentCross []*ggml.Memory // as silence left them
	touched                    int            // positions in use that are not as silence left them
}

func newSurroundings(c config) (*surroundings, error) {
	s := &surroundings{}
	for _, m := range []struct {
		to *[]*ggml.Memory
		n  int
	}{{&s.encoder, c.encoders}, {&s.silentEncoder, c.encoders}, {&s.cross, c.decoders}, {&s.silentCross, c.decoders}} {
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
	for _, all := range [][]*ggml.Memory{s.encoder, s.cross, s.silentEncoder, s.silentCross} {
		for _, m := range all {
			m.Close()
		}
	}
}

// settle keeps what is in use now as what silence leaves.
func (s *surroundings) settle() error {
	return s.copy(s.silentEncoder, s.encoder, s.silentCross, s.cross, 0, maxStates)
}

// restore brings silence back behind the first states.
func (s *surroundings) restore(states int) error {
	err := s.copy(s.encoder, s.silentEncoder, s.cross, s.silentCross, states, s.touched)
	s.touched = states
	return err
}

func (s *surroundings) copy(encoder, fromEncoder, cross, fromCross []*ggml.Memory, from, to int) error {
	if from >= to {
		return nil
	}
	for i, m := range encoder {
		if err := m.Copy(fromEncoder[i], from, to); err != nil {
			return err
		}
	}
	for i, m := range cross {
		if err := m.Copy(fromCross[i], from, to); err != nil {
			return err
		}
	}
	return nil
}

// learnSilence encodes a whole window of silence behind a vowel.
func (l *listener) learnSilence() error {
	mel, err := l.mel.features(vowel())
	if err != nil {
		return err
	}
	if err := l.hear(context.Background(), mel, maxFrames); err != nil {
		return err
	}
	l.around.touched = maxStates
	return l.around.settle()
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
