package omni

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"omnilive/model"
	"omnilive/model/omni/prompt"
)

// A Hearing encodes one utterance while it is being said. The audio encoder looks both ways inside its windows of 30 s and the
// speech tokenizer inside its pieces of 80 s; so what is complete is encoded once, and what is open again whenever more of it is
// asked for. What comes out is that of Model.Audio on the same samples, to the bit. It belongs to one goroutine at a time.
type Hearing struct {
	m     *Model
	heard []float32 // what all else was made of
	rows  []float32 // of the windows that are complete
	units []int32   // of the pieces that are complete
	upTo  closed
	last  *Item // of heard; nil where that is not encoded to its end
	work  HearingWork
}

// closed is how many samples lie in what is complete.
type closed struct{ windows, pieces int }

// HearingWork counts what a Hearing had the networks do.
type HearingWork struct {
	Windows int // that the audio encoder took, complete ones and open ones
	Pieces  int // that the speech tokenizer took
}

// maxHearing bounds an utterance, in samples: half an hour.
const maxHearing = 1800 * model.InputRate

// Hearing begins to listen to an utterance.
func (m *Model) Hearing() *Hearing { return &Hearing{m: m} }

// Work returns what has been done since Hearing was made.
func (h *Hearing) Work() HearingWork { return h.work }

// Reset forgets the utterance; what comes next is another one. It need not be called: Encode sees by itself when samples are not
// those it knows, gone on.
func (h *Hearing) Reset() {
	h.heard, h.rows, h.units, h.upTo, h.last = h.heard[:0], h.rows[:0], h.units[:0], closed{}, nil
}

// Encode returns the Item of samples, 16 kHz mono in [-1, 1): the whole utterance so far. Where not a sample came since the last
// call it returns the last Item again, so Items are not to be written to. Ending ctx ends it between two operations of a
// network; the windows that were complete by then are kept.
func (h *Hearing) Encode(ctx context.Context, samples []float32) (Item, error) {
	switch {
	case h.m.nets.audio == nil:
		return Item{}, absent(AudioModel)
	case len(samples) == 0:
		return Item{}, errors.New("encode the sound: it has no samples")
	case len(samples) > maxHearing:
		return Item{}, fmt.Errorf("encode the sound: an utterance of %d samples, at most %d", len(samples), maxHearing)
	}
	if !h.goesOn(samples) {
		h.Reset()
	}
	if h.last != nil && len(samples) == len(h.heard) {
		return *h.last, nil
	}
	h.last, h.heard = nil, append(h.heard, samples[len(h.heard):]...)
	rows, err := h.features(ctx)
	if err != nil {
		return Item{}, fmt.Errorf("encode the sound: %w", err)
	}
	if len(rows) == 0 {
		return Item{}, fmt.Errorf("encode the sound: %d samples are too few", len(samples))
	}
	it := Item{Kind: prompt.Audio, Rows: rows, Media: prompt.Media{
		Rows: len(rows) / h.m.nets.audio.Width(), Duration: prompt.AudioDuration(len(samples), model.InputRate),
	}}
	if it.Media.Codes, err = h.codes(ctx); err != nil {
		return Item{}, fmt.Errorf("tokenize the sound: %w", err)
	}
	h.last = &it
	return it, nil
}

// goesOn says whether samples begin with all that was heard.
func (h *Hearing) goesOn(samples []float32) bool {
	return len(samples) >= len(h.heard) && slices.Equal(samples[:len(h.heard)], h.heard)
}

// features returns the rows of all that was heard.
func (h *Hearing) features(ctx context.Context) ([]float32, error) {
	whole := h.m.nets.audio.Config().PieceSamples()
	for len(h.heard)-h.upTo.windows >= whole {
		rows, err := h.window(ctx, h.heard[h.upTo.windows:h.upTo.windows+whole])
		if err != nil {
			return nil, err
		}
		h.rows = append(h.rows, rows...)
		h.upTo.windows += whole
	}
	open, err := h.window(ctx, h.heard[h.upTo.windows:])
	if err != nil {
		return nil, err
	}
	if len(h.rows) == 0 {
		return open, nil
	}
	return slices.Concat(h.rows, open), nil
}

// window has one window encoded, which may still grow.
func (h *Hearing) window(ctx context.Context, samples []float32) ([]float32, error) {
	if len(samples) == 0 {
		return nil, nil
	}
	h.work.Windows++
	return h.m.listen(ctx, samples)
}

// codes returns the units of all that was heard.
func (h *Hearing) codes(ctx context.Context) ([]int32, error) {
	t := h.m.nets.speech
	if t == nil {
		return nil, nil
	}
	defer h.m.at(SpeechTokenizer).lock(ctx)()
	encode := func(samples []float32) ([]int32, error) {
		h.work.Pieces++
		return t.Encode(ctx, samples)
	}
	for end := t.Closed(len(h.heard)); h.upTo.pieces < end; h.upTo.pieces += t.Piece() {
		units, err := encode(h.heard[h.upTo.pieces : h.upTo.pieces+t.Piece()])
		if err != nil {
			return nil, err
		}
		h.units = append(h.units, units...)
	}
	open, err := encode(h.heard[h.upTo.pieces:])
	if err != nil {
		return nil, err
	}
	return slices.Concat(h.units, open), nil
}
