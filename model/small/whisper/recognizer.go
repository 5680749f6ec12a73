package whisper

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"omnilive/model"
)

// Options of a recognizer.
type Options struct {
	Threads   int      // 0 means 1, the best choice beside other work: ggml's threads wait for one another spinning
	Languages []string // ISO 639-1 codes to choose from; the first is the default; empty means "en"
	Compact   bool     // weights of 8 bits in place of 16: half the memory
}

// TranscribeOptions say how one utterance is to be heard. The zero value works.
type TranscribeOptions struct {
	Language  string   // ISO 639-1; empty: the most probable of Languages
	Languages []string // limits the choice; empty means Options.Languages
	Final     bool     // goes before all captions that wait
	Times     bool     // fill Transcript.Words, for one decoder pass more
	Draft     string   // what the words probably are, such as those of the last caption; the answer does not depend on it
}

// A Recognizer is Whisper with its weights.
type Recognizer struct {
	l         *listener
	turns     turns
	languages []string
}

// Open loads the GGUF file that Convert made. ggml.Load must have been called.
func Open(path string, o Options) (*Recognizer, error) {
	l, err := openListener(path, o)
	if err != nil {
		return nil, fmt.Errorf("open recognizer %s: %w", path, err)
	}
	r := &Recognizer{l: l, languages: o.Languages}
	if len(r.languages) == 0 {
		r.languages = []string{"en"}
	}
	if err := r.known(r.languages); err == nil {
		return r, nil
	}
	r.Close()
	return nil, fmt.Errorf("open recognizer: %w", err)
}

// Languages returns the ISO 639-1 codes that the recognizer is limited to, the default first.
func (r *Recognizer) Languages() []string { return r.languages }

// Close frees everything. No Transcribe may be under way. It is safe to call it twice.
func (r *Recognizer) Close() { r.l.close() }

func (r *Recognizer) known(languages []string) error {
	for _, name := range languages {
		if _, ok := r.l.vocab.languages[name]; !ok {
			return fmt.Errorf("unknown language %q: name it by its ISO 639-1 code", name)
		}
	}
	return nil
}

// maxSamples bounds one utterance: an hour.
const maxSamples = 3600 * sampleRate

// Busy is how long the recognizer has been at work so far. Any goroutine may ask.
func (r *Recognizer) Busy() time.Duration { return r.turns.worked() }

// Transcribe returns the words of pcm, mono at 16 kHz; silence and noise give an empty text. It may be called from many
// goroutines: one is served at a time, finals first, and ErrBusy is returned where too many wait. It ends between two
// steps of the decoder where ctx does, with its cause. Sound longer than 30 s is cut at quiet places.
func (r *Recognizer) Transcribe(ctx context.Context, pcm []float32, o TranscribeOptions) (model.Transcript, error) {
	languages := r.languages
	if len(o.Languages) > 0 {
		languages = o.Languages
	}
	if o.Language != "" {
		languages = []string{o.Language}
	}
	if err := r.known(languages); err != nil {
		return model.Transcript{}, fmt.Errorf("transcribe: %w", err)
	}
	if len(pcm) > maxSamples {
		return model.Transcript{}, errors.New("transcribe: more than an hour of sound")
	}
	for i, v := range pcm {
		if !(v > -1e3 && v < 1e3) {
			return model.Transcript{}, fmt.Errorf("transcribe: sample %d is %v", i, v)
		}
	}
	if err := r.turns.enter(ctx, o.Final); err != nil {
		return model.Transcript{}, fmt.Errorf("transcribe: %w", err)
	}
	defer r.turns.leave()
	t, err := r.l.transcribe(ctx, pcm, languages, o)
	if err != nil {
		return model.Transcript{}, fmt.Errorf("transcribe: %w", err)
	}
	return t, nil
}

// transcribe hears pcm window by window.
func (l *listener) transcribe(ctx context.Context, pcm []float32, languages []string, o TranscribeOptions) (model.Transcript, error) {
	t := model.Transcript{Language: languages[0], NoSpeech: 1}
	draft, tokens := l.vocab.encode(spaced(o.Draft)), 0
	for from := 0; from < len(pcm); {
		to := from + windowEnd(pcm[from:])
		h, err := l.understand(ctx, pcm[from:to], request{languages: languages, draft: draft}, o.Final)
		if err != nil {
			return t, err
		}
		if o.Times {
			words, err := l.align(ctx, h, (to-from+samplesPerState-1)/samplesPerState, from)
			if err != nil {
				return t, err
			}
			t.Words = append(t.Words, words...)
		}
		languages = []string{h.language}
		draft = draft[min(len(draft), len(h.tokens)):]
		t.Language, t.NoSpeech = h.language, min(t.NoSpeech, h.noSpeech)
		t.LogProb = (t.LogProb*float64(tokens) + h.logProb*float64(len(h.tokens)+1)) / float64(tokens+len(h.tokens)+1)
		tokens += len(h.tokens) + 1
		t.Text += l.vocab.text(h.tokens)
		from = to
	}
	t.Text = strings.TrimSpace(strings.ToValidUTF8(t.Text, ""))
	return t, nil
}

// spaced brings back the space that Whisper's words begin with and a Transcript's text has lost.
func spaced(text string) string {
	if text == "" || begin(text) {
		return text
	}
	return " " + text
}
