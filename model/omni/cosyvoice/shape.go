package cosyvoice

import (
	"errors"
	"fmt"

	"omnilive/model/checkpoint"
)

// FlowShape returns c with the dimensions that the tensors of a flow network tell: a checkpoint as published has no
// config.json beside it. How the estimator's channels divide among heads no shape tells; a head keeps c's size where it
// divides them. Chunks and steps stay c's.
func FlowShape(src checkpoint.Source, c FlowConfig) (FlowConfig, error) {
	s := shapes{src: src}
	c.Vocabulary, c.Input = s.dim("input_embedding.weight", 0), s.dim("input_embedding.weight", 1)
	c.Mel, c.Speaker = s.dim("spk_embed_affine_layer.weight", 0), s.dim("spk_embed_affine_layer.weight", 1)
	c.Ratio = (s.dim("encoder.up_layer.conv.weight", 2) - 1) / 2
	c.Lookahead = s.dim("encoder.pre_lookahead_layer.conv1.weight", 2) - 1
	e := &c.Encoder
	e.Width, e.Hidden = s.dim("encoder.after_norm.weight", 0), s.dim("encoder.encoders.0.feed_forward.w_1.weight", 0)
	e.Heads = s.dim("encoder.encoders.0.self_attn.pos_bias_u", 0)
	e.Blocks, e.UpBlocks = s.count("encoder.encoders.%d.norm_ff.weight"), s.count("encoder.up_encoders.%d.norm_ff.weight")
	const estimator = "decoder.estimator."
	m := &c.Estimator
	m.In, m.Out = s.dim(estimator+"time_mlp.linear_1.weight", 1), s.dim(estimator+"final_proj.weight", 0)
	m.Time = s.dim(estimator+"time_mlp.linear_1.weight", 0)
	m.Channels = make([]int, s.count(estimator+"down_blocks.%d.2.weight"))
	for i := range m.Channels {
		m.Channels[i] = s.dim(fmt.Sprintf("%sdown_blocks.%d.0.block1.block.0.weight", estimator, i), 0)
	}
	m.Blocks, m.MidBlocks = s.count(estimator+"down_blocks.0.1.%d.norm1.weight"), s.count(estimator+"mid_blocks.%d.0.mlp.1.weight")
	inner := s.dim(estimator+"down_blocks.0.1.0.attn1.to_q.weight", 0)
	if m.Head < 1 || inner%m.Head != 0 {
		m.Head = inner
	}
	m.Heads = inner / max(1, m.Head)
	m.Chunk = e.Chunk * c.Ratio
	if err := errors.Join(s.missing...); err != nil {
		return c, fmt.Errorf("read flow dimensions: %w", err)
	}
	return c, c.Check()
}

// shapes reads dimensions and keeps what is missing.
type shapes struct {
	src     checkpoint.Source
	missing []error
}

func (s *shapes) dim(name string, i int) int {
	t, ok := s.src.Lookup(name)
	if !ok || i >= len(t.Shape) || t.Shape[i] < 1 || t.Shape[i] > 1<<30 {
		s.missing = append(s.missing, fmt.Errorf("tensor %q is missing or misshapen", name))
		return 0
	}
	return int(t.Shape[i])
}

// count returns how many tensors there are of a name with a number.
func (s *shapes) count(name string) int {
	for n := 0; ; n++ {
		if _, ok := s.src.Lookup(fmt.Sprintf(name, n)); !ok || n > maxLayers {
			return n
		}
	}
}
