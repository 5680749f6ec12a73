package imagedecoder

import (
	"context"
	"fmt"
	"math"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

const (
	waves   = 256 // values of a timestep's embedding
	normEps = 1e-6
)

// A transformer tells, at a point of the way, where to go: single-stream blocks over all positions of a picture.
type transformer struct {
	c                Network
	name             string // of its stages
	in               ggml.Affine
	time, vector     perceptron
	blocks           []block
	last, modulation ggml.Affine
}

// A perceptron is two layers with a SiLU between.
type perceptron struct{ in, out ggml.Affine }

func (m *perceptron) declare(p *checkpoint.Plan, in, hidden int64) {
	p.Linear(&m.in, "in_layer", hidden, in)
	p.Linear(&m.out, "out_layer", hidden, hidden)
}

func (m *perceptron) run(g *ggml.Graph, x ggml.Tensor) ggml.Tensor {
	return g.Apply(m.out, g.SiLU(g.Apply(m.in, x)))
}

// declare names the tensors of the network.
func (t *transformer) declare(p *checkpoint.Plan, c Network) {
	t.c = c
	h := c.Hidden
	p.Linear(&t.in, "img_in", h, c.Channels+c.Context)
	t.time.declare(p.At("time_in."), waves, h)
	t.vector.declare(p.At("vector_in."), c.Vector, h)
	t.blocks = make([]block, c.Blocks)
	for i := range t.blocks {
		t.blocks[i].declare(p.At(fmt.Sprintf("single_blocks.%d.", i)), c)
	}
	modulate(p, &t.modulation, "final_layer.adaLN_modulation.1", h, 2)
	p.Linear(&t.last, "final_layer.linear", c.Channels, h)
}

// modulate wants a layer that gives a shift, a scale and what follows, parts in all, with the one that is added to every
// scale put into its bias.
func modulate(p *checkpoint.Plan, dst *ggml.Affine, name string, hidden, parts int64) {
	p.Matrix(&dst.W, name+".weight", parts*hidden, hidden)
	from := []checkpoint.Need{{Name: name + ".bias", Shape: []int64{parts * hidden}}}
	p.MadeTensor(&dst.Bias, []int64{parts * hidden}, from, func(b [][]float32) []float32 {
		for i := hidden; i < 2*hidden; i++ {
			b[0][i]++
		}
		return b[0]
	})
}

// modulated returns x without mean, of variance 1, times the scale plus the shift of m.
func modulated(g *ggml.Graph, x, m ggml.Tensor) ggml.Tensor {
	return g.Add(g.Mul(g.Norm(x, normEps), part(g, m, x.Dim(0), 1)), part(g, m, x.Dim(0), 0))
}

// part is the i-th vector of m.
func part(g *ggml.Graph, m ggml.Tensor, width, i int64) ggml.Tensor {
	return g.View(m, [4]int64{width, 1, 1, 1}, [3]int64{width, width, width}, i*width)
}

// A place is what stays the same at all points of the way: what the picture is to show, and where its positions are.
type place struct {
	mean []float32 // of the units
	cos  []float32 // [positions, head], of the angle of each element
	sin  []float32
}

// run returns the direction for every position, [positions, in_channels]. rows are [positions, in_channels + context].
func (t *transformer) run(ctx context.Context, g *ggml.Graph, rows []float32, at *place, sigma float32) ([]float32, error) {
	c := t.c
	width := c.Channels + c.Context
	n := int64(len(rows)) / width
	g.Reset()
	x := g.Input(ggml.F32, width, n)
	when, what := g.Input(ggml.F32, waves), g.Input(ggml.F32, c.Vector)
	turn := turns{cos: g.Input(ggml.F32, c.head(), n), sin: g.Input(ggml.F32, c.head(), n)}
	h := g.Stage(t.name+"img_in", g.Apply(t.in, x))
	vec := g.Add(g.Stage(t.name+"time_in", t.time.run(g, when)), g.Stage(t.name+"vector_in", t.vector.run(g, what)))
	vec = g.SiLU(vec)
	for i := range t.blocks {
		h = g.Stage(fmt.Sprintf("%sblock%d", t.name, i), t.blocks[i].run(g, h, vec, turn))
	}
	y := g.Output(g.Stage(t.name+"pred", g.Apply(t.last, modulated(g, h, g.Apply(t.modulation, vec)))))
	err := g.Compute(ctx, func() {
		ggml.Put(g, x, rows)
		ggml.Put(g, when, embedSigma(sigma))
		ggml.Put(g, what, at.mean)
		ggml.Put(g, turn.cos, at.cos)
		ggml.Put(g, turn.sin, at.sin)
	})
	if err != nil {
		return nil, err
	}
	out := make([]float32, n*c.Channels)
	return out, ggml.Take(g, y, 0, out)
}

// embedSigma returns the cosines, then the sines, of a thousand times sigma at 128 frequencies. The products are rounded
// to f32 as the reference's are: at a thousand radians that shows.
func embedSigma(sigma float32) []float32 {
	const half = waves / 2
	out := make([]float32, waves)
	t := 1000 * sigma
	for j := range half {
		low := float32(-math.Log(10000))
		angle := float64(t * float32(math.Exp(float64(low*float32(j)/half))))
		out[j], out[half+j] = float32(math.Cos(angle)), float32(math.Sin(angle))
	}
	return out
}
