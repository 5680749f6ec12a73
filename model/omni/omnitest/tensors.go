// Package omnitest makes checkpoints for tests: with the names and dimensions of HyperCLOVAX-SEED-Omni-8B, and no weights.
// Its files are sparse: they look their size and take next to nothing on the disk.
//
// # Concurrency
//
// Functions share nothing.
package omnitest

import (
	"fmt"

	"omnilive/model/checkpoint"
	"omnilive/model/gguf"
)

// A list collects tensors of one component.
type list struct {
	prefix string
	all    []checkpoint.Tensor
}

func (l *list) add(name string, shape ...int64) {
	l.all = append(l.all, checkpoint.Tensor{Name: l.prefix + name, Type: gguf.F32, Shape: shape})
}

func (l *list) linear(name string, out, in int64) {
	l.add(name+".weight", out, in)
	l.add(name+".bias", out)
}

func (l *list) norm(name string, n int64) {
	l.add(name+".weight", n)
	l.add(name+".bias", n)
}

// Published returns all tensors of the 8B, component by component.
func Published() []checkpoint.Tensor {
	var all []checkpoint.Tensor
	for _, f := range []func() []checkpoint.Tensor{vision, audio, compressor, language, imageTokenizer, speechTokenizer} {
		all = append(all, f()...)
	}
	return all
}

func vision() []checkpoint.Tensor {
	l := &list{prefix: "model.vision_model."}
	l.add("patch_embed.proj.weight", 1280, 3, 2, 14, 14)
	for i := range 32 {
		at := fmt.Sprintf("blocks.%d.", i)
		l.add(at+"norm1.weight", 1280)
		l.add(at+"norm2.weight", 1280)
		l.linear(at+"attn.qkv", 3840, 1280)
		l.linear(at+"attn.proj", 1280, 1280)
		l.linear(at+"mlp.gate_proj", 3456, 1280)
		l.linear(at+"mlp.up_proj", 3456, 1280)
		l.linear(at+"mlp.down_proj", 1280, 3456)
	}
	l.add("merger.ln_q.weight", 1280)
	l.linear("merger.mlp.0", 5120, 5120)
	l.linear("merger.mlp.2", 5120, 5120)
	l.prefix = "model."
	l.linear("mm_projector", 4096, 5120)
	return l.all
}

func audio() []checkpoint.Tensor {
	l := &list{prefix: "model.audio_model."}
	l.add("conv1.weight", 1280, 128, 3)
	l.add("conv1.bias", 1280)
	l.add("conv2.weight", 1280, 1280, 3)
	l.add("conv2.bias", 1280)
	l.add("embed_positions.weight", 1500, 1280)
	for i := range 32 {
		at := fmt.Sprintf("layers.%d.", i)
		l.linear(at+"self_attn.q_proj", 1280, 1280)
		l.add(at+"self_attn.k_proj.weight", 1280, 1280)
		l.linear(at+"self_attn.v_proj", 1280, 1280)
		l.linear(at+"self_attn.out_proj", 1280, 1280)
		l.norm(at+"self_attn_layer_norm", 1280)
		l.linear(at+"fc1", 5120, 1280)
		l.linear(at+"fc2", 1280, 5120)
		l.norm(at+"final_layer_norm", 1280)
	}
	l.norm("layer_norm", 1280)
	l.prefix = "model.audio_projector."
	l.linear("fc1", 1280, 1280)
	l.linear("fc2", 4096, 1280)
	return l.all
}

func compressor() []checkpoint.Tensor {
	l := &list{prefix: "model.video_audio_compressor."}
	l.linear("input_proj", 3072, 4096)
	l.add("query_token", 3072)
	l.norm("input_norm", 3072)
	at := "model.layers.0."
	l.add(at+"norm.weight", 3072)
	l.add(at+"mixer.in_proj.weight", 12640, 3072)
	l.add(at+"mixer.conv1d.weight", 6400, 1, 4)
	l.add(at+"mixer.conv1d.bias", 6400)
	l.add(at+"mixer.dt_bias", 96)
	l.add(at+"mixer.A_log", 96)
	l.add(at+"mixer.D", 96)
	l.add(at+"mixer.norm.weight", 6144)
	l.add(at+"mixer.out_proj.weight", 3072, 6144)
	l.linear(at+"weight_fc", 25, 3072)
	l.linear(at+"gate_fc", 1, 3072)
	l.add("model.norm_f.weight", 3072)
	l.linear("output_proj", 4096, 3072)
	return l.all
}

func language() []checkpoint.Tensor {
	l := &list{prefix: "model.language_model."}
	l.add("model.embed_tokens.weight", 200704, 4096)
	for i := range 36 {
		at := fmt.Sprintf("model.layers.%d.", i)
		l.add(at+"input_layernorm.weight", 4096)
		l.add(at+"self_attn.q_proj.weight", 4096, 4096)
		l.add(at+"self_attn.k_proj.weight", 1024, 4096)
		l.add(at+"self_attn.v_proj.weight", 1024, 4096)
		l.add(at+"self_attn.o_proj.weight", 4096, 4096)
		l.add(at+"post_attention_layernorm.weight", 4096)
		l.add(at+"mlp.gate_proj.weight", 12288, 4096)
		l.add(at+"mlp.up_proj.weight", 12288, 4096)
		l.add(at+"mlp.down_proj.weight", 4096, 12288)
	}
	l.add("model.norm.weight", 4096)
	l.add("lm_head.weight", 200704, 4096)
	return l.all
}

func (l *list) siglip(at string, layers int, mlp int64) {
	for i := range layers {
		layer := fmt.Sprintf("%sencoder.layers.%d.", at, i)
		l.norm(layer+"layer_norm1", 1152)
		l.norm(layer+"layer_norm2", 1152)
		for _, p := range []string{"q_proj", "k_proj", "v_proj", "out_proj"} {
			l.linear(layer+"self_attn."+p, 1152, 1152)
		}
		l.linear(layer+"mlp.fc1", mlp, 1152)
		l.linear(layer+"mlp.fc2", 1152, mlp)
	}
	l.norm(at+"post_layernorm", 1152)
	l.add(at+"head.probe", 1, 1, 1152)
	l.add(at+"head.attention.in_proj_weight", 3456, 1152)
	l.add(at+"head.attention.in_proj_bias", 3456)
	l.linear(at+"head.attention.out_proj", 1152, 1152)
	l.norm(at+"head.layernorm", 1152)
	l.linear(at+"head.mlp.fc1", mlp, 1152)
	l.linear(at+"head.mlp.fc2", 1152, mlp)
}

func imageTokenizer() []checkpoint.Tensor {
	l := &list{prefix: "model.discrete_vision_model."}
	l.add("encoder.embeddings.patch_embedding.weight", 1152, 3, 14, 14)
	l.add("encoder.embeddings.patch_embedding.bias", 1152)
	l.add("encoder.embeddings.position_embedding.weight", 729, 1152)
	l.siglip("encoder.", 27, 4304)
	l.linear("decoder.vision_model.embeddings.patch_embedding", 1152, 1536)
	l.add("decoder.vision_model.embeddings.position_embedding.weight", 256, 1152)
	l.siglip("decoder.vision_model.", 3, 3072)
	l.linear("encode_task_layer.0", 1152, 1152)
	l.linear("decode_task_layer.0", 1152, 1152)
	l.linear("decode_task_layer.2", 1152, 1152)
	l.linear("bottleneck.in_linear", 1536, 1152)
	l.linear("bottleneck.out_linear", 1536, 1536)
	l.add("bottleneck.regularizer.embedding.weight", 65536, 1536)
	l.linear("bottleneck.regularizer.embedding_proj", 1536, 1536)
	l.add("scale_layer.shift", 1, 3, 1, 1)
	l.add("scale_layer.scale", 1, 3, 1, 1)
	return l.all
}

func speechTokenizer() []checkpoint.Tensor {
	l := &list{prefix: "model.discrete_audio_model."}
	l.add("encoder.conv1.weight", 1280, 128, 3)
	l.add("encoder.conv1.bias", 1280)
	l.add("encoder.conv2.weight", 1280, 1280, 3)
	l.add("encoder.conv2.bias", 1280)
	for i := range 6 {
		at := fmt.Sprintf("encoder.blocks.%d.", i)
		l.norm(at+"attn_ln", 1280)
		l.linear(at+"attn.query", 1280, 1280)
		l.add(at+"attn.key.weight", 1280, 1280)
		l.linear(at+"attn.value", 1280, 1280)
		l.linear(at+"attn.out", 1280, 1280)
		l.add(at+"attn.fsmn_block.weight", 1280, 1, 31)
		l.norm(at+"mlp_ln", 1280)
		l.linear(at+"mlp.0", 5120, 1280)
		l.linear(at+"mlp.2", 1280, 5120)
	}
	l.linear("quantizer._codebook.project_down", 8, 1280)
	return l.all
}
