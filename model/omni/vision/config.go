package vision

import (
	"errors"
	"fmt"
	"slices"
)

// Config is what config.json of a checkpoint says of vision_model and mm_projector.
type Config struct {
	Tower     Tower  `json:"vision_config"`
	Hidden    int    `json:"hidden_size"` // of the language model, where text_config does not say
	Projector string `json:"mm_projector_type"`
	Text      struct {
		Hidden int `json:"hidden_size"`
	} `json:"text_config"`

	// SkipMLPBlocks are blocks that end after their attention. The published remote code does so in the blocks with full
	// attention where weights are not float16; all other implementations do not, and nor does this one by default.
	SkipMLPBlocks []int `json:"skip_mlp_blocks"`
}

// Tower is the vision_config: sizes of the transformer. What is 0 or absent is as in Qwen2.5-VL where a comment says so.
type Tower struct {
	Depth      int    `json:"depth"`
	Hidden     int    `json:"hidden_size"`
	Heads      int    `json:"num_heads"`
	MLP        int    `json:"intermediate_size"`
	Out        int    `json:"out_hidden_size"`
	Patch      int    `json:"patch_size"`          // 14
	Temporal   int    `json:"temporal_patch_size"` // 2
	Merge      int    `json:"spatial_merge_size"`  // 2
	Window     int    `json:"window_size"`         // 112 pixels
	Full       []int  `json:"fullatt_block_indexes"`
	Activation string `json:"hidden_act"`  // silu
	Channels   int    `json:"in_channels"` // 3
}

const (
	eps      = 1e-6  // of every norm of the tower
	theta    = 10000 // of the rotary embedding
	channels = 3
)

// withDefaults fills in what configs leave out.
func (t Tower) withDefaults() Tower {
	for v, usual := range map[*int]int{&t.Patch: 14, &t.Temporal: 2, &t.Merge: 2, &t.Window: 112, &t.Channels: channels} {
		if *v == 0 {
			*v = usual
		}
	}
	if t.Activation == "" {
		t.Activation = "silu"
	}
	return t
}

// Check tells everything that is impossible in c.
func (c Config) Check() error {
	t := c.Tower.withDefaults()
	var wrong []error
	fail := func(format string, a ...any) { wrong = append(wrong, fmt.Errorf("vision_config: "+format, a...)) }
	limit := func(name string, v, most int) {
		if v < 1 || v > most {
			fail("%s is %d, want 1 to %d", name, v, most)
		}
	}
	limit("depth", t.Depth, 512)
	limit("hidden_size", t.Hidden, 1<<14)
	limit("num_heads", t.Heads, 1<<10)
	limit("intermediate_size", t.MLP, 1<<16)
	limit("out_hidden_size", t.Out, 1<<16)
	limit("patch_size", t.Patch, 128)
	limit("temporal_patch_size", t.Temporal, 16)
	limit("spatial_merge_size", t.Merge, 16)
	limit("window_size", t.Window, 1<<14)
	limit("text_config.hidden_size", c.width(), 1<<16)
	if len(wrong) > 0 {
		return errors.Join(wrong...)
	}
	switch {
	case t.Hidden%t.Heads != 0:
		fail("hidden_size %d is no multiple of %d heads", t.Hidden, t.Heads)
	case t.Hidden/t.Heads%4 != 0:
		fail("heads of %d: the rotary embedding in two dimensions wants a multiple of 4", t.Hidden/t.Heads)
	case t.Window < t.Patch*t.Merge:
		fail("window_size %d is less than one merged cell of %d pixels", t.Window, t.Patch*t.Merge)
	}
	if t.Channels != channels {
		fail("in_channels is %d, only %d are known", t.Channels, channels)
	}
	if t.Activation != "silu" {
		fail("hidden_act is %q, only silu is known", t.Activation)
	}
	if c.Projector != "" && c.Projector != "linear" {
		fail("mm_projector_type is %q, only linear is known", c.Projector)
	}
	for _, i := range slices.Concat(t.Full, c.SkipMLPBlocks) {
		if i < 0 {
			fail("block %d in fullatt_block_indexes or skip_mlp_blocks", i)
		}
	}
	return errors.Join(wrong...)
}

// width is that of the language model's embeddings.
func (c Config) width() int {
	if c.Text.Hidden != 0 {
		return c.Text.Hidden
	}
	return c.Hidden
}

// patch is how many values a patch has.
func (t Tower) patch() int { return channels * t.Temporal * t.Patch * t.Patch }

// cell is how many patches become one embedding.
func (t Tower) cell() int { return t.Merge * t.Merge }
