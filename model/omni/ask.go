package omni

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"

	"omnilive/model"
	"omnilive/model/omni/prompt"
)

// Want is the kind of answer that is wanted.
type Want uint8

// The kinds of answers.
const (
	WantText    Want = iota
	WantSpeech       // words and units of speech
	WantPicture      // codes of a picture
)

// An Input is a part of a question: exactly one of these.
type Input struct {
	Text    string
	Picture *model.Picture
	Sound   []float32 // 16 kHz mono
	Clip    *Clip
}

// A Request is a question and how it is to be answered.
type Request struct {
	System string           // "" for none
	Before []prompt.Message // earlier turns, of text
	Inputs []Input          // the question, in its order
	Tools  []prompt.Tool    // beside the one that draws, which comes by itself where a picture is wanted

	Want Want
	Info string       // JSON of who speaks an answer; "" leaves it to the model
	Size prompt.Ratio // shape of a picture, its ID aside; the zero one is that of the first picture of the question, else the model's choice

	Thinking bool // reason first
	Answer   AnswerOptions
	Prompted func(ids []int32) // shown the prompt, a PAD in place of each row of features; may be nil
}

// Can tells whether the folder has the decoder that this kind of answer needs; cloned says that the voice is to be a
// recording's.
func (f *Folder) Can(w Want, cloned bool) error {
	var err error
	switch {
	case w == WantSpeech && cloned:
		_, err = f.vocoderPath(ClonedVoice)
	case w == WantSpeech:
		_, err = f.vocoderPath(NamedVoices)
	case w == WantPicture:
		if _, e := os.Stat(filepath.Join(f.Dir, filepath.FromSlash(ImageDecoder))); e != nil {
			err = absent("image decoder (" + ImageDecoder + ")")
		}
	}
	return err
}

// Speakers lists the voices of the folder by name, the default first, without loading the vocoder.
func (f *Folder) Speakers() ([]string, error) {
	file, err := f.OpenVocoder(NamedVoices)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return file.Speakers()
}

// Ask answers a question in a window of its own. What the decoders make of units and codes is up to the caller: see
// Model.Speak and Model.Draw.
func (m *Model) Ask(ctx context.Context, q Request) iter.Seq2[prompt.Event, error] {
	return func(yield func(prompt.Event, error) bool) {
		w, err := m.NewWindow()
		if err != nil {
			yield(prompt.Event{}, fmt.Errorf("ask: %w", err))
			return
		}
		defer w.Close()
		o, err := w.Put(ctx, q)
		if err != nil {
			yield(prompt.Event{}, fmt.Errorf("ask: %w", err))
			return
		}
		for e, err := range w.Answer(ctx, o) {
			if !yield(e, err) {
				return
			}
		}
	}
}

// Put encodes a question's media, puts its prompt at the end of the window, and says how it is to be answered.
func (w *Window) Put(ctx context.Context, q Request) (AnswerOptions, error) {
	talk, items, err := w.m.conversation(ctx, q)
	if err != nil {
		return AnswerOptions{}, err
	}
	v := w.m.Vocabulary
	pieces, err := v.Prompt(talk, prompt.Rows)
	if err != nil {
		return AnswerOptions{}, err
	}
	if ids := v.Flatten(pieces); q.Prompted != nil {
		q.Prompted(ids)
	}
	o, err := q.options(v)
	if err != nil {
		return AnswerOptions{}, err
	}
	return o, w.Fill(ctx, pieces, items)
}

// conversation is the question as the template takes it, and its media.
func (m *Model) conversation(ctx context.Context, q Request) (*prompt.Conversation, []Item, error) {
	talk := &prompt.Conversation{Tools: q.Tools, Generation: true, SkipReasoning: !q.Thinking}
	system := q.System
	if q.Want == WantPicture && !hasTool(q.Tools, prompt.DrawTool) {
		talk.Tools = append([]prompt.Tool{{JSON: []byte(drawTool)}}, q.Tools...)
		if system == "" {
			system = drawSystem
		}
	}
	if system != "" {
		talk.Messages = append(talk.Messages, prompt.Say("system", system))
	}
	talk.Messages = append(talk.Messages, q.Before...)
	question := prompt.Message{Role: "user"}
	var items []Item
	for i, in := range q.Inputs {
		part, item, err := m.input(ctx, in)
		if err != nil {
			return nil, nil, fmt.Errorf("input %d: %w", i+1, err)
		}
		if question.Parts = append(question.Parts, part); part.Kind != prompt.Text {
			items = append(items, item)
		}
	}
	if len(question.Parts) == 0 {
		return nil, nil, errors.New("there is no question")
	}
	talk.Messages = append(talk.Messages, question)
	return talk, items, nil
}

// input encodes a part of the question.
func (m *Model) input(ctx context.Context, in Input) (prompt.Part, Item, error) {
	var it Item
	var err error
	switch {
	case in.Picture != nil:
		it, err = m.Image(ctx, *in.Picture)
	case in.Clip != nil:
		it, err = m.Video(ctx, *in.Clip)
	case in.Sound != nil:
		it, err = m.Audio(ctx, in.Sound)
	default:
		return prompt.Part{Kind: prompt.Text, Text: in.Text}, it, nil
	}
	return prompt.Part{Kind: it.Kind, Media: it.Media, Sound: it.Media.Sound > 0}, it, err
}

// options adds to the answer's options what the wanted kind of answer takes.
func (q *Request) options(v *prompt.Vocabulary) (o AnswerOptions, err error) {
	o = q.Answer
	o.Thinking = q.Thinking
	o.Tools = q.Tools
	switch q.Want {
	case WantSpeech:
		o.Speech = true
		if o.Begin == nil && o.Aloud == nil {
			o.Aloud = &prompt.Aloud{Heard: q.hears(), Info: q.Info, Words: o.MaxTokens / 6}
		}
	case WantPicture:
		o.Pictures = true
		if o.Begin == nil && !q.Thinking {
			var r prompt.Ratio
			if r, err = q.ratio(v); err == nil {
				o.Begin, err = v.Draw(r)
			}
		}
	}
	return o, err
}

// hears tells whether sound is part of the question.
func (q *Request) hears() bool {
	for _, in := range q.Inputs {
		if in.Sound != nil {
			return true
		}
	}
	return false
}

// ratio is the shape that a picture is to have.
func (q *Request) ratio(v *prompt.Vocabulary) (prompt.Ratio, error) {
	if q.Size.Width > 0 && q.Size.Height > 0 {
		for _, r := range v.Ratios {
			if r.Width == q.Size.Width && r.Height == q.Size.Height {
				return r, nil
			}
		}
		return prompt.Ratio{}, fmt.Errorf("no ratio %v: this checkpoint draws in %v", q.Size, v.Ratios)
	}
	for _, in := range q.Inputs {
		if in.Picture != nil {
			return v.Ratio(in.Picture.Width, in.Picture.Height), nil
		}
	}
	return prompt.Ratio{}, nil
}
