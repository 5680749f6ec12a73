package cosyvoice

import (
	"math"
	"strconv"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// causalTaps are the taps of every convolution of the estimator: a frame and the two before it.
const causalTaps = 3

// An estimator tells the velocity of each mel frame at a time: a network in the shape of a U whose levels all have the
// rate of frames (Matcha-TTS's decoder made causal). It works on two rows of frames at once, one that knows what is to be
// said and one that does not, side by side as columns [channels, 2n].
type estimator struct {
	time1, time2 ggml.Affine
	blocks       []level // down, middle …, up
	down, up     ggml.Matrix
	downBias     ggml.Tensor
	upBias       ggml.Tensor
	final        causal
	project      ggml.Affine
	sinusoids    int
	heads        int
	scale        float32
}

// A level is a residual block and its transformers.
type level struct {
	first, second causal
	time          ggml.Affine // of the embedded time
	residual      ggml.Affine
	transformers  []transformer
}

// A causal block is a convolution over the past, a norm and Mish.
type causal struct {
	w    ggml.Matrix
	bias ggml.Tensor
	norm norm
}

type transformer struct {
	normAttention, normFeed norm
	query, key, value       ggml.Matrix
	out, widen, narrow      ggml.Affine
}

func planEstimator(p *checkpoint.Plan, e *estimator, c EstimatorConfig) {
	w, t := int64(c.Channels[0]), int64(c.Time)
	e.sinusoids, e.heads, e.scale = c.In, c.Heads, float32(1/math.Sqrt(float64(c.Head)))
	p.Linear(&e.time1, "time_mlp.linear_1", t, int64(c.In))
	p.Linear(&e.time2, "time_mlp.linear_2", t, t)
	e.blocks = make([]level, c.MidBlocks+2)
	planLevel(p.At("down_blocks.0."), &e.blocks[0], int64(c.In), c)
	for i := range c.MidBlocks {
		planLevel(p.At("mid_blocks."+number(i)), &e.blocks[1+i], w, c)
	}
	planLevel(p.At("up_blocks.0."), &e.blocks[c.MidBlocks+1], 2*w, c)
	planConv(p, &e.down, &e.downBias, "down_blocks.0.2", w, w, causalTaps)
	planConv(p, &e.up, &e.upBias, "up_blocks.0.2", w, w, causalTaps)
	planCausal(p.At("final_block."), &e.final, w, w)
	planConv(p, &e.project.W, &e.project.Bias, "final_proj", int64(c.Out), w, 1)
}

func planLevel(p *checkpoint.Plan, l *level, in int64, c EstimatorConfig) {
	w := int64(c.Channels[0])
	planCausal(p.At("0.block1."), &l.first, w, in)
	planCausal(p.At("0.block2."), &l.second, w, w)
	p.Linear(&l.time, "0.mlp.1", w, int64(c.Time))
	planConv(p, &l.residual.W, &l.residual.Bias, "0.res_conv", w, in, 1)
	l.transformers = make([]transformer, c.Blocks)
	for i := range l.transformers {
		planTransformer(p.At("1."+number(i)), &l.transformers[i], w, c)
	}
}

func planCausal(p *checkpoint.Plan, b *causal, out, in int64) {
	planConv(p, &b.w, &b.bias, "block.0", out, in, causalTaps)
	planNorm(p, &b.norm, "block.2", int(out))
}

func planTransformer(p *checkpoint.Plan, t *transformer, w int64, c EstimatorConfig) {
	inner := int64(c.Heads * c.Head)
	planNorm(p, &t.normAttention, "norm1", int(w))
	planNorm(p, &t.normFeed, "norm3", int(w))
	p.Matrix(&t.query, "attn1.to_q.weight", inner, w)
	p.Matrix(&t.key, "attn1.to_k.weight", inner, w)
	p.Matrix(&t.value, "attn1.to_v.weight", inner, w)
	p.Linear(&t.out, "attn1.to_out.0", w, inner)
	p.Linear(&t.widen, "ff.net.0.proj", 4*w, w)
	p.Linear(&t.narrow, "ff.net.2", w, 4*w)
}

func number(i int) string { return strconv.Itoa(i) + "." }

// A pass is one run of the estimator: which frames see which, and what it remembers.
type pass struct {
	g     *ggml.Graph
	e     *estimator
	sight sight
	past  *past
}

// apply returns the velocities [mel, 2n] of x[4·mel, 2n]: the frames, their means, the speaker and the prompt's frames.
// times [width, levels] is what the time adds within each level.
func (r pass) apply(x, times ggml.Tensor) ggml.Tensor {
	g, e := r.g, r.e
	last := len(e.blocks) - 1
	x = r.level(e.blocks[0], x, g.Rows(times, 0, 1), "down")
	skip := x
	x = r.convolve(e.down, x, e.downBias)
	for i := 1; i < last; i++ {
		x = r.level(e.blocks[i], x, g.Rows(times, int64(i), int64(i+1)), "")
	}
	x = r.level(e.blocks[last], g.Concat(x, skip, 0), g.Rows(times, int64(last), int64(last+1)), "")
	x = r.convolve(e.up, x, e.upBias)
	x = r.causal(e.final, x)
	return g.Stage("velocity", g.Apply(e.project, x))
}

// level runs a residual block and its transformers.
func (r pass) level(l level, x, time ggml.Tensor, stage string) ggml.Tensor {
	g := r.g
	h := g.Add(r.causal(l.first, x), g.Reshape(time, time.Dim(0)))
	h = r.causal(l.second, h)
	x = g.Linear(l.residual.W, x, l.residual.Bias, h, false)
	if stage != "" {
		g.Stage(stage+"_resnet", x)
	}
	for i, t := range l.transformers {
		x = r.transformer(t, x)
		if stage != "" && i == 0 {
			g.Stage(stage+"_attn", x)
		}
	}
	return x
}

func (r pass) causal(b causal, x ggml.Tensor) ggml.Tensor {
	return r.g.Mish(b.norm.apply(r.g, r.convolve(b.w, x, b.bias), normEps))
}

// convolve is a causal convolution of either row.
func (r pass) convolve(w ggml.Matrix, x, bias ggml.Tensor) ggml.Tensor {
	n := r.sight.n
	known := r.past.convolve(r.g, w, r.g.Rows(x, 0, n), bias, causalTaps)
	blind := r.past.convolve(r.g, w, r.g.Rows(x, n, 2*n), bias, causalTaps)
	return r.g.Concat(known, blind, 1)
}

// transformer is x + attention(norm(x)), then x + feed(norm(x)).
func (r pass) transformer(t transformer, x ggml.Tensor) ggml.Tensor {
	g := r.g
	h := t.normAttention.apply(g, x, normEps)
	none := ggml.Tensor{}
	q, k, v := g.Linear(t.query, h, none, none, false), g.Linear(t.key, h, none, none, false), g.Linear(t.value, h, none, none, false)
	x = g.Linear(t.out.W, r.attend(q, k, v), t.out.Bias, x, false)
	h = g.Linear(t.widen.W, t.normFeed.apply(g, x, normEps), t.widen.Bias, none, true)
	return g.Linear(t.narrow.W, h, t.narrow.Bias, x, false)
}

// attend lets the frames of either row see those of their own row that their sight allows.
func (r pass) attend(q, k, v ggml.Tensor) ggml.Tensor {
	g, n := r.g, r.sight.n
	var rows [2]ggml.Tensor
	for i := range rows {
		at := int64(i) * n
		queries := g.Rows(q, at, at+n)
		keys, values := r.past.keep(g, g.Rows(k, at, at+n)), r.past.keep(g, g.Rows(v, at, at+n))
		rows[i] = r.sight.each(g, func(from, to, seen int64) ggml.Tensor {
			return g.Attend(g.Rows(queries, from, to), g.Rows(keys, 0, seen), g.Rows(values, 0, seen), r.e.heads, r.e.scale, false)
		})
	}
	return g.Concat(rows[0], rows[1], 1)
}

// times returns what time adds within each level [width, levels], of the sinusoids [in, 1] of a time.
func (e *estimator) times(g *ggml.Graph, sinusoids ggml.Tensor) ggml.Tensor {
	t := g.Apply(e.time2, g.SiLU(g.Apply(e.time1, sinusoids)))
	t = g.Mish(g.Stage("time_mlp", t))
	var parts []ggml.Tensor
	for _, l := range e.blocks {
		parts = append(parts, g.Apply(l.time, t))
	}
	return join(g, parts)
}

// sinusoids returns the sines, then the cosines, of a time from 0 to 1 in n elements.
func sinusoids(t float32, n int) []float32 {
	out, half := make([]float32, n), n/2
	for i := range half {
		f := float32(math.Exp(float64(float32(i) * float32(-math.Log(10000)/float64(half-1)))))
		sin, cos := math.Sincos(float64(1000 * t * f))
		out[i], out[half+i] = float32(sin), float32(cos)
	}
	return out
}
