package vision

import (
	"context"
	"errors"
	"fmt"
	"math"

	"omnilive/model"
	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
	"omnilive/model/picture"
)

// maxPatches is the largest temporal grid: that of a picture of 12.8 million pixels, the most that any version of the
// preprocessor lets through.
const maxPatches = 1 << 16

// An Encoder runs vision_model and mm_projector.
type Encoder struct {
	c       Config
	w       weights
	b       *ggml.Backend
	patcher *Patcher
	g       *ggml.Graph
	nodes   int
	held    held
}

// held is what belongs to the grid of the last pass.
type held struct {
	h, w     int
	order    order
	cos, sin []float32
	sorted   []float32
	out      []float32
}

// Declare names everything that the Encoder needs in p, whose names go on at "vision_model." and "mm_projector."; impossible
// sizes are told to p. The Encoder works once p has been loaded, until the weights or b are closed.
func Declare(p *checkpoint.Plan, c Config, n Preprocessing, b *ggml.Backend) *Encoder {
	e := &Encoder{b: b}
	if err := c.Check(); err != nil {
		p.Fail(err)
		return e
	}
	c.Tower = c.Tower.withDefaults()
	e.c = c
	var err error
	if e.patcher, err = NewPatcher(n); err != nil {
		p.Fail(err)
		return e
	}
	if q, t := e.patcher, c.Tower; q.patch != t.Patch || q.temporal != t.Temporal || q.merge != t.Merge {
		p.Fail(fmt.Errorf("preprocessor_config.json cuts patches of %d pixels, %d frames, merged by %d; vision_config has %d, %d and %d",
			q.patch, q.temporal, q.merge, t.Patch, t.Temporal, t.Merge))
		return e
	}
	e.w.declare(p, c)
	return e
}

// Close frees the graph. It is safe to call it twice.
func (e *Encoder) Close() {
	if e.g != nil {
		e.g.Close()
	}
	e.g = nil
}

// Width returns the values of one embedding.
func (e *Encoder) Width() int { return e.c.width() }

// Side returns the pixels of one side of what an embedding stands for: sizes of pictures are multiples of it.
func (e *Encoder) Side() int { return e.c.Tower.Patch * e.c.Tower.Merge }

// Tokens returns how many embeddings a grid gives.
func (e *Encoder) Tokens(g Grid) int { return g.T * g.H * g.W / e.c.Tower.cell() }

// Encode turns patches, as Patcher.Patches makes them, into embeddings: Tokens rows of Width values, grid by grid, row by row.
// Ending ctx stops it within one operation.
func (e *Encoder) Encode(ctx context.Context, patches []float32, g Grid) ([]float32, error) {
	t := e.c.Tower
	if e.w.blocks == nil {
		return nil, errors.New("vision encoder: not loaded")
	}
	if g.T < 1 || g.H < 1 || g.W < 1 || g.H%t.Merge != 0 || g.W%t.Merge != 0 || g.W > maxPatches/g.H || g.T > math.MaxInt32/(g.H*g.W) ||
		int64(len(patches)) != int64(g.T)*int64(g.H*g.W)*int64(t.patch()) {
		return nil, fmt.Errorf("vision encoder: %d values do not make %dx%dx%d patches of %d, a multiple of %d by %d and at most %d in one grid",
			len(patches), g.T, g.H, g.W, t.patch(), t.Merge, t.Merge, maxPatches)
	}
	e.hold(g)
	each := len(patches) / g.T
	out := make([]float32, e.Tokens(g)*e.Width())
	for i := range g.T {
		rows := out[len(out)/g.T*i:][:len(out)/g.T]
		if err := e.grid(ctx, rows, patches[i*each:(i+1)*each]); err != nil {
			return nil, fmt.Errorf("vision encoder: %w", err)
		}
	}
	return out, nil
}

// hold makes what depends on the size of the grid alone.
func (e *Encoder) hold(g Grid) {
	if e.held.h == g.H && e.held.w == g.W {
		return
	}
	t := e.c.Tower
	e.held = held{h: g.H, w: g.W, order: t.order(g)}
	e.held.cos, e.held.sin = t.rotary(g, e.held.order)
	e.held.sorted = make([]float32, g.H*g.W*t.patch())
	e.held.out = make([]float32, g.H*g.W/t.cell()*e.Width())
}

// grid computes one temporal grid of the size held.
func (e *Encoder) grid(ctx context.Context, dst, patches []float32) error {
	t, h := e.c.Tower, &e.held
	p := pass{w: &e.w, c: e.c, windows: h.order.windows}
	if err := e.room(p.nodes()); err != nil {
		return err
	}
	g := e.g
	p.g = g
	n := int64(h.h * h.w)
	in := g.Input(ggml.F32, int64(t.patch()), n)
	p.cos, p.sin = g.Input(ggml.F32, int64(t.Hidden/t.Heads), n), g.Input(ggml.F32, int64(t.Hidden/t.Heads), n)
	y := g.Output(p.run(in))
	h.order.gather(h.sorted, patches, t.cell()*t.patch())
	if err := g.Compute(ctx, func() {
		ggml.Put(g, in, h.sorted)
		ggml.Put(g, p.cos, h.cos)
		ggml.Put(g, p.sin, h.sin)
	}); err != nil {
		return err
	}
	if err := ggml.Take(g, y, 0, h.out); err != nil {
		return err
	}
	for _, v := range h.out {
		if v-v != 0 {
			return errors.New("the result holds a value that is not finite: the patches hold one, or numbers too large")
		}
	}
	h.order.scatter(dst, h.out, e.Width())
	return nil
}

// room has an empty graph of at least so many nodes.
func (e *Encoder) room(nodes int) error {
	if e.g != nil && nodes <= e.nodes {
		e.g.Reset()
		return nil
	}
	e.Close()
	g, err := ggml.NewGraph(e.b, nodes)
	if err != nil {
		return err
	}
	e.g, e.nodes = g, nodes
	return nil
}

// Image encodes a still picture of any size in the limits of the preprocessor.
func (e *Encoder) Image(ctx context.Context, p model.Picture) ([]float32, Grid, error) {
	if e.patcher == nil {
		return nil, Grid{}, errors.New("vision encoder: not loaded")
	}
	fit, err := e.patcher.Fit(p)
	if err != nil {
		return nil, Grid{}, fmt.Errorf("vision encoder: %w", err)
	}
	frames := make([]model.Picture, e.c.Tower.Temporal)
	for i := range frames {
		frames[i] = fit
	}
	return e.whole(ctx, frames)
}

// whole encodes frames that have their size.
func (e *Encoder) whole(ctx context.Context, frames []model.Picture) ([]float32, Grid, error) {
	patches, g, err := e.patcher.Patches(frames)
	if err != nil {
		return nil, Grid{}, fmt.Errorf("vision encoder: %w", err)
	}
	rows, err := e.Encode(ctx, patches, g)
	return rows, g, err
}

// Video encodes sampled frames, all resized as the first one's size wants in limits (FrameLimits for the 8B's own). A last
// one without a partner is taken twice. One temporal grid is held at a time.
func (e *Encoder) Video(ctx context.Context, frames []model.Picture, limits picture.Limits) ([]float32, Grid, error) {
	if len(frames) == 0 {
		return nil, Grid{}, errors.New("vision encoder: a video without frames")
	}
	s, err := e.Stream(limits, 0)
	if err != nil {
		return nil, Grid{}, err
	}
	var rows []float32
	for _, f := range frames {
		more, err := s.Take(ctx, f)
		if err != nil {
			return nil, Grid{}, err
		}
		rows = append(rows, more...)
	}
	more, err := s.Finish(ctx)
	if err != nil {
		return nil, Grid{}, err
	}
	return append(rows, more...), s.Grid(), nil
}
