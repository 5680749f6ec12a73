package omni

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"omnilive/model/omni/bigvgan"
)

// The archives of the vocoders: one with a table of speakers, one that speaks like a recording.
const (
	NamedVoices = "decoder/audio/NCCosybigvganDecoder.mar"
	ClonedVoice = "decoder/audio/NCZSCosybigvganDecoder.mar"
)

// A Voice is who speaks, and by which decoder.
type Voice struct {
	Name    string // "" for a recording's that was not given a name
	speaker speaker
}

// A speaker is a decoder of units in one voice. Its device is the caller's to lock.
type speaker interface {
	// stream begins to speak.
	stream(o SpeechOptions) (stream, error)
	// speak returns the sound of known units, all at once.
	speak(ctx context.Context, units []int32) ([]float32, error)
	// known returns the units that there are.
	known(units []int32) []int32
	// samples are those that a unit becomes.
	samples() int
	// vector tells speakers apart.
	vector() []float32
}

var errNoVoice = errors.New("speak: no voice")

// Vector is the speaker vector, nil without a speaker.
func (v Voice) Vector() []float32 {
	if v.speaker == nil {
		return nil
	}
	return v.speaker.vector()
}

// voices holds the decoders, each loaded when it is wanted first, and the voices that were cloned.
type voices struct {
	m             *Model
	named, cloned *archive
	clones        clones
}

// Voices returns the names of the speakers that the checkpoint knows, the default first.
func (m *Model) Voices(ctx context.Context) ([]string, error) {
	defer m.at(VocoderPlace).lock(ctx)()
	a, err := m.voices.byName(ctx)
	if err != nil {
		return nil, err
	}
	return a.speakers, nil
}

// Clones tells whether the checkpoint can speak like a recording.
func (m *Model) Clones() bool {
	_, err := m.folder.vocoderPath(ClonedVoice)
	return err == nil
}

// Voice returns the speaker of that name, one that CloneVoice gave among them; "" is the default one.
func (m *Model) Voice(ctx context.Context, name string) (Voice, error) {
	defer m.at(VocoderPlace).lock(ctx)()
	if strings.HasPrefix(name, ClonePrefix) {
		return m.voices.clones.find(name)
	}
	a, err := m.voices.byName(ctx)
	if err != nil {
		return Voice{}, err
	}
	if name == "" {
		name = a.speakers[0]
	}
	i := slices.Index(a.speakers, name)
	if i < 0 {
		return Voice{}, fmt.Errorf("no voice %.40q: this checkpoint has %s", name, strings.Join(a.speakers, ", "))
	}
	vector, err := a.vocoder.Speaker(i)
	return Voice{Name: name, speaker: bigvganSpeaker{a.vocoder, vector}}, err
}

// VoiceLike returns the voice of a recording, 24 kHz mono in [-1, 1).
func (m *Model) VoiceLike(ctx context.Context, samples []float32) (Voice, error) {
	defer m.at(VocoderPlace).lock(ctx)()
	return m.voices.like(ctx, samples)
}

func (s *voices) like(ctx context.Context, samples []float32) (Voice, error) {
	a, err := s.clone(ctx)
	if err != nil {
		return Voice{}, err
	}
	vector, err := a.ecapa.Embed(ctx, samples)
	if err != nil {
		return Voice{}, fmt.Errorf("voice of a recording: %w", err)
	}
	return Voice{speaker: bigvganSpeaker{a.vocoder, vector}}, nil
}

// VoiceFor returns the voice that an answer's speaker info asks for, JSON as in {"gender": "m", "age": "20-30"}: like is the
// recording that a clone is made of, which may be none. What it asks for and is not there is left to the default.
func (m *Model) VoiceFor(ctx context.Context, info string, like []float32) (Voice, error) {
	var want struct {
		Reference bool   `json:"is_ref_audio"`
		Speaker   string `json:"speaker"`
		Gender    string `json:"gender"`
	}
	_ = json.Unmarshal([]byte(info), &want) // an info that is none asks for nothing
	if want.Reference && len(like) > 0 && m.Clones() {
		if v, err := m.VoiceLike(ctx, like); err == nil || ctx.Err() != nil {
			return v, err
		}
	}
	names, err := m.Voices(ctx)
	if err != nil {
		return Voice{}, err
	}
	name := names[0]
	switch {
	case slices.Contains(names, want.Speaker):
		name = want.Speaker
	case want.Gender != "":
		// The published names begin with the speaker's gender, f or m.
		if i := slices.IndexFunc(names, func(n string) bool { return strings.HasPrefix(n, want.Gender[:1]) }); i >= 0 {
			name = names[i]
		}
	}
	return m.Voice(ctx, name)
}

// Speak returns the sound of units, 24 kHz mono. Units that mean no sound are left out.
func (m *Model) Speak(ctx context.Context, units []int32, v Voice) ([]float32, error) {
	defer m.at(VocoderPlace).lock(ctx)()
	if v.speaker == nil {
		return nil, errNoVoice
	}
	return v.speaker.speak(ctx, v.speaker.known(units))
}

func (s *voices) byName(ctx context.Context) (*archive, error) {
	if s.named != nil {
		return s.named, nil
	}
	a, err := s.m.openArchive(ctx, NamedVoices, false)
	s.named = a
	return a, err
}

func (s *voices) clone(ctx context.Context) (*archive, error) {
	if s.cloned != nil {
		return s.cloned, nil
	}
	a, err := s.m.openArchive(ctx, ClonedVoice, true)
	s.cloned = a
	return a, err
}

func (s *voices) close() {
	for _, a := range []*archive{s.named, s.cloned} {
		a.close()
	}
	s.named, s.cloned, s.clones = nil, nil, clones{}
}

// A bigvganSpeaker is a speaker vector and the Unit-BigVGAN that it is for.
type bigvganSpeaker struct {
	vocoder *bigvgan.Vocoder
	of      []float32
}

func (b bigvganSpeaker) speak(ctx context.Context, units []int32) ([]float32, error) {
	return b.vocoder.Decode(ctx, units, b.of)
}
func (b bigvganSpeaker) known(units []int32) []int32 { return b.vocoder.Known(units) }
func (b bigvganSpeaker) samples() int                { return b.vocoder.Samples() }
func (b bigvganSpeaker) vector() []float32           { return b.of }
