package omni

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
	"omnilive/model/omni/bigvgan"
	"omnilive/model/omni/ecapa"
)

// The archives of the vocoders: one with a table of speakers, one that speaks like a recording.
const (
	NamedVoices = "decoder/audio/NCCosybigvganDecoder.mar"
	ClonedVoice = "decoder/audio/NCZSCosybigvganDecoder.mar"
)

// A Voice is who speaks: a speaker vector and the vocoder that it is for.
type Voice struct {
	Name    string // "" for a cloned one
	vector  []float32
	vocoder *bigvgan.Vocoder
}

// Vector is the speaker vector.
func (v Voice) Vector() []float32 { return v.vector }

// voices holds the vocoders, each loaded when it is wanted first.
type voices struct {
	m             *Model
	named, cloned *archive
}

// An archive is a vocoder in memory.
type archive struct {
	file     VocoderFile
	weights  *checkpoint.Weights
	vocoder  *bigvgan.Vocoder
	ecapa    *ecapa.Encoder // of the one that clones
	speakers []string
}

// Voices returns the names of the speakers that the checkpoint knows, the default first.
func (m *Model) Voices(ctx context.Context) ([]string, error) {
	defer m.at(VocoderPlace).lock()()
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

// Voice returns the speaker of that name; "" is the default one.
func (m *Model) Voice(ctx context.Context, name string) (Voice, error) {
	defer m.at(VocoderPlace).lock()()
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
	v, err := a.vocoder.Speaker(i)
	return Voice{Name: name, vector: v, vocoder: a.vocoder}, err
}

// VoiceLike returns the voice of a recording, 24 kHz mono in [-1, 1).
func (m *Model) VoiceLike(ctx context.Context, samples []float32) (Voice, error) {
	defer m.at(VocoderPlace).lock()()
	a, err := m.voices.clone(ctx)
	if err != nil {
		return Voice{}, err
	}
	v, err := a.ecapa.Embed(ctx, samples)
	if err != nil {
		return Voice{}, fmt.Errorf("voice of a recording: %w", err)
	}
	return Voice{vector: v, vocoder: a.vocoder}, nil
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
	defer m.at(VocoderPlace).lock()()
	if v.vocoder == nil {
		return nil, errors.New("speak: no voice")
	}
	return v.vocoder.Decode(ctx, v.vocoder.Known(units), v.vector)
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
	s.named, s.cloned = nil, nil
}

// openArchive loads a vocoder.
func (m *Model) openArchive(ctx context.Context, name string, clones bool) (*archive, error) {
	file, err := m.folder.OpenVocoder(name)
	if err != nil {
		return nil, err
	}
	a, b := &archive{file: file}, m.at(VocoderPlace).backend
	if err := a.open(ctx, b, clones, checkpoint.Options{
		Backend: b, Type: m.o.kept(VocoderPlace), Progress: m.o.progress(VocoderPlace),
	}); err != nil {
		a.close()
		return nil, fmt.Errorf("open the vocoder %s: %w", name, err)
	}
	return a, nil
}

func (a *archive) open(ctx context.Context, b *ggml.Backend, clones bool, o checkpoint.Options) error {
	text, err := a.file.Config()
	if err != nil {
		return err
	}
	p := checkpoint.NewPlan(a.file)
	if a.vocoder, a.ecapa, err = DeclareVocoder(p, text, clones, b); err != nil {
		return err
	}
	if a.weights, err = p.Load(ctx, o); err != nil || clones {
		return err
	}
	if a.speakers, err = a.file.Speakers(); err != nil {
		return err
	}
	if n := a.vocoder.Speakers(); len(a.speakers) == 0 || len(a.speakers) > n {
		return fmt.Errorf("spk_list.txt names %d speakers, the network has %d", len(a.speakers), n)
	}
	return nil
}

func (a *archive) close() {
	if a == nil {
		return
	}
	if a.vocoder != nil {
		a.vocoder.Close()
	}
	if a.ecapa != nil {
		a.ecapa.Close()
	}
	if a.weights != nil {
		a.weights.Close()
	}
	if a.file != nil {
		a.file.Close()
	}
}
