package live

import (
	"context"
	"fmt"

	"omnilive/model"
)

var _ model.VoiceCloner = (*Model)(nil)

// CloneVoice returns the name of a voice like that of a recording, mono at model.OutputRate, 1 to 120 s of it. The 64 voices
// used last are kept.
func (l *Model) CloneVoice(ctx context.Context, samples []float32) (string, error) {
	return l.m.CloneVoice(ctx, samples)
}

// SpeakLike makes the voice of a recording the one that calls begin with; it stays until Close. It is called before the
// first conversation.
func (l *Model) SpeakLike(ctx context.Context, samples []float32) error {
	name, err := l.m.CloneVoice(ctx, samples)
	if err == nil {
		err = l.m.PinVoice(name)
	}
	if err != nil {
		return fmt.Errorf("omni live: %w", err)
	}
	l.voices = append([]string{name}, l.voices...)
	return nil
}
