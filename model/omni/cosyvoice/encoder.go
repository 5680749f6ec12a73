package cosyvoice

import (
	"math"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

const (
	normEps      = 1e-5  // of embeddings, of the last norm and of the estimator
	blockEps     = 1e-12 // of a conformer block's norms
	lookingSlope = 0.01  // of the leaky rectifier after the look-ahead
)

// A norm is a layer normalisation.
type norm struct {
	weight, bias ggml.Tensor // [width]
}

func planNorm(p *checkpoint.Plan, n *norm, name string, width int) {
	p.Tensor(&n.weight, name+".weight", int64(width))
	p.Tensor(&n.bias, name+".bias", int64(width))
}

// apply normalises the columns of x[width, n].
func (n norm) apply(g *ggml.Graph, x ggml.Tensor, eps float32) ggml.Tensor {
	return g.Add(g.Mul(g.Norm(x, eps), n.weight), n.bias)
}

// An embedding turns columns into those of a stack: a linear layer, a norm, and √width as the scale.
type embedding struct {
	linear ggml.Affine
	norm   norm
}

func planEmbedding(p *checkpoint.Plan, e *embedding, in, width int) {
	p.Linear(&e.linear, "0", int64(width), int64(in))
	planNorm(p, &e.norm, "1", width)
}

func (e embedding) apply(g *ggml.Graph, x ggml.Tensor) ggml.Tensor {
	y := e.norm.apply(g, g.Apply(e.linear, x), normEps)
	return g.Scale(y, float32(math.Sqrt(float64(e.linear.W.Out()))))
}

// A conformer block: attention with relative positions, then two linear layers with SiLU between them. Macaron layers and
// convolutions, which conformers may have, are not used.
type conformer struct {
	normAttention norm
	attention     relative
	normFeed      norm
	up, down      ggml.Affine
}

func planConformer(p *checkpoint.Plan, b *conformer, c EncoderConfig) {
	planNorm(p, &b.normAttention, "norm_mha", c.Width)
	planRelative(p.At("self_attn."), &b.attention, c)
	planNorm(p, &b.normFeed, "norm_ff", c.Width)
	p.Linear(&b.up, "feed_forward.w_1", int64(c.Hidden), int64(c.Width))
	p.Linear(&b.down, "feed_forward.w_2", int64(c.Width), int64(c.Hidden))
}

// apply is x + attention(norm(x)), then x + feed(norm(x)), for x[width, n].
func (b conformer) apply(g *ggml.Graph, x ggml.Tensor, s sight, past *past) ggml.Tensor {
	x = b.attention.apply(g, b.normAttention.apply(g, x, blockEps), x, s, past)
	h := g.SiLU(g.Apply(b.up, b.normFeed.apply(g, x, blockEps)))
	return g.Linear(b.down.W, h, b.down.Bias, x, false)
}

// An encoder turns embedded units into the mean of mel frames, Ratio of them a unit.
type encoder struct {
	embed, upEmbed embedding
	look, looked   ggml.Matrix // convolutions over the look-ahead and, causal, over its result
	lookBias       ggml.Tensor
	lookedBias     ggml.Tensor
	lower, upper   []conformer
	up             ggml.Matrix // the convolution after each column was repeated
	upBias         ggml.Tensor
	norm           norm
	project        ggml.Affine
}

// The taps of the second look-ahead convolution.
const lookedTaps = 3

func planEncoder(p *checkpoint.Plan, e *encoder, c FlowConfig) {
	n, w := p.At("encoder."), int64(c.Encoder.Width)
	planEmbedding(n.At("embed.out."), &e.embed, c.Input, c.Encoder.Width)
	planEmbedding(n.At("up_embed.out."), &e.upEmbed, c.Encoder.Width, c.Encoder.Width)
	planConv(n, &e.look, &e.lookBias, "pre_lookahead_layer.conv1", w, w, int64(c.Lookahead+1))
	planConv(n, &e.looked, &e.lookedBias, "pre_lookahead_layer.conv2", w, w, lookedTaps)
	planConv(n, &e.up, &e.upBias, "up_layer.conv", w, w, int64(2*c.Ratio+1))
	e.lower = planStack(n.At("encoders."), c.Encoder.Blocks, c.Encoder)
	e.upper = planStack(n.At("up_encoders."), c.Encoder.UpBlocks, c.Encoder)
	planNorm(n, &e.norm, "after_norm", c.Encoder.Width)
	p.Linear(&e.project, "encoder_proj", int64(c.Mel), w)
}

func planStack(p *checkpoint.Plan, blocks int, c EncoderConfig) []conformer {
	stack := make([]conformer, blocks)
	for i := range stack {
		planConformer(p.At(number(i)), &stack[i], c)
	}
	return stack
}

// planConv plans a convolution with a bias.
func planConv(p *checkpoint.Plan, w *ggml.Matrix, bias *ggml.Tensor, name string, out, in, taps int64) {
	p.Conv(w, name+".weight", out, in, taps)
	p.Tensor(bias, name+".bias", out)
}

// apply returns the mean [mel, ratio·n] of the frames of the first n columns of x[input, n + ahead]. The ahead columns are
// the look-ahead; where there are fewer than the convolution looks at, zeros follow.
func (e encoder) apply(g *ggml.Graph, x ggml.Tensor, n int64, c FlowConfig, s, up sight, past *past) ggml.Tensor {
	x = g.Stage("embed", e.embed.apply(g, x))
	x = g.Stage("pre_lookahead", e.lookAhead(g, x, n, c.Lookahead, past))
	for i, b := range e.lower {
		x = b.apply(g, x, s, past)
		if i == 0 {
			g.Stage("encoder0", x)
		}
	}
	g.Stage("encoder_last", x)
	x = g.Stage("up_layer", e.repeat(g, x, c.Ratio, past))
	x = g.Stage("up_embed", e.upEmbed.apply(g, x))
	for _, b := range e.upper {
		x = b.apply(g, x, up, past)
	}
	x = g.Stage("encoder_out", e.norm.apply(g, x, normEps))
	return g.Stage("mu", g.Apply(e.project, x))
}

// lookAhead adds to the first n columns of x what a convolution of them and the columns behind makes.
func (e encoder) lookAhead(g *ggml.Graph, x ggml.Tensor, n int64, ahead int, past *past) ggml.Tensor {
	missing := int(n) + ahead - int(x.Dim(1))
	y := g.Convolve(e.look, x, e.lookBias, ggml.Conv{Kernel: ahead + 1, Stride: 1, Dilation: 1, Right: missing})
	y = past.convolve(g, e.looked, g.LeakyReLU(y, lookingSlope), e.lookedBias, lookedTaps)
	return g.Add(y, g.Rows(x, 0, n))
}

// repeat gives each column of x ratio times and convolves the result.
func (e encoder) repeat(g *ggml.Graph, x ggml.Tensor, ratio int, past *past) ggml.Tensor {
	w, n := x.Dim(0), x.Dim(1)
	one := g.Reshape(x, w, 1, n)
	all := one
	for range ratio - 1 {
		all = g.Concat(all, one, 1)
	}
	return past.convolve(g, e.up, g.Reshape(all, w, int64(ratio)*n), e.upBias, 2*ratio+1)
}
