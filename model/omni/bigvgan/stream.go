package bigvgan

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"omnilive/model/ggml"
)

// StreamOptions say how a stream trades work and delay.
type StreamOptions struct {
	// Chunk is how many units' sound is made at once, unless fewer are left: 0 is 25, a second.
	Chunk int
	// Short lets sound be made before all units that it hangs on are there: Ahead of them are enough, and the rest is
	// taken for the end. Without it the sound is exact, but for rounding (2e-6). How far off it is otherwise hangs on the
	// weights; of the golden network, in chunks of 10: 10 ahead 0.012 at most, 56 dB below the sound; 8 ahead 46 dB,
	// 5 ahead 33 dB, 3 ahead 23 dB, none 11 dB.
	Short bool
	Ahead int
}

const (
	usualChunk = 25
	maxChunk   = 4096
	graphNodes = 8192
)

// A line holds the values of a level that are still needed: places from to to-1.
type line struct {
	rows []float32
	span
}

// A Stream decodes units as they come. What it holds does not grow with the length of the speech.
type Stream struct {
	v       *Vocoder
	o       StreamOptions
	speaker []float32
	lines   []line // the inputs of each level, and the samples
	n       int64  // units in all, once they have ended
	err     error
}

// Stream begins to decode in a speaker's voice.
func (v *Vocoder) Stream(speaker []float32, o StreamOptions) (*Stream, error) {
	if err := v.check(nil, speaker); err != nil {
		return nil, fmt.Errorf("decode units: %w", err)
	}
	if o.Chunk == 0 {
		o.Chunk = usualChunk
	}
	if o.Chunk < 1 || o.Chunk > maxChunk || o.Ahead < 0 {
		return nil, fmt.Errorf("decode units: chunks of %d, %d ahead", o.Chunk, o.Ahead)
	}
	if v.graph == nil {
		g, err := ggml.NewGraph(v.backend, graphNodes)
		if err != nil {
			return nil, fmt.Errorf("decode units: %w", err)
		}
		v.graph = g
	}
	return &Stream{v: v, o: o, speaker: slices.Clone(speaker), lines: make([]line, len(v.levels)+1), n: open}, nil
}

// Options changes how the stream goes on: a first chunk may be short and look less far ahead.
func (s *Stream) Options(o StreamOptions) error {
	if o.Chunk < 1 || o.Chunk > maxChunk || o.Ahead < 0 {
		return fmt.Errorf("decode units: chunks of %d, %d ahead", o.Chunk, o.Ahead)
	}
	s.o = o
	return nil
}

// Push takes more units and returns the sound that is ready, none or some whole units' of it. After an error, and after
// Flush, the stream is of no use.
func (s *Stream) Push(ctx context.Context, units []int32) ([]float32, error) {
	if s.err != nil {
		return nil, s.err
	}
	if err := s.v.check(units, s.speaker); err != nil {
		return nil, fmt.Errorf("decode units: %w", err)
	}
	s.embed(units)
	var out []float32
	for {
		upto := s.readyUnits()
		if have := s.emitted(); upto-have < int64(s.o.Chunk) {
			return out, nil
		}
		part, err := s.emit(ctx, min(upto, s.emitted()+max(int64(s.o.Chunk), int64(s.v.piece))))
		if err != nil {
			return nil, err
		}
		out = append(out, part...)
	}
}

// Flush ends the units and returns the sound that was left.
func (s *Stream) Flush(ctx context.Context) ([]float32, error) {
	if s.err != nil {
		return nil, s.err
	}
	s.n = s.lines[0].to
	var out []float32
	for s.emitted() < s.n {
		part, err := s.advanced(ctx, min(s.n, s.emitted()+max(int64(s.o.Chunk), int64(s.v.piece))))
		if err != nil {
			return nil, err
		}
		out = append(out, part...)
	}
	s.err = errors.New("decode units: the stream has ended")
	s.lines = nil
	return out, nil
}

// emitted returns how many units' sound was given out.
func (s *Stream) emitted() int64 { return s.lines[len(s.lines)-1].to / int64(s.v.Samples()) }

// readyUnits returns up to which unit sound can be made.
func (s *Stream) readyUnits() int64 {
	exact := s.lines[0].to
	for _, l := range s.v.levels {
		exact = max(0, l.ready(exact))
	}
	exact /= int64(s.v.Samples())
	if s.o.Short {
		return max(exact, s.lines[0].to-int64(s.o.Ahead))
	}
	return exact
}

// embed puts units behind those that are there.
func (s *Stream) embed(units []int32) {
	l, dim := &s.lines[0], s.v.config.UnitDim
	for _, u := range units {
		l.rows = append(l.rows, s.v.units[int(u)*dim:(int(u)+1)*dim]...)
		l.rows = append(l.rows, s.speaker...)
	}
	l.to += int64(len(units))
}

// emit makes the sound up to a unit: exactly, or of a copy of the stream that is taken to end with the last unit that came.
func (s *Stream) emit(ctx context.Context, upto int64) ([]float32, error) {
	exact := s.lines[0].to
	for _, l := range s.v.levels {
		exact = max(0, l.ready(exact))
	}
	if upto*int64(s.v.Samples()) <= exact {
		return s.advanced(ctx, upto)
	}
	if err := s.settle(ctx); err != nil {
		s.err = err
		return nil, err
	}
	guess := &Stream{v: s.v, o: s.o, speaker: s.speaker, n: s.lines[0].to, lines: slices.Clone(s.lines)}
	for i := range guess.lines {
		guess.lines[i].rows = slices.Clip(guess.lines[i].rows)
	}
	out, err := guess.advanced(ctx, upto)
	if err != nil {
		s.err = err
		return nil, err
	}
	s.lines[len(s.lines)-1].span = guess.lines[len(s.lines)-1].span
	s.drop()
	return out, nil
}

// settle makes all of every level that is exact already, so that no guess need make it again.
func (s *Stream) settle(ctx context.Context) error {
	upto := s.lines[0].to
	for i, l := range s.v.levels[:len(s.v.levels)-1] {
		if upto = l.ready(upto); upto <= 0 {
			return nil
		}
		if err := s.advance(ctx, i, upto); err != nil {
			return err
		}
	}
	return nil
}

// advanced returns the sound up to a unit.
func (s *Stream) advanced(ctx context.Context, upto int64) ([]float32, error) {
	if err := s.advance(ctx, len(s.v.levels)-1, upto*int64(s.v.Samples())); err != nil {
		s.err = err
		return nil, err
	}
	l := &s.lines[len(s.lines)-1]
	out := l.rows
	l.rows, l.from = nil, l.to
	s.drop()
	s.finish(out)
	return out, nil
}

// finish brings samples into [-1, 1].
func (s *Stream) finish(samples []float32) {
	for i, x := range samples {
		if s.v.config.FinalTanh {
			samples[i] = float32(math.Tanh(float64(x)))
		} else {
			samples[i] = max(-1, min(1, x))
		}
	}
}

// length returns the length of the inputs of level i.
func (s *Stream) length(i int) int64 {
	n := s.n
	for _, l := range s.v.levels[:i] {
		if n != open {
			n *= l.rate()
		}
	}
	return n
}

// advance computes the outputs of level i up to one of them, and what of the levels before it that takes.
func (s *Stream) advance(ctx context.Context, i int, upto int64) error {
	want := span{s.lines[i+1].to, upto}
	if want.to <= want.from {
		return nil
	}
	n := s.length(i)
	in := s.v.levels[i].need(want).within(n)
	if i > 0 {
		if err := s.advance(ctx, i-1, in.to); err != nil {
			return err
		}
	}
	return s.compute(ctx, i, in, want, n)
}

// compute runs one level.
func (s *Stream) compute(ctx context.Context, i int, in, want span, n int64) error {
	have, next, l, g := &s.lines[i], &s.lines[i+1], s.v.levels[i], s.v.graph
	if in.from < have.from || in.to > have.to {
		return fmt.Errorf("decode units: level %d wants %v of %v", i, in, have.span)
	}
	width := int64(l.width())
	values := have.rows[(in.from-have.from)*width : (in.to-have.from)*width]
	g.Reset()
	x := g.Input(ggml.F32, width, in.to-in.from)
	y := g.Output(l.build(g, signal{x, in, n}, want).t)
	if err := g.Compute(ctx, func() { ggml.Put(g, x, values) }); err != nil {
		return fmt.Errorf("decode units: %w", err)
	}
	at := len(next.rows)
	next.rows = slices.Grow(next.rows, int(y.Elements()))[:at+int(y.Elements())]
	next.to = want.to
	return ggml.Take(g, y, 0, next.rows[at:])
}

// drop forgets what no later output hangs on.
func (s *Stream) drop() {
	for i, l := range s.v.levels {
		next := s.lines[i+1].to
		from := l.need(span{next, next + 1}).from
		have := &s.lines[i]
		if n := min(from, have.to) - have.from; n > 0 {
			have.rows = have.rows[n*int64(l.width()):]
			have.from += n
		}
	}
}
