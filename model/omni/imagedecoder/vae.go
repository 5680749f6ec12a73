package imagedecoder

import (
	"context"
	"fmt"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// A painter is the decoder of the variational autoencoder: latent pixels in, pixels out.
type painter struct {
	c        VAE
	first    conv
	post     *ggml.Affine // post_quant_conv, of one tap
	mid      [2]resnet
	look     *attention
	stages   []stage
	lastNorm norm
	last     conv
}

// A stage is resnets at one size and the doubling behind them.
type stage struct {
	resnets []resnet
	double  *conv
}

// A resnet is two convolutions beside a shortcut.
type resnet struct {
	norm1, norm2 norm
	conv1, conv2 conv
	shortcut     *ggml.Affine // nil where it changes no width
}

// declare names the decoder's tensors, and those of the encoder, which is not used.
func (v *painter) declare(p *checkpoint.Plan, c VAE) {
	v.c = c
	d := p.At("decoder.")
	wide := c.Widths[len(c.Widths)-1]
	if said(c.PostQuantConv, true) {
		v.post = &ggml.Affine{}
		pointwise(p, v.post, "post_quant_conv", c.Latent, c.Latent)
	}
	v.first.declare(d, "conv_in", wide, c.Latent)
	for i := range v.mid {
		v.mid[i].declare(d.At(fmt.Sprintf("mid_block.resnets.%d.", i)), c, wide, wide)
	}
	if said(c.MidAttention, true) {
		v.look = &attention{}
		v.look.declare(d.At("mid_block.attentions.0."), c, wide)
	}
	v.stages = make([]stage, len(c.Widths))
	width := wide
	for i := range v.stages {
		at := d.At(fmt.Sprintf("up_blocks.%d.", i))
		out := c.Widths[len(c.Widths)-1-i]
		v.stages[i].resnets = make([]resnet, c.Layers+1)
		for j := range v.stages[i].resnets {
			v.stages[i].resnets[j].declare(at.At(fmt.Sprintf("resnets.%d.", j)), c, out, width)
			width = out
		}
		if i < len(v.stages)-1 {
			v.stages[i].double = &conv{}
			v.stages[i].double.declare(at, "upsamplers.0.conv", out, out)
		}
	}
	v.lastNorm.declare(d, "conv_norm_out", c, width)
	v.last.declare(d, "conv_out", c.Out, width)
	unusedEncoder(p, c)
}

func (r *resnet) declare(p *checkpoint.Plan, c VAE, out, in int64) {
	r.norm1.declare(p, "norm1", c, in)
	r.conv1.declare(p, "conv1", out, in)
	r.norm2.declare(p, "norm2", c, out)
	r.conv2.declare(p, "conv2", out, out)
	if out != in {
		r.shortcut = &ggml.Affine{}
		pointwise(p, r.shortcut, "conv_shortcut", out, in)
	}
}

// pointwise wants a convolution of one tap, which is a linear layer.
func pointwise(p *checkpoint.Plan, dst *ggml.Affine, name string, out, in int64) {
	p.Matrix(&dst.W, name+".weight", out, in, 1, 1)
	p.Tensor(&dst.Bias, name+".bias", out)
}

// paint decodes latent pixels, their scale and shift already taken back, and drops them.
func (v *painter) paint(ctx context.Context, g *easel, x plane) (plane, error) {
	for _, f := range v.layers() {
		var err error
		if x, err = f(ctx, g, x); err != nil {
			return x, err
		}
	}
	return x, nil
}

// A layer makes a plane of another, which it drops.
type layer func(context.Context, *easel, plane) (plane, error)

// layers are those of the decoder, in order.
func (v *painter) layers() []layer {
	var all []layer
	then := func(l layer) { all = append(all, l) }
	if v.post != nil {
		then(dropping(func(ctx context.Context, g *easel, x plane) (plane, error) { return apply(ctx, g, *v.post, x) }))
	}
	then(v.first.step(extra{}))
	then(v.mid[0].run)
	if v.look != nil {
		then(v.look.run)
	}
	then(v.mid[1].run)
	for i := range v.stages {
		for j := range v.stages[i].resnets {
			then(v.stages[i].resnets[j].run)
		}
		if double := v.stages[i].double; double != nil {
			then(double.step(extra{double: true}))
		}
	}
	then(v.last.step(extra{norm: &v.lastNorm}))
	return all
}

// dropping is f with its input dropped.
func dropping(f layer) layer {
	return func(ctx context.Context, g *easel, x plane) (plane, error) {
		y, err := f(ctx, g, x)
		if err == nil {
			g.drop(x)
		}
		return y, err
	}
}

// step is the convolution as a step of its own.
func (c *conv) step(e extra) layer {
	return dropping(func(ctx context.Context, g *easel, x plane) (plane, error) { return c.run(ctx, g, x, e) })
}

// run returns what becomes of x, which it drops.
func (r *resnet) run(ctx context.Context, g *easel, x plane) (plane, error) {
	y, err := r.conv1.run(ctx, g, x, extra{norm: &r.norm1})
	if err != nil {
		return x, err
	}
	z, err := r.conv2.run(ctx, g, y, extra{norm: &r.norm2, add: &x, through: r.shortcut})
	if err != nil {
		return x, err
	}
	g.drop(x)
	g.drop(y)
	return z, nil
}
