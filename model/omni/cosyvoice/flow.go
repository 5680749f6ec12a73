package cosyvoice

import (
	"context"
	"fmt"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// A Flow is the flow-matching network: units and a voice in, mel frames out. Names are those of CosyVoice's flow.pt.
type Flow struct {
	Config    FlowConfig
	units     ggml.Tensor // [input, vocabulary]
	encoder   encoder
	estimator estimator
	speaker   []float32 // [mel][speaker]
	offset    []float32 // [mel]
}

// NewFlow plans a flow network; it can be used once p is loaded. An impossible config is a mistake of the plan.
func NewFlow(p *checkpoint.Plan, c FlowConfig) *Flow {
	f := &Flow{Config: c}
	if err := c.Check(); err != nil {
		p.Fail(err)
		return f
	}
	p.Tensor(&f.units, "input_embedding.weight", int64(c.Vocabulary), int64(c.Input))
	p.Floats(&f.speaker, "spk_embed_affine_layer.weight", int64(c.Mel), int64(c.Speaker))
	p.Floats(&f.offset, "spk_embed_affine_layer.bias", int64(c.Mel))
	planEncoder(p, &f.encoder, c)
	planEstimator(p.At("decoder.estimator."), &f.estimator, c.Estimator)
	return f
}

// color is the speaker vector as the estimator wants it: one value a mel band.
func (f *Flow) color(v *Voice) []float32 {
	out := make([]float32, f.Config.Mel)
	for i := range out {
		sum := float64(f.offset[i])
		for j, x := range v.speaker {
			sum += float64(x) * float64(f.speaker[i*len(v.speaker)+j])
		}
		out[i] = float32(sum)
	}
	return out
}

// A span is the part of an utterance, prompt included, that one run of a network makes.
type span struct {
	units  []int32 // those to make frames of, then those of the look-ahead
	n      int     // how many to make frames of
	before int     // units before them, which past remembers
	commit int     // how many of the n to remember
	chunk  int     // units that see each other; 0: all do
	past   *past
}

// sight returns what the columns of s see of each other where a unit has rate of them.
func (s span) sight(rate, block int) sight {
	if block == 0 {
		block = rate * s.n
	}
	return sight{past: int64(rate * s.before), n: int64(rate * s.n), chunk: int64(rate * s.chunk), block: int64(block)}
}

// queryBlock is how many queries of a conformer attend together where all see the same keys: it bounds the memory of
// their scores, which are held for all distances.
const queryBlock = 128

// mean adds to g the mean of each frame of s, [mel, frames], and returns it with what fills its inputs.
func (f *Flow) mean(g *ggml.Graph, s span) (ggml.Tensor, func()) {
	c := f.Config
	lower, upper := s.sight(1, queryBlock), s.sight(c.Ratio, queryBlock)
	units := g.Input(ggml.I32, int64(len(s.units)))
	lower.positions = g.Input(ggml.F32, int64(c.Encoder.Width), lower.past+2*lower.n-1)
	upper.positions = g.Input(ggml.F32, int64(c.Encoder.Width), upper.past+2*upper.n-1)
	s.past.begin(s.n, s.commit)
	x := g.Stage("embedding", g.GetRows(f.units, units))
	mean := g.Output(f.encoder.apply(g, x, lower.n, c, lower, upper, s.past))
	return mean, func() {
		ggml.Put(g, units, s.units)
		ggml.Put(g, lower.positions, positions(c.Encoder.Width, int(lower.past), int(lower.n)))
		ggml.Put(g, upper.positions, positions(c.Encoder.Width, int(upper.past), int(upper.n)))
	}
}

// velocity adds to g the velocities of the frames of s, [mel, 2·frames], and returns them with what fills its inputs: in
// [2·frames][4·mel] and times [levels][width].
func (f *Flow) velocity(g *ggml.Graph, s span, in, times []float32) (ggml.Tensor, func()) {
	c := f.Config
	p := pass{g: g, e: &f.estimator, sight: s.sight(c.Ratio, 0), past: s.past}
	s.past.begin(s.n, s.commit)
	x := g.Input(ggml.F32, int64(c.Estimator.In), 2*p.sight.n)
	adds := g.Input(ggml.F32, int64(c.Estimator.Channels[0]), int64(len(p.e.blocks)))
	return g.Output(p.apply(x, adds)), func() {
		ggml.Put(g, x, in)
		ggml.Put(g, adds, times)
	}
}

// compute runs what was added to the decoder's graph for s and returns its result.
func (d *Decoder) compute(ctx context.Context, what string, s span, y ggml.Tensor, fill func()) ([]float32, error) {
	if err := d.graph.Compute(ctx, fill); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	s.past.end()
	out := make([]float32, y.Elements())
	return out, ggml.Take(d.graph, y, 0, out)
}

// levels returns what the time of each step adds within each level of the estimator. It is the same for all utterances.
func (d *Decoder) levels(ctx context.Context) ([][]float32, error) {
	if d.times != nil {
		return d.times, nil
	}
	c := d.flow.Config
	schedule := c.Matching.Times()
	t, all := schedule[0], make([][]float32, c.Matching.Steps)
	for i := range all {
		if err := d.roomFor(64 + 8*len(d.flow.estimator.blocks)); err != nil {
			return nil, err
		}
		g := d.graph
		in := g.Input(ggml.F32, int64(c.Estimator.In), 1)
		y := g.Output(d.flow.estimator.times(g, in))
		var err error
		all[i], err = d.compute(ctx, "flow times", span{}, y, func() { ggml.Put(g, in, sinusoids(t, c.Estimator.In)) })
		if err != nil {
			return nil, err
		}
		t, _ = after(t, schedule[i+1])
	}
	d.times = all
	return all, nil
}

// encoderNodes and estimatorNodes are upper bounds of the operations of a graph.
func (s span) encoderNodes(c FlowConfig) int {
	parts := s.n*c.Ratio/queryBlock + 1
	if s.chunk > 0 {
		parts = s.n/s.chunk + 2
	}
	return 256 + (c.Encoder.Blocks+c.Encoder.UpBlocks)*(96+32*parts)
}

func (s span) estimatorNodes(c FlowConfig) int {
	parts := 1
	if s.chunk > 0 {
		parts = s.n/s.chunk + 2
	}
	e := c.Estimator
	return 512 + (e.MidBlocks+2)*(160+e.Blocks*(96+2*32*parts))
}
