package imagedecoder

import (
	"fmt"

	"omnilive/model/checkpoint"
)

// unusedEncoder names the tensors of the autoencoder's other half, which makes latent pictures of pictures.
func unusedEncoder(p *checkpoint.Plan, c VAE) {
	if said(c.QuantConv, true) {
		unused(p, "quant_conv", 2*c.Latent, 2*c.Latent, 1, 1)
	}
	p = p.At("encoder.")
	width, last := c.Widths[0], len(c.Widths)-1
	unused(p, "conv_in", width, c.In, taps, taps)
	for i, out := range c.Widths {
		at := p.At(fmt.Sprintf("down_blocks.%d.", i))
		for j := range c.Layers {
			unusedResnet(at.At(fmt.Sprintf("resnets.%d.", j)), out, width)
			width = out
		}
		if i < last {
			unused(at, "downsamplers.0.conv", out, out, taps, taps)
		}
	}
	for i := range 2 {
		unusedResnet(p.At(fmt.Sprintf("mid_block.resnets.%d.", i)), width, width)
	}
	if said(c.MidAttention, true) {
		at := p.At("mid_block.attentions.0.")
		unused(at, "group_norm", width)
		for _, name := range []string{"to_q", "to_k", "to_v", "to_out.0"} {
			unused(at, name, width, width)
		}
	}
	unused(p, "conv_norm_out", width)
	unused(p, "conv_out", 2*c.Latent, width, taps, taps)
}

func unusedResnet(p *checkpoint.Plan, out, in int64) {
	unused(p, "norm1", in)
	unused(p, "conv1", out, in, taps, taps)
	unused(p, "norm2", out)
	unused(p, "conv2", out, out, taps, taps)
	if out != in {
		unused(p, "conv_shortcut", out, in, 1, 1)
	}
}

// unused names a layer's weight and its bias.
func unused(p *checkpoint.Plan, name string, shape ...int64) {
	p.Unused(name+".weight", shape...)
	p.Unused(name+".bias", shape[0])
}
