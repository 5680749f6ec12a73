package imagetokenizer

import (
	"fmt"

	"omnilive/model/checkpoint"
)

// unread names the tensors of the component that units do not depend on: the layers after the one that is read, the norm
// and the pooling head behind them, and the decoder of features that training used.
func unread(p *checkpoint.Plan, s sizes) {
	hidden, mlp, dim := int64(s.hidden), int64(s.mlp), int64(s.dim)
	for i := s.run; i < s.layers; i++ {
		unreadLayer(p.At(layerName(i)), hidden, mlp)
	}
	unreadHead(p.At("encoder."), hidden, mlp)
	unreadLinear(p, "bottleneck.out_linear", dim, dim)

	embedding := "decoder.vision_model.embeddings.patch_embedding.weight"
	inner := int64(dimension(p, embedding, 0))
	unreadLinear(p, "decode_task_layer.0", inner, inner)
	unreadLinear(p, "decode_task_layer.2", hidden, inner)
	d := p.At("decoder.vision_model.")
	unreadLinear(d, "embeddings.patch_embedding", inner, dim)
	d.Unused("embeddings.position_embedding.weight", int64(dimension(d, "embeddings.position_embedding.weight", 0)), inner)
	name := func(i int) string { return fmt.Sprintf("encoder.layers.%d.", i) }
	inside := int64(dimension(d, name(0)+"mlp.fc1.weight", 0))
	for i := range max(count(d, name), 1) {
		unreadLayer(d.At(name(i)), inner, inside)
	}
	unreadHead(d, inner, inside)
}

func unreadLayer(p *checkpoint.Plan, hidden, mlp int64) {
	for _, name := range []string{"layer_norm1", "layer_norm2"} {
		unreadNorm(p, name, hidden)
	}
	for _, name := range []string{"q_proj", "k_proj", "v_proj", "out_proj"} {
		unreadLinear(p, "self_attn."+name, hidden, hidden)
	}
	unreadLinear(p, "mlp.fc1", mlp, hidden)
	unreadLinear(p, "mlp.fc2", hidden, mlp)
}

// unreadHead is the norm behind the layers and the head that pools by attention.
func unreadHead(p *checkpoint.Plan, hidden, mlp int64) {
	unreadNorm(p, "post_layernorm", hidden)
	p.Unused("head.probe", 1, 1, hidden)
	p.Unused("head.attention.in_proj_weight", 3*hidden, hidden)
	p.Unused("head.attention.in_proj_bias", 3*hidden)
	unreadLinear(p, "head.attention.out_proj", hidden, hidden)
	unreadNorm(p, "head.layernorm", hidden)
	unreadLinear(p, "head.mlp.fc1", mlp, hidden)
	unreadLinear(p, "head.mlp.fc2", hidden, mlp)
}

func unreadNorm(p *checkpoint.Plan, name string, n int64) {
	p.Unused(name+".weight", n)
	p.Unused(name+".bias", n)
}

func unreadLinear(p *checkpoint.Plan, name string, out, in int64) {
	p.Unused(name+".weight", out, in)
	p.Unused(name+".bias", out)
}
