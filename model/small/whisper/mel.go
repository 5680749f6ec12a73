package whisper

import (
	"fmt"

	"omnilive/model/mel"
)

// The front end of the paper (Radford et al. 2022, section 2.2): 80 mel bands of 25 ms windows every 10 ms.
const (
	sampleRate = 16000
	hop        = 160
	bands      = 80
)

// A melBank turns sound into log-mel frames.
type melBank struct{ *mel.Extractor }

func newMelBank() (melBank, error) {
	e, err := mel.New(mel.Whisper(bands))
	return melBank{e}, err
}

// frames returns how many frames features makes of so many samples.
func frames(samples int) int { return (samples + hop) / hop }

// features returns the log-mel frames of pcm, bands values each, as the reference implementation (faster-whisper
// 1.2.1) makes them: one hop of silence behind the sound, both ends mirrored, log10 cut 8 below the loudest.
func (m melBank) features(pcm []float32) ([]float32, error) {
	rows, _, err := m.Padded(pcm, len(pcm)+hop) // every window hears some of the sound
	if err != nil {
		return nil, fmt.Errorf("hear: %w", err)
	}
	return rows, nil
}
