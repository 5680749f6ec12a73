package speechtokenizer

import (
	"context"
	"errors"
	"fmt"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
	"omnilive/model/mel"
)

const (
	// Rate is how many samples a second Encode reads.
	Rate = 16000
	// MinSamples is how many it needs: one window of the spectrogram.
	MinSamples = 400

	hop          = 160       // samples of a frame of the spectrogram
	unitSamples  = 4 * hop   // samples of a unit
	pieceSamples = 80 * Rate // that are encoded at once
	minTail      = 1600      // a last piece shorter than this goes with the one before
)

// ErrShort is returned for fewer than MinSamples samples.
var ErrShort = fmt.Errorf("speech units: fewer than %d samples", MinSamples)

// A Tokenizer turns sound into units.
type Tokenizer struct {
	sizes
	encoder  encoder
	mel      *mel.Extractor
	cos, sin []float32 // of the rotary positions
	backend  *ggml.Backend
	graph    *ggml.Graph
}

// Declare names the tensors of a tokenizer in p, whose names begin behind "model.discrete_audio_model.". What is wrong with
// c becomes a mistake of p. Once p is loaded the Tokenizer runs on b, on which it was loaded.
func Declare(p *checkpoint.Plan, c Config, b *ggml.Backend) *Tokenizer {
	t := &Tokenizer{backend: b}
	var err error
	if t.sizes, err = c.sizes(p); err != nil {
		p.Fail(err)
		return t
	}
	if t.mel, err = mel.New(mel.Whisper(t.mels)); err != nil {
		p.Fail(err)
		return t
	}
	t.encoder.declare(p, t.sizes)
	return t
}

// Close frees what was computed in; the weights are the plan's. It is safe to call it twice.
func (t *Tokenizer) Close() {
	if t.graph != nil {
		t.graph.Close()
	}
	t.graph = nil
}

// Kinds returns how many kinds of units there are.
func (t *Tokenizer) Kinds() int { return t.units }

// Encode returns the units of sound at 16 kHz in [-1, 1], 25 a second: one for each 640 samples begun, nearly (a frame of
// the spectrogram needs 160 samples whole). Sound beyond 80 s is cut into pieces of 80 s that know nothing of one another;
// a rest of less than 0.1 s goes with the piece before it, as in the processor of the checkpoint.
func (t *Tokenizer) Encode(ctx context.Context, samples []float32) ([]int32, error) {
	u, err := t.EncodeFully(ctx, samples)
	return u.Index, err
}

// Units are those of one sound.
type Units struct {
	Index   []int32
	Margin  []float32 // how far each is from being another: the least distance of its numbers from the edge of rounding
	Numbers []float32 // those that were rounded, as many for each as a unit has digits
}

// EncodeFully is Encode with what the units were made of.
func (t *Tokenizer) EncodeFully(ctx context.Context, samples []float32) (u Units, err error) {
	if len(samples) < MinSamples {
		return u, ErrShort
	}
	if err := t.ready(); err != nil {
		return u, fmt.Errorf("speech units: %w", err)
	}
	for len(samples) > 0 {
		n := t.next(len(samples))
		h, err := t.encode(ctx, samples[:n])
		if err != nil {
			return Units{}, fmt.Errorf("speech units: %w", err)
		}
		u.add(h, t.digits)
		samples = samples[n:]
	}
	return u, nil
}

func (u *Units) add(h []float32, digits int) {
	u.Numbers = append(u.Numbers, h...)
	for ; len(h) > 0; h = h[digits:] {
		unit, margin := quantise(h[:digits])
		u.Index, u.Margin = append(u.Index, unit), append(u.Margin, margin)
	}
}

// next returns how many of so many samples the next piece takes.
func (t *Tokenizer) next(samples int) int {
	if samples-t.piece < minTail {
		return samples
	}
	return t.piece
}

// Closed returns how many of the samples of a sound that still grows lie in pieces that are complete: their units stay as
// they are, whatever follows. Each piece before it, and the rest behind it, may be given to Encode by itself.
func (t *Tokenizer) Closed(samples int) (closed int) {
	for n := t.next(samples); n < samples-closed; n = t.next(samples - closed) {
		closed += n
	}
	return closed
}

// Piece returns the samples of a complete piece.
func (t *Tokenizer) Piece() int { return t.piece }

// places returns how many units the longest piece has.
func (t *Tokenizer) places() int { return min((t.piece+minTail)/unitSamples+1, t.positions) }

// ready makes the graph and the angles where they are not there yet.
func (t *Tokenizer) ready() (err error) {
	switch {
	case t.backend == nil:
		return errors.New("declared without a backend")
	case t.encoder.down.Dim(0) == 0:
		return errors.New("the weights are not loaded")
	case t.graph != nil:
		return nil
	}
	t.cos, t.sin = turns(t.head, t.places())
	t.graph, err = ggml.NewGraph(t.backend, 256+t.layers*(128+4*t.memory))
	return err
}

// Count returns how many units so many samples give.
func (t *Tokenizer) Count(samples int) (units int) {
	if samples < MinSamples {
		return 0
	}
	for samples > 0 {
		n := t.next(samples)
		units += (n/hop + 3) / 4
		samples -= n
	}
	return units
}
