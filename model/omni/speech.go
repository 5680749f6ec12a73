package omni

import (
	"context"

	"omnilive/model/omni/bigvgan"
)

// SpeechOptions say how a speech trades work and delay.
type SpeechOptions struct {
	// Of Unit-BigVGAN: the units of the first chunk, how many behind them are enough for it, and the units of every later
	// chunk, whose sound is exact. 0 is 5, 10 and 10.
	First, Ahead, Later int
}

// What a live voice has: 10 units ahead the first chunk is off by 56 dB less than the sound itself (package bigvgan), which
// saves 19 units of waiting.
func (o SpeechOptions) withDefaults() SpeechOptions {
	if o.First == 0 {
		o.First, o.Ahead = 5, 10
	}
	if o.Later == 0 {
		o.Later = 10
	}
	return o
}

// A stream is a decoder's speech in one voice, of known units.
type stream interface {
	// wants is how many units the next sound takes, beside those that were pushed.
	wants() int
	// push takes units and returns the sound of whole units, often none.
	push(ctx context.Context, units []int32) ([]float32, error)
	// flush ends the units and returns the sound that was left.
	flush(ctx context.Context) ([]float32, error)
	// close frees what the stream remembers; a second time it does nothing.
	close()
}

// A Speech makes sound of units as they come, whatever decoder the voice belongs to: a first piece as soon as it can, and
// then further ones that are long enough to be worth a run of the decoder. It belongs to one goroutine.
type Speech struct {
	m       *Model
	speaker speaker
	s       stream
	waiting []int32
}

// Speech begins to speak in a voice. The Speech must be closed.
func (m *Model) Speech(v Voice, o SpeechOptions) (*Speech, error) {
	defer m.at(VocoderPlace).lock(context.Background())()
	if v.speaker == nil {
		return nil, errNoVoice
	}
	s, err := v.speaker.stream(o.withDefaults())
	if err != nil {
		return nil, err
	}
	return &Speech{m: m, speaker: v.speaker, s: s}, nil
}

// Samples returns the samples that a unit becomes.
func (s *Speech) Samples() int { return s.speaker.samples() }

// Push takes more units and returns the sound that is ready, that of whole units, often none. Units that mean no sound are
// left out.
func (s *Speech) Push(ctx context.Context, units ...int32) ([]float32, error) {
	s.waiting = append(s.waiting, s.speaker.known(units)...)
	if len(s.waiting) < s.s.wants() {
		return nil, nil // the device need not be waited for
	}
	return s.push(ctx)
}

func (s *Speech) push(ctx context.Context) ([]float32, error) {
	defer s.m.at(VocoderPlace).lock(ctx)()
	units := s.waiting
	s.waiting = nil
	return s.s.push(ctx, units)
}

// Flush ends the units and returns the sound that was left.
func (s *Speech) Flush(ctx context.Context) ([]float32, error) {
	first, err := s.push(ctx)
	if err != nil {
		return nil, err
	}
	defer s.m.at(VocoderPlace).lock(ctx)()
	rest, err := s.s.flush(ctx)
	return append(first, rest...), err
}

// Close frees what the speech remembers. It is safe to call it twice.
func (s *Speech) Close() {
	defer s.m.at(VocoderPlace).lock(context.Background())()
	s.s.close()
}

// A bigvganStream has a short first chunk and exact later ones.
type bigvganStream struct {
	s     *bigvgan.Stream
	o     SpeechOptions
	begun bool
}

func (b bigvganSpeaker) stream(o SpeechOptions) (stream, error) {
	s, err := b.vocoder.Stream(b.of, bigvgan.StreamOptions{Chunk: o.First, Short: true, Ahead: o.Ahead})
	return &bigvganStream{s: s, o: o}, err
}

func (b *bigvganStream) wants() int {
	if b.begun {
		return b.o.Later
	}
	return b.o.First + b.o.Ahead
}

func (b *bigvganStream) push(ctx context.Context, units []int32) ([]float32, error) {
	pcm, err := b.s.Push(ctx, units)
	if err != nil || b.begun || len(units) < b.wants() {
		return pcm, err
	}
	b.begun = true
	return pcm, b.s.Options(bigvgan.StreamOptions{Chunk: b.o.Later})
}

func (b *bigvganStream) flush(ctx context.Context) ([]float32, error) { return b.s.Flush(ctx) }

func (b *bigvganStream) close() {}
