package omni

import (
	"context"
	"errors"

	"omnilive/model/omni/bigvgan"
)

// A Speech makes sound of units as they come. It belongs to one goroutine.
type Speech struct {
	m *Model
	v *bigvgan.Vocoder
	s *bigvgan.Stream
}

// Speech begins to speak in a voice.
func (m *Model) Speech(v Voice, o bigvgan.StreamOptions) (*Speech, error) {
	defer m.at(VocoderPlace).lock()()
	if v.vocoder == nil {
		return nil, errors.New("speak: no voice")
	}
	s, err := v.vocoder.Stream(v.vector, o)
	if err != nil {
		return nil, err
	}
	return &Speech{m: m, v: v.vocoder, s: s}, nil
}

// Samples returns the samples that a unit becomes.
func (s *Speech) Samples() int { return s.v.Samples() }

// Options changes how the speech goes on.
func (s *Speech) Options(o bigvgan.StreamOptions) error { return s.s.Options(o) }

// Push takes more units and returns the sound that is ready, that of whole units.
func (s *Speech) Push(ctx context.Context, units []int32) ([]float32, error) {
	defer s.m.at(VocoderPlace).lock()()
	return s.s.Push(ctx, s.v.Known(units))
}

// Flush ends the units and returns the sound that was left.
func (s *Speech) Flush(ctx context.Context) ([]float32, error) {
	defer s.m.at(VocoderPlace).lock()()
	return s.s.Flush(ctx)
}
