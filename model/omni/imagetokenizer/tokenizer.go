package imagetokenizer

import (
	"context"
	"errors"
	"fmt"

	"omnilive/model"
	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
	"omnilive/model/picture"
)

// A Tokenizer turns pictures into units.
type Tokenizer struct {
	sizes
	tower    tower
	codebook codebook
	backend  *ggml.Backend
	graph    *ggml.Graph
}

// Declare names the tensors of a tokenizer in p, whose names begin behind "model.discrete_vision_model.": those it reads
// and those that belong to it and are never read (the last layer, the pooling head, the feature decoder). What is wrong with
// c becomes a mistake of p. Once p is loaded the Tokenizer runs on b, on which it was loaded.
func Declare(p *checkpoint.Plan, c Config, b *ggml.Backend) *Tokenizer {
	t := &Tokenizer{backend: b}
	var err error
	if t.sizes, err = c.sizes(p); err != nil {
		p.Fail(err)
		return t
	}
	t.tower.declare(p, t.sizes)
	t.codebook.declare(p, t.sizes)
	unread(p, t.sizes)
	return t
}

// Close frees what was computed in; the weights are the plan's. It is safe to call it twice.
func (t *Tokenizer) Close() {
	if t.graph != nil {
		t.graph.Close()
	}
	t.graph = nil
}

// Count returns how many units a picture gives and how many kinds of them there are.
func (t *Tokenizer) Count() (units, kinds int) {
	side := t.grid / t.pool
	return side * side, t.codes
}

// Options say how the units of a picture are chosen. The zero Options take the most alike row of the codebook.
type Options struct {
	Draw bool   // draw each unit by softmax(cos / temperature), as the reference does
	Seed uint64 // of the draw: the same seed gives the same units
	Pool int    // side of the square of tokens that are averaged; 0 is the config's
	Best int    // how many of the most alike rows are told, at most 64
}

// Units are those of one picture, row by row.
type Units struct {
	Index  []int32
	Best   []int32   // the Options' Best most alike rows for each unit, the most alike first
	Cosine []float32 // and how alike they are
}

// Encode returns the units of a picture of any size, row by row. It must have been loaded.
func (t *Tokenizer) Encode(ctx context.Context, p model.Picture) ([]int32, error) {
	u, err := t.EncodeBy(ctx, p, Options{})
	return u.Index, err
}

// EncodeBy is Encode by options.
func (t *Tokenizer) EncodeBy(ctx context.Context, p model.Picture, o Options) (Units, error) {
	if o.Pool == 0 {
		o.Pool = t.pool
	}
	if o.Pool < 1 || o.Pool > t.grid || o.Best < 0 || o.Best > maxBest {
		return Units{}, fmt.Errorf("image units: pooling by %d of %d, the best %d of %d", o.Pool, t.grid, o.Best, maxBest)
	}
	square, err := picture.Pillow(p, t.side, t.side)
	if err != nil {
		return Units{}, fmt.Errorf("image units: %w", err)
	}
	u, err := t.encode(ctx, square, o)
	if err != nil {
		return Units{}, fmt.Errorf("image units: %w", err)
	}
	return u, nil
}

func (t *Tokenizer) encode(ctx context.Context, square model.Picture, o Options) (Units, error) {
	if err := t.ready(ctx); err != nil {
		return Units{}, err
	}
	z, err := t.features(ctx, square, o.Pool)
	if err != nil {
		return Units{}, err
	}
	f, err := newFactor(t.backend, z, int64(t.dim))
	if err != nil {
		return Units{}, err
	}
	defer f.close()
	return t.codebook.search(ctx, t.graph, f, o, t.temperature)
}

// Prepare computes the codebook, which the first Encode does otherwise: at the 8B's size 309 GFLOP.
func (t *Tokenizer) Prepare(ctx context.Context) error {
	if err := t.ready(ctx); err != nil {
		return fmt.Errorf("image codebook: %w", err)
	}
	return nil
}

// ready makes the graph and the codebook where they are not there yet.
func (t *Tokenizer) ready(ctx context.Context) (err error) {
	if t.backend == nil {
		return errors.New("declared without a backend")
	}
	if t.codebook.table.Dim(0) == 0 {
		return errors.New("the weights are not loaded")
	}
	if t.graph == nil {
		if t.graph, err = ggml.NewGraph(t.backend, 512+96*t.run); err != nil {
			return err
		}
	}
	return t.codebook.prepare(ctx, t.backend, t.graph)
}

// Codebook returns the finished codebook, row by row: each of length 1.
func (t *Tokenizer) Codebook(ctx context.Context) ([]float32, error) {
	if err := t.Prepare(ctx); err != nil {
		return nil, err
	}
	return t.codebook.values(ctx, t.graph)
}
