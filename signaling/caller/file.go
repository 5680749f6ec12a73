package caller

import (
	"fmt"
	"os"
	"slices"
	"time"

	"omnilive/media"
)

// ReadSpeech reads a WAV or MP3 file as Say wants it: mono at media.OutputRate.
func ReadSpeech(path string) ([]float32, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read speech: %w", err)
	}
	pcm, rate, err := media.DecodeSpeech(data)
	if err != nil {
		return nil, fmt.Errorf("read speech %s: %w", path, err)
	}
	return media.Resample(pcm, rate, media.OutputRate)
}

// SaveReply writes all that came back from a moment on, as a WAV file at media.InputRate, silence at both ends left out.
func SaveReply(path string, heard []Stretch, from time.Duration) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("save reply: %w", err)
	}
	err = media.WriteWAV(f, Voiced(heard, from), media.InputRate)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("save reply: %w", err)
	}
	return nil
}

// Loud is the smallest sample that counts as voiced in what came back and in what was said.
const Loud = 0.01

// Voiced joins what came back from a moment on, cut to its first and last voiced sample.
func Voiced(heard []Stretch, from time.Duration) []float32 {
	var pcm []float32
	for _, s := range heard {
		if s.At >= from {
			pcm = append(pcm, s.PCM...)
		}
	}
	loud := func(v float32) bool { return v > Loud || v < -Loud }
	first := slices.IndexFunc(pcm, loud)
	if first < 0 {
		return nil
	}
	last := len(pcm) - 1
	for !loud(pcm[last]) {
		last--
	}
	return pcm[first : last+1]
}

// FirstSound is when the first voiced sample at or after a moment came back; false when none did.
func FirstSound(heard []Stretch, from time.Duration) (time.Duration, bool) {
	for _, s := range heard {
		if s.At < from {
			continue
		}
		for i, v := range s.PCM {
			if v > Loud || v < -Loud {
				return s.At + time.Duration(i)*time.Second/media.InputRate, true
			}
		}
	}
	return 0, false
}

// LastVoiced is when the last voiced sample of what was said went out. pcm is all that was given to Say, sent is Sent.
func LastVoiced(pcm []float32, sent []time.Duration) (time.Duration, bool) {
	for i := min(len(pcm), len(sent)*media.OutputFrame) - 1; i >= 0; i-- {
		if pcm[i] > Loud || pcm[i] < -Loud {
			return sent[i/media.OutputFrame] + time.Duration(i%media.OutputFrame)*time.Second/media.OutputRate, true
		}
	}
	return 0, false
}

// LastSound is when the last voiced sample came back that followed a moment with no silence of the given length between.
func LastSound(heard []Stretch, from, silence time.Duration) time.Duration {
	last := from
	for _, s := range heard {
		for i, v := range s.PCM {
			at := s.At + time.Duration(i)*time.Second/media.InputRate
			if at < from || v <= Loud && v >= -Loud {
				continue
			}
			if at-last > silence {
				return last
			}
			last = at
		}
	}
	return last
}
