package omni

import (
	"context"
	"fmt"
	"time"

	"omnilive/model/llama"
	"omnilive/model/omni/prompt"
)

// A Window is what the language model holds of one conversation.
type Window struct {
	m   *Model
	seq *llama.Sequence
}

// NewWindow returns an empty window. The caller must Close it.
func (m *Model) NewWindow() (*Window, error) {
	s, err := m.language.engine.NewSequence()
	if err != nil {
		return nil, err
	}
	return &Window{m: m, seq: s}, nil
}

// Len is the number of positions held, Room how many are left.
func (w *Window) Len() int { return w.seq.Len() }

// Room is how many positions are left.
func (w *Window) Room() int { return w.seq.Room() }

// Truncate forgets all positions from n on.
func (w *Window) Truncate(n int) error { return w.seq.Truncate(n) }

// Hurry says that a caller waits in silence for what comes out of the window, since the moment since: it goes before all
// others, and the background rests, until Calm. Who calls it calls Calm with the first sound.
func (w *Window) Hurry(since time.Time) { w.seq.SetPriority(llama.Turn, since) }

// Calm takes Hurry back. It does no harm where there was none.
func (w *Window) Calm() { w.seq.SetPriority(llama.Normal, time.Time{}) }

// Sequence is the language model's own handle on the window.
func (w *Window) Sequence() *llama.Sequence { return w.seq }

// Close gives the window's place back.
func (w *Window) Close() { w.seq.Close() }

// Append puts ids at the end.
func (w *Window) Append(ctx context.Context, ids []int32) error { return w.seq.Append(ctx, ids) }

// Fill puts a prompt at the end: ids as they are, and in the places of media the rows of items, which come in reading order.
// On an error the window is as it was.
func (w *Window) Fill(ctx context.Context, pieces []prompt.Piece, items []Item) error {
	before := w.seq.Len()
	for _, p := range pieces {
		err := w.fill(ctx, p, items)
		if err != nil {
			if cut := w.seq.Truncate(before); cut != nil {
				return fmt.Errorf("%w (and then: %w)", err, cut)
			}
			return err
		}
	}
	return nil
}

func (w *Window) fill(ctx context.Context, p prompt.Piece, items []Item) error {
	if p.Slot == prompt.None || p.Rows == 0 {
		return w.seq.Append(ctx, p.Tokens)
	}
	rows, err := RowsOf(p, items)
	if err != nil {
		return err
	}
	if len(rows) != p.Rows*w.m.Width() {
		return fmt.Errorf("item %d has %d values for %d rows of %d", p.Item, len(rows), p.Rows, w.m.Width())
	}
	return w.seq.AppendEmbeddings(ctx, rows)
}

// RowsOf returns the rows of features that belong in a place of a prompt: those of the item of its kind and number.
func RowsOf(p prompt.Piece, items []Item) ([]float32, error) {
	kind := map[prompt.Slot]prompt.Kind{
		prompt.ImageRows: prompt.Image, prompt.AudioRows: prompt.Audio, prompt.VideoRows: prompt.Video, prompt.SoundRows: prompt.Video,
	}[p.Slot]
	n := 0
	for _, it := range items {
		switch {
		case it.Kind != kind:
			continue
		case n == p.Item && p.Slot == prompt.SoundRows:
			return it.Sound, nil
		case n == p.Item:
			return it.Rows, nil
		}
		n++
	}
	return nil, fmt.Errorf("the prompt wants item %d of kind %d, which is not there", p.Item, kind)
}
