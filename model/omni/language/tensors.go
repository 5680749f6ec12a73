package language

import (
	"fmt"

	"omnilive/model/checkpoint"
)

// A weight is a tensor by its name in the checkpoint and in the file.
type weight struct {
	from, to string
	shape    []int64
	heads    int64 // of rotated projections, whose rows change places; 0 for all others
}

// weights lists what a model of this shape consists of, in the order of the file.
func (c Config) weights() []weight {
	w := []weight{{from: "model.embed_tokens.weight", to: "token_embd.weight", shape: []int64{c.Vocabulary, c.Width}}}
	q, kv := c.Heads*c.HeadSize, c.KeyHeads*c.HeadSize
	for i := range c.Layers {
		from, to := fmt.Sprintf("model.layers.%d.", i), fmt.Sprintf("blk.%d.", i)
		w = append(w,
			weight{from: from + "input_layernorm.weight", to: to + "attn_norm.weight", shape: []int64{c.Width}},
			weight{from: from + "self_attn.q_proj.weight", to: to + "attn_q.weight", shape: []int64{q, c.Width}, heads: c.Heads},
			weight{from: from + "self_attn.k_proj.weight", to: to + "attn_k.weight", shape: []int64{kv, c.Width}, heads: c.KeyHeads},
			weight{from: from + "self_attn.v_proj.weight", to: to + "attn_v.weight", shape: []int64{kv, c.Width}},
			weight{from: from + "self_attn.o_proj.weight", to: to + "attn_output.weight", shape: []int64{c.Width, q}},
			weight{from: from + "post_attention_layernorm.weight", to: to + "ffn_norm.weight", shape: []int64{c.Width}},
			weight{from: from + "mlp.gate_proj.weight", to: to + "ffn_gate.weight", shape: []int64{c.Inner, c.Width}},
			weight{from: from + "mlp.up_proj.weight", to: to + "ffn_up.weight", shape: []int64{c.Inner, c.Width}},
			weight{from: from + "mlp.down_proj.weight", to: to + "ffn_down.weight", shape: []int64{c.Width, c.Inner}},
		)
	}
	w = append(w, weight{from: "model.norm.weight", to: "output_norm.weight", shape: []int64{c.Width}})
	if !c.Tied {
		w = append(w, weight{from: "lm_head.weight", to: "output.weight", shape: []int64{c.Vocabulary, c.Width}})
	}
	return w
}

// Declare names the component's tensors in a plan, which then says what is missing, misshapen or extra. They are not read
// by the plan: libllama loads them from what Convert writes.
func Declare(p *checkpoint.Plan, c Config) {
	for _, w := range c.weights() {
		p.Unused(Prefix+w.from, w.shape...)
	}
}

// DeclareConverted names the tensors of a file that Convert wrote.
func DeclareConverted(p *checkpoint.Plan, c Config) {
	for _, w := range c.weights() {
		p.Unused(w.to, w.shape...)
	}
}
