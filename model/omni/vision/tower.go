package vision

import (
	"fmt"
	"math"
	"slices"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// weights of the tower and of the projector.
type weights struct {
	embed     ggml.Matrix
	blocks    []block
	norm      ggml.Tensor // of the merger
	merge     [2]ggml.Affine
	projector ggml.Affine
}

type block struct {
	norm1, norm2   ggml.Tensor
	qkv, out       ggml.Affine
	gate, up, down ggml.Affine
}

func (w *weights) declare(p *checkpoint.Plan, c Config) {
	t := c.Tower
	hidden, mlp, merged := int64(t.Hidden), int64(t.MLP), int64(t.Hidden*t.cell())
	v := p.At("vision_model.")
	side := int64(t.Patch)
	v.Matrix(&w.embed, "patch_embed.proj.weight", hidden, channels, int64(t.Temporal), side, side)
	w.blocks = make([]block, t.Depth)
	for i := range w.blocks {
		b, at := &w.blocks[i], v.At(fmt.Sprintf("blocks.%d.", i))
		at.Tensor(&b.norm1, "norm1.weight", hidden)
		at.Tensor(&b.norm2, "norm2.weight", hidden)
		at.Linear(&b.qkv, "attn.qkv", 3*hidden, hidden)
		at.Linear(&b.out, "attn.proj", hidden, hidden)
		at.Linear(&b.gate, "mlp.gate_proj", mlp, hidden)
		at.Linear(&b.up, "mlp.up_proj", mlp, hidden)
		at.Linear(&b.down, "mlp.down_proj", hidden, mlp)
	}
	v.Tensor(&w.norm, "merger.ln_q.weight", hidden)
	v.Linear(&w.merge[0], "merger.mlp.0", merged, merged)
	v.Linear(&w.merge[1], "merger.mlp.2", int64(t.Out), merged)
	p.Linear(&w.projector, "mm_projector", int64(c.width()), int64(t.Out))
}

// A pass is the graph of one temporal grid, from patches in window order to embeddings in window order.
type pass struct {
	g        *ggml.Graph
	w        *weights
	c        Config
	windows  []int32
	cos, sin ggml.Tensor
}

func (p *pass) run(patches ggml.Tensor) ggml.Tensor {
	g, t := p.g, p.c.Tower
	x := g.Stage("patch_embed", g.Linear(p.w.embed, patches, ggml.Tensor{}, ggml.Tensor{}, false))
	for i := range p.w.blocks {
		x = g.Stage(fmt.Sprintf("block.%d", i), p.block(i, x))
	}
	x = g.Mul(g.RMSNorm(x, eps), p.w.norm)
	x = g.Reshape(x, int64(t.Hidden*t.cell()), patches.Dim(1)/int64(t.cell()))
	x = g.Linear(p.w.merge[0].W, x, p.w.merge[0].Bias, ggml.Tensor{}, true)
	x = g.Stage("merger", g.Apply(p.w.merge[1], x))
	return g.Apply(p.w.projector, x)
}

func (p *pass) block(i int, x ggml.Tensor) ggml.Tensor {
	g, b := p.g, &p.w.blocks[i]
	qkv := g.Apply(b.qkv, g.Mul(g.RMSNorm(x, eps), b.norm1))
	x = g.Linear(b.out.W, p.attention(i, qkv), b.out.Bias, x, false)
	if slices.Contains(p.c.SkipMLPBlocks, i) {
		return x
	}
	n := g.Mul(g.RMSNorm(x, eps), b.norm2)
	n = g.Mul(g.SiLU(g.Apply(b.gate, n)), g.Apply(b.up, n))
	return g.Linear(b.down.W, n, b.down.Bias, x, false)
}

// attention takes the queries, keys and values of all heads, which lie behind one another in each column.
func (p *pass) attention(i int, qkv ggml.Tensor) ggml.Tensor {
	g, heads := p.g, p.c.Tower.Heads
	hidden, n := int64(p.c.Tower.Hidden), qkv.Dim(1)
	part := func(k int64) ggml.Tensor {
		return g.View(qkv, [4]int64{hidden, n, 1, 1}, [3]int64{3 * hidden, 3 * hidden * n, 3 * hidden * n}, k*hidden)
	}
	q, k := g.Rotate(part(0), p.cos, p.sin, heads, true), g.Rotate(part(1), p.cos, p.sin, heads, true)
	scale := float32(1 / math.Sqrt(float64(hidden/int64(heads))))
	if slices.Contains(p.c.Tower.Full, i) {
		return g.Attend(q, k, part(2), heads, scale, false)
	}
	return g.AttendSegments(q, k, part(2), heads, scale, p.windows)
}

// nodes is a bound of the operations of a pass: a backend without an operation for windows takes about twenty for each run
// of windows of one size.
func (p *pass) nodes() int {
	runs := 1
	for i := 1; i < len(p.windows); i++ {
		if p.windows[i] != p.windows[i-1] {
			runs++
		}
	}
	return 256 + len(p.w.blocks)*(96+32*runs)
}
