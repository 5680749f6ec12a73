package live

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"omnilive/model"
	"omnilive/model/llama"
	"omnilive/model/omni"
	"omnilive/model/omni/imagedecoder"
)

// A Recognizer turns speech into words while it is said, for captions and for the end of a turn; package small's does.
type Recognizer func(ctx context.Context, speech []float32, o model.HearOptions) (model.Transcript, error)

// Options say how calls are held.
type Options struct {
	Name       string               // on the wire; empty is "hyperclovax-seed-omni"
	System     string               // the prompt that a call starts with where it gives none; may be empty
	Sampling   llama.Sampling       // how ids are picked; the zero value takes the likeliest
	Recognizer Recognizer           // nil: words come with the answer, as the model heard them
	Words      int                  // the most ids of a transcript; 0 is 256
	Units      int                  // the most units of an answer, 25 a second; 0 is 1500, a minute
	Draw       bool                 // the model may draw
	Image      imagedecoder.Options // how pictures are made; the zero value is as the reference's service does it
}

func (o Options) withDefaults() Options {
	if o.Name == "" {
		o.Name = "hyperclovax-seed-omni"
	}
	if o.Words == 0 {
		o.Words = 256
	}
	if o.Units == 0 {
		o.Units = 1500
	}
	if o.Image.Steps == 0 {
		o.Image = imagedecoder.Standard()
		o.Image.Width, o.Image.Height = 0, 0 // by the ratio
	}
	return o
}

// A Model is an omni model for calls.
type Model struct {
	m      *omni.Model
	o      Options
	voices []string
	forms  forms
	cost   atomic.Uint64 // bits of Cost
}

// forms are the fixed words around an answer, as ids.
type forms struct{ endUnits, stop, newline []int32 }

// New makes m ready for calls. It stays the caller's to close.
func New(ctx context.Context, m *omni.Model, o Options) (*Model, error) {
	l := &Model{m: m, o: o.withDefaults()}
	if l.o.Draw && !m.Draws() {
		return nil, errors.New("omni live: the checkpoint has no image decoder, so that it cannot draw")
	}
	var err error
	if l.voices, err = m.Voices(ctx); err != nil {
		return nil, fmt.Errorf("omni live: %w", err)
	}
	v := m.Vocabulary
	for _, f := range []struct {
		dst  *[]int32
		text string
	}{
		{&l.forms.endUnits, "</discrete_audio>\n</audio_decoder_call><|im_end|>\n"},
		{&l.forms.stop, "<|im_end|>\n"},
		{&l.forms.newline, "\n"},
	} {
		if *f.dst, err = v.Text(f.text); err != nil {
			return nil, fmt.Errorf("omni live: %w", err)
		}
	}
	return l, nil
}

// Abilities says what the model can do.
func (l *Model) Abilities() model.Abilities {
	return model.Abilities{
		Name: l.o.Name, Voices: l.voices, SpokenLanguages: []string{"ko", "en"}, HeardLanguages: []string{"ko", "en"},
		Sees: true, Draws: l.o.Draw, Calls: true,
	}
}

// NewConversation returns an empty conversation, or model.ErrBusy.
func (l *Model) NewConversation(_ context.Context, o model.Options) (model.Conversation, error) {
	w, err := l.m.NewWindow()
	if errors.Is(err, llama.ErrBusy) {
		return nil, model.ErrBusy
	}
	if err != nil {
		return nil, err
	}
	if o.Instructions == "" {
		o.Instructions = l.o.System
	}
	c := &Conversation{l: l, o: o, w: w, ear: l.m.Hearing(), window: &window{}}
	if c.track, err = l.m.Soundtrack(); err != nil {
		var absent *omni.AbsentError
		if !errors.As(err, &absent) {
			w.Close()
			return nil, err
		}
	}
	c.tidy.begin()
	return c, nil
}

// Warm runs every network once, and then finds the cost of an answer.
func (l *Model) Warm(ctx context.Context) error {
	if _, err := l.m.Audio(ctx, make([]float32, model.InputRate)); err != nil {
		return err
	}
	p := model.Picture{Width: 56, Height: 56, RGB: make([]byte, 3*56*56)}
	if _, err := l.m.Video(ctx, omni.Clip{Frames: []model.Picture{p, p}, FPS: 2}); err != nil {
		return err
	}
	v, err := l.m.Voice(ctx, "")
	if err != nil {
		return err
	}
	if _, err := l.m.Speak(ctx, make([]int32, 4), v); err != nil {
		return err
	}
	w, err := l.m.NewWindow()
	if err != nil {
		return err
	}
	defer w.Close()
	if err := w.Append(ctx, l.forms.stop); err != nil {
		return err
	}
	return l.trial(ctx, w, v)
}

// Close ends the model that New was given.
func (l *Model) Close() error {
	l.m.Close()
	return nil
}
