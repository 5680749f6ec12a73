package compressor

import (
	"context"
	"fmt"
	"slices"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// A Compressor turns seconds of rows into rows.
type Compressor struct {
	shape       Shape
	b           *ggml.Backend
	w           weights
	alpha, gate []float32
	g           *ggml.Graph // made by the first second
}

// Declare names the tensors of a compressor below p and returns it; it works once the plan is loaded, on the backend the
// plan was loaded for. Its dimensions are those of the tensors; where these cannot be, that is a mistake of the plan.
func Declare(p *checkpoint.Plan, b *ggml.Backend) *Compressor {
	shape, err := readShape(p)
	c := &Compressor{shape: shape, b: b}
	if err != nil {
		p.Fail(fmt.Errorf("video_audio_compressor: %w", err))
		return c
	}
	c.declare(p)
	return c
}

// Shape returns the dimensions.
func (c *Compressor) Shape() Shape { return c.shape }

// Weights returns what each row of a second counts in its mean, and how much of the mean the query takes.
func (c *Compressor) Weights() (alpha []float32, gate float32) { return c.alpha, c.gate[0] }

// Rows returns how many rows n of them become.
func (c *Compressor) Rows(n int) int { return (n + c.shape.Chunk - 1) / c.shape.Chunk }

// Close frees what computing took. It is safe to call it twice.
func (c *Compressor) Close() {
	if c.g != nil {
		c.g.Close()
		c.g = nil
	}
}

// A State is what one second leaves for the next.
type State struct {
	memory []float32 // [Inner, States]
	tail   []float32 // [Taps-1, channels]: rows in front of the convolution
}

// Start returns the state before the first second.
func (c *Compressor) Start() *State {
	return &State{
		memory: make([]float32, c.shape.Inner*c.shape.States),
		tail:   make([]float32, (c.shape.Taps-1)*c.shape.channels()),
	}
}

// Clone returns a copy to come back to.
func (s *State) Clone() *State {
	return &State{memory: slices.Clone(s.memory), tail: slices.Clone(s.tail)}
}

// Memory returns what the recurrence remembers, [heads, values of a head, states].
func (s *State) Memory() []float32 { return s.memory }

// Tail returns the last rows in front of the convolution, the newest last.
func (s *State) Tail() []float32 { return s.tail }

// Step takes whole seconds, Chunk rows of In values each, and returns one row of Out values for each. It changes s, unless it fails.
func (c *Compressor) Step(ctx context.Context, s *State, rows []float32) ([]float32, error) {
	second := c.shape.Chunk * c.shape.In
	if len(rows)%second != 0 {
		return nil, fmt.Errorf("compress: %d values, want whole seconds of %d", len(rows), second)
	}
	if len(s.memory) != c.shape.Inner*c.shape.States || len(s.tail) != (c.shape.Taps-1)*c.shape.channels() {
		return nil, fmt.Errorf("compress: the state is another compressor's")
	}
	for i, v := range rows {
		if v-v != 0 {
			return nil, fmt.Errorf("compress: value %d of row %d is %v", i%c.shape.In, i/c.shape.In, v)
		}
	}
	out := make([]float32, 0, len(rows)/second*c.shape.Out)
	next := s.Clone()
	for len(rows) > 0 {
		n := min(len(rows), together*second)
		part, err := c.advance(ctx, next, rows[:n], int64(n/second))
		if err != nil {
			return nil, fmt.Errorf("compress: %w", err)
		}
		out, rows = append(out, part...), rows[n:]
	}
	*s = *next
	return out, nil
}

// Compress returns what all of a sound's rows become: Rows of them. A last second that is not whole is filled up with zeros.
func (c *Compressor) Compress(ctx context.Context, rows []float32) ([]float32, error) {
	if len(rows)%c.shape.In != 0 {
		return nil, fmt.Errorf("compress: %d values, want rows of %d", len(rows), c.shape.In)
	}
	return c.Finish(ctx, c.Start(), rows)
}

// Finish is Step for the rows at the end of a sound, whose last second may not be whole.
func (c *Compressor) Finish(ctx context.Context, s *State, rows []float32) ([]float32, error) {
	if over := len(rows) % (c.shape.Chunk * c.shape.In); over != 0 {
		rows = append(slices.Clip(rows), make([]float32, c.shape.Chunk*c.shape.In-over)...)
	}
	return c.Step(ctx, s, rows)
}

// together is how many seconds are computed in one graph.
const together = 30

// advance computes n seconds and moves s behind them.
func (c *Compressor) advance(ctx context.Context, s *State, rows []float32, n int64) ([]float32, error) {
	if c.g == nil {
		g, err := ggml.NewGraph(c.b, 3*c.shape.Chunk+16*together+8*c.shape.Taps+5*c.shape.Chunk+128)
		if err != nil {
			return nil, err
		}
		c.g = g
	}
	g := c.g
	g.Reset()
	p := c.build(g, n)
	err := g.Compute(ctx, func() {
		ggml.Put(g, p.rows, rows)
		ggml.Put(g, p.before, s.tail)
		ggml.Put(g, p.memory, s.memory)
	})
	if err != nil {
		return nil, err
	}
	out := make([]float32, n*int64(c.shape.Out))
	for t, v := range map[*ggml.Tensor][]float32{&p.out: out, &p.tail: s.tail, &p.kept: s.memory} {
		if err := ggml.Take(g, *t, 0, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}
