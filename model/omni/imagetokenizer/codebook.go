package imagetokenizer

import (
	"context"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// A codebook is SimVQ's: row i is projection·table[i] + bias, brought to length 1. It is f32 whatever the other weights are.
type codebook struct {
	table      ggml.Tensor // [dim, codes]; its first done rows are finished
	projection []float32
	bias       ggml.Tensor
	done       int64
	block      int64 // how many values one graph computes: of the codebook a quarter of it, or cosines
}

const usualBlock = 1 << 22

func (c *codebook) declare(p *checkpoint.Plan, s sizes) {
	p = p.At("bottleneck.regularizer.")
	dim := int64(s.dim)
	c.block = usualBlock
	p.Tensor(&c.table, "embedding.weight", int64(s.codes), dim)
	p.Floats(&c.projection, "embedding_proj.weight", dim, dim)
	p.Tensor(&c.bias, "embedding_proj.bias", dim)
}

// prepare finishes the codebook in the place of the table: a second copy would take 0.4 GB. When ctx ends, what is finished
// stays finished; a part under way is not given up, as its place must hold either the one or the other.
func (c *codebook) prepare(ctx context.Context, b *ggml.Backend, g *ggml.Graph) error {
	dim, codes := c.table.Dim(0), c.table.Dim(1)
	if c.done == codes {
		return nil
	}
	projection, err := newFactor(b, c.projection, dim)
	if err != nil {
		return err
	}
	defer projection.close()
	step := min(max(c.block/4/dim, 1), codes)
	for c.done < codes {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		end := min(c.done+step, codes)
		g.Reset()
		rows := g.Rows(c.table, c.done, end)
		made := g.Linear(projection.m, rows, c.bias, ggml.Tensor{}, false)
		g.Do(g.Copy(g.Unit(made, 1e-12), rows))
		if err := g.Compute(context.WithoutCancel(ctx), nil); err != nil {
			return err
		}
		c.done = end
	}
	c.projection = nil
	return nil
}

// values reads the codebook.
func (c *codebook) values(ctx context.Context, g *ggml.Graph) ([]float32, error) {
	out := make([]float32, 0, c.table.Elements())
	step := max(c.block/c.table.Dim(0), 1)
	for from := int64(0); from < c.table.Dim(1); from += step {
		g.Reset()
		rows := g.Output(g.Cont(g.Rows(c.table, from, min(from+step, c.table.Dim(1)))))
		if err := g.Compute(ctx, nil); err != nil {
			return nil, err
		}
		at := int64(len(out))
		out = out[:at+rows.Elements()]
		if err := ggml.Take(g, rows, 0, out[at:]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// search compares each row of z with the codebook and chooses. The rows of the codebook stand for the columns of a product
// and z for its weights: it is small enough to be packed for every picture, which makes the product some three times as fast.
func (c *codebook) search(ctx context.Context, g *ggml.Graph, z factor, o Options, temperature float64) (Units, error) {
	tokens, codes := z.out, c.table.Dim(1)
	step := min(max(c.block/tokens, 1), codes)
	cosines := make([]float32, step*tokens)
	choose := newChooser(o, temperature, int(tokens), int(codes))
	for from := int64(0); from < codes; from += step {
		end := min(from+step, codes)
		g.Reset()
		out := g.Output(g.Linear(z.m, g.Rows(c.table, from, end), ggml.Tensor{}, ggml.Tensor{}, false))
		if err := g.Compute(ctx, nil); err != nil {
			return Units{}, err
		}
		part := cosines[:(end-from)*tokens]
		if err := ggml.Take(g, out, 0, part); err != nil {
			return Units{}, err
		}
		choose.pass(int(from), part)
	}
	return choose.chosen()
}
