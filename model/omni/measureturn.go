package omni

import (
	"context"
	"errors"
	"fmt"
	"time"

	"omnilive/model"
	"omnilive/model/llama"
	"omnilive/model/omni/prompt"
)

// A TurnWay is where the time goes between the end of a question and the first sample of the answer, each the median of some
// turns. The question is encoded as a whole, behind its end, and nothing was guessed before: the longest that it can be.
type TurnWay struct {
	Question, Camera time.Duration // how long the question is, and how much camera there was before it
	Held             int           // positions in the window before it
	Words            int           // ids of each transcript
	Encode           time.Duration // the question's rows and units
	Prefill          time.Duration // of its prompt
	Transcripts      time.Duration // what was heard, and the answer's words
	Units            time.Duration // those that the first chunk of sound hangs on
	Vocoder          time.Duration
	Total, P95       time.Duration
}

// turnOf are the parts of a TurnWay, in the order in which they come.
const (
	turnEncode = iota
	turnPrefill
	turnTranscripts
	turnUnits
	turnVocoder
	turnParts
)

// MeasureTurn times the networks of a turn one behind another: a spoken question of so long in a window that holds so much camera,
// a picture a second. Transcripts are as many ids as o says, whatever these come to.
func (m *Model) MeasureTurn(ctx context.Context, question, camera time.Duration, o MeasureOptions) (TurnWay, error) {
	if o.Runs == 0 {
		o.Runs = 5
	}
	if o.Words == 0 {
		o.Words = 16
	}
	way := TurnWay{Question: question, Camera: camera, Words: o.Words}
	w, err := m.NewWindow()
	if err != nil {
		return way, fmt.Errorf("measure a turn: %w", err)
	}
	defer w.Close()
	if err := m.film(ctx, w, camera, o.side()); err != nil {
		return way, fmt.Errorf("measure a turn: %w", err)
	}
	way.Held = w.Len()
	pcm := MeasureSound(question, model.InputRate)
	var parts [turnParts][]time.Duration
	var totals []time.Duration
	for i := range o.Runs + 1 { // the first one warms up
		if o.Progress != nil {
			o.Progress(i, o.Runs+1, Step{"first sound", fmt.Sprintf("%v of camera before it", camera)})
		}
		took, err := m.turn(ctx, w, pcm, o.Words)
		if err == nil {
			err = w.Truncate(way.Held)
		}
		if err != nil {
			return way, fmt.Errorf("measure a turn: %w", err)
		}
		if i == 0 {
			continue
		}
		total := time.Duration(0)
		for k, d := range took {
			parts[k], total = append(parts[k], d), total+d
		}
		totals = append(totals, total)
	}
	half := func(k int) time.Duration { return Quantile(parts[k], 0.5) }
	way.Encode, way.Prefill, way.Transcripts = half(turnEncode), half(turnPrefill), half(turnTranscripts)
	way.Units, way.Vocoder = half(turnUnits), half(turnVocoder)
	way.Total, way.P95 = Quantile(totals, 0.5), Quantile(totals, 0.95)
	return way, nil
}

// film puts a picture for each second of camera into the window.
func (m *Model) film(ctx context.Context, w *Window, d time.Duration, side int) error {
	for i := range int(d / time.Second) {
		p := MeasurePicture(side, side, i)
		it, err := m.Video(ctx, Clip{Frames: []model.Picture{p, p}, FPS: 2})
		if err != nil {
			return err
		}
		if err := m.say(ctx, w, it, i, false); err != nil {
			return err
		}
	}
	return nil
}

// say puts a message of one item into the window; number tells how many of its kind come before it.
func (m *Model) say(ctx context.Context, w *Window, it Item, number int, answer bool) error {
	talk := &prompt.Conversation{Generation: answer, SkipReasoning: true, Messages: []prompt.Message{
		{Role: "user", Parts: []prompt.Part{{Kind: it.Kind, Media: it.Media}}},
	}}
	if it.Kind == prompt.Video {
		talk.Before.Video = number
	}
	pieces, err := m.Vocabulary.Prompt(talk, prompt.Rows)
	if err != nil {
		return err
	}
	return w.Fill(ctx, pieces, []Item{it})
}

// turn asks and waits for the first sound.
func (m *Model) turn(ctx context.Context, w *Window, pcm []float32, words int) (took [turnParts]time.Duration, err error) {
	v, err := m.Voice(ctx, "")
	if err != nil {
		return took, err
	}
	from := time.Now()
	lap := func(part int) {
		now := time.Now()
		took[part], from = now.Sub(from), now
	}
	question, err := m.Audio(ctx, pcm)
	if err != nil {
		return took, err
	}
	lap(turnEncode)
	if err := m.say(ctx, w, question, 0, true); err != nil {
		return took, err
	}
	lap(turnPrefill)
	if err := m.transcripts(ctx, w, words); err != nil {
		return took, err
	}
	lap(turnTranscripts)
	took[turnVocoder], err = m.firstSound(ctx, w, v)
	lap(turnUnits)
	took[turnUnits] -= took[turnVocoder]
	return took, err
}

// firstSound picks units until they sound and returns what the vocoder took of that.
func (m *Model) firstSound(ctx context.Context, w *Window, v Voice) (took time.Duration, err error) {
	s, err := m.Speech(v, SpeechOptions{})
	if err != nil {
		return 0, err
	}
	defer s.Close()
	for id, err := range w.seq.Generate(ctx, llama.Sampling{MaxTokens: 250, Allowed: m.unitRange()}) {
		if err != nil {
			return took, err
		}
		from := time.Now()
		pcm, err := s.Push(ctx, id-m.Vocabulary.Units.First)
		took += time.Since(from)
		if err != nil || len(pcm) > 0 {
			return took, err
		}
	}
	return took, errors.New("ten seconds of units made no sound")
}

// transcripts has the model write what was heard and what it says, so many ids each.
func (m *Model) transcripts(ctx context.Context, w *Window, words int) error {
	for _, around := range [][2]string{
		{"<user_transcript>", "</user_transcript>\n"},
		{"<assistant_transcript>", "</assistant_transcript>\n<audio_decoder_call>\n<speaker_info>{}</speaker_info>\n<discrete_audio>\n<|discrete_audio_start|>"},
	} {
		before, err := m.Vocabulary.Text(around[0])
		if err != nil {
			return err
		}
		behind, err := m.Vocabulary.Text(around[1])
		if err != nil {
			return err
		}
		if err := w.Append(ctx, before); err != nil {
			return err
		}
		if _, err := m.pick(ctx, w.seq, words, ordinary(m.Vocabulary)); err != nil {
			return err
		}
		if err := w.Append(ctx, behind); err != nil {
			return err
		}
	}
	return nil
}

// ordinary are the ids of words up to the first one that ends an answer.
func ordinary(v *prompt.Vocabulary) [][2]int32 {
	words := v.Words()
	last := words[0][1]
	for _, id := range v.Stops {
		if id > words[0][0] {
			last = min(last, id-1)
		}
	}
	return [][2]int32{{words[0][0], last}}
}
