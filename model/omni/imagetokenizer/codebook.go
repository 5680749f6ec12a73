package imagetokenizer

import (
	"context"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// A codebook is SimVQ's: row i is projection·table[i] + bias, brought to length 1. It is f32 whatever the other weights are.
type codebook struct {
	table      ggml.Tensor // [dim, codes]; its first done rows are finished
	projection ggml.Tensor
	bias       ggml.Tensor
	done       int64
}

// block is how many values one graph computes: of the codebook, or cosines.
const block = 1 << 22

func (c *codebook) declare(p *checkpoint.Plan, s sizes) {
	p = p.At("bottleneck.regularizer.")
	dim := int64(s.dim)
	p.Tensor(&c.table, "embedding.weight", int64(s.codes), dim)
	p.Tensor(&c.projection, "embedding_proj.weight", dim, dim)
	p.Tensor(&c.bias, "embedding_proj.bias", dim)
}

// prepare finishes the codebook in the place of the table: a second copy would take 0.4 GB. When ctx ends, what is finished
// stays finished; a part under way is not given up, as its place must hold either the one or the other.
func (c *codebook) prepare(ctx context.Context, g *ggml.Graph) error {
	dim, codes := c.table.Dim(0), c.table.Dim(1)
	step := min(max(block/4/dim, 1), codes)
	for c.done < codes {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		end := min(c.done+step, codes)
		g.Reset()
		rows := g.Rows(c.table, c.done, end)
		made := g.Linear(ggml.PlainMatrix(c.projection), rows, c.bias, ggml.Tensor{}, false)
		g.Do(g.Copy(g.Unit(made, 1e-12), rows))
		if err := g.Compute(context.WithoutCancel(ctx), nil); err != nil {
			return err
		}
		c.done = end
	}
	return nil
}

// values reads the codebook.
func (c *codebook) values(ctx context.Context, g *ggml.Graph) ([]float32, error) {
	out := make([]float32, 0, c.table.Elements())
	step := max(block/c.table.Dim(0), 1)
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

// search compares each row of z with the codebook and chooses.
func (c *codebook) search(ctx context.Context, g *ggml.Graph, z []float32, o Options, temperature float64) (Units, error) {
	dim, codes := c.table.Dim(0), c.table.Dim(1)
	tokens := int64(len(z)) / dim
	step := min(max(block/codes, 1), tokens)
	cosines := make([]float32, step*codes)
	choose := newChooser(o, temperature, tokens)
	for from := int64(0); from < tokens; from += step {
		n := min(step, tokens-from)
		g.Reset()
		in := g.Input(ggml.F32, dim, n)
		out := g.Output(g.Linear(ggml.PlainMatrix(c.table), in, ggml.Tensor{}, ggml.Tensor{}, false))
		if err := g.Compute(ctx, func() { ggml.Put(g, in, z[from*dim:(from+n)*dim]) }); err != nil {
			return Units{}, err
		}
		if err := ggml.Take(g, out, 0, cosines[:n*codes]); err != nil {
			return Units{}, err
		}
		for i := range n {
			if err := choose.row(cosines[i*codes : (i+1)*codes]); err != nil {
				return Units{}, err
			}
		}
	}
	return choose.Units, nil
}
