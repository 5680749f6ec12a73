package audio

import (
	"context"
	"fmt"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
	"omnilive/model/mel"
)

// An Encoder turns sound into rows.
type Encoder struct {
	c   Config
	b   *ggml.Backend
	w   weights
	mel *mel.Extractor
	g   *ggml.Graph // made by the first piece
}

// Declare names the tensors of an encoder below p (audio_model.… and audio_projector.…) and returns it; it works once the
// plan is loaded, on the backend the plan was loaded for. An impossible config is a mistake of the plan.
func Declare(p *checkpoint.Plan, c Config, b *ggml.Backend) *Encoder {
	e := &Encoder{c: c, b: b}
	err := c.check()
	if err == nil {
		e.mel, err = mel.New(mel.Whisper(c.Audio.Bands))
	}
	if err != nil {
		p.Fail(fmt.Errorf("audio encoder: %w", err))
		return e
	}
	e.w.declare(p, c)
	return e
}

// Config returns what the encoder was declared by.
func (e *Encoder) Config() Config { return e.c }

// Width returns the values of a row.
func (e *Encoder) Width() int { return e.c.Text.Width }

// Close frees what computing took. It is safe to call it twice.
func (e *Encoder) Close() {
	if e.g != nil {
		e.g.Close()
		e.g = nil
	}
}

// MaxSamples is the longest sound: 24 hours.
const MaxSamples = 24 * 3600 * 16000

// Encode returns the rows of samples, 16 kHz mono in [-1, 1): Config.Rows of them, Width values each. Sound of less than
// 321 samples has none. It ends between two operations where ctx does.
func (e *Encoder) Encode(ctx context.Context, samples []float32) ([]float32, error) {
	if len(samples) > MaxSamples {
		return nil, fmt.Errorf("audio encoder: %d samples, at most %d", len(samples), MaxSamples)
	}
	out := make([]float32, 0, e.c.Rows(len(samples))*e.Width())
	for whole := e.c.PieceSamples(); len(samples) > 0; samples = samples[min(whole, len(samples)):] {
		rows, err := e.Piece(ctx, samples[:min(whole, len(samples))])
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return out, nil
}

// Piece returns the rows of a single piece, which may be one that still grows.
func (e *Encoder) Piece(ctx context.Context, samples []float32) ([]float32, error) {
	if len(samples) > e.c.PieceSamples() {
		return nil, fmt.Errorf("audio encoder: a piece of %d samples, at most %d", len(samples), e.c.PieceSamples())
	}
	if _, _, rows := lengths(len(samples)); rows == 0 {
		return nil, nil
	}
	s, err := e.Listen(samples)
	if err != nil {
		return nil, err
	}
	return e.Understand(ctx, s)
}

// A Spectrogram is what the network hears of a piece: frames of Bands values each, and the value of all frames behind them.
type Spectrogram struct {
	Frames  []float32
	Rest    float32
	Audible int // frames that count as sound
}

// Listen makes the spectrogram of one piece.
func (e *Encoder) Listen(samples []float32) (Spectrogram, error) {
	frames, rest, err := e.mel.Padded(samples, e.c.PieceSamples())
	if err != nil {
		return Spectrogram{}, fmt.Errorf("audio encoder: %w", err)
	}
	audible, _, _ := lengths(len(samples))
	return Spectrogram{Frames: frames, Rest: rest, Audible: audible}, nil
}

// Understand returns the rows of a spectrogram.
func (e *Encoder) Understand(ctx context.Context, s Spectrogram) ([]float32, error) {
	_, states, rows := lengths(s.Audible * hop)
	if rows == 0 {
		return nil, nil
	}
	bands, whole := e.c.Audio.Bands, e.c.Audio.Positions*halves
	if s.Audible > whole || len(s.Frames)%bands != 0 {
		return nil, fmt.Errorf("audio encoder: %d frames of %d values in all, at most %d of %d", s.Audible, len(s.Frames), whole, bands)
	}
	n := min(halves*states+1, whole)
	if err := e.graph(); err != nil {
		return nil, err
	}
	g := e.g
	g.Reset()
	in := g.Input(ggml.F32, int64(bands), int64(n))
	y := g.Output(e.build(g, in, states, rows))
	if err := g.Compute(ctx, func() { ggml.Put(g, in, s.first(n*bands)) }); err != nil {
		return nil, fmt.Errorf("audio encoder: %w", err)
	}
	out := make([]float32, rows*e.Width())
	if err := ggml.Take(g, y, 0, out); err != nil {
		return nil, fmt.Errorf("audio encoder: %w", err)
	}
	return out, nil
}

// first returns the first n values.
func (s Spectrogram) first(n int) []float32 {
	if n <= len(s.Frames) {
		return s.Frames[:n]
	}
	out := append(make([]float32, 0, n), s.Frames...)
	for len(out) < n {
		out = append(out, s.Rest)
	}
	return out
}

// graph makes room for a network of this depth.
func (e *Encoder) graph() (err error) {
	if e.g == nil {
		e.g, err = ggml.NewGraph(e.b, 64*(len(e.w.layers)+2))
	}
	return err
}
