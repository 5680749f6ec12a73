package cosyvoice

import (
	"encoding/json"
	"fmt"
)

// Limits that no released network comes near; they keep a hostile config from asking for memory.
const (
	maxWidth  = 1 << 14
	maxLayers = 256
	maxUnits  = 1 << 20
	maxSteps  = 1000
)

// FlowConfig holds the dimensions of the flow network, named as in its config.json.
type FlowConfig struct {
	Input      int             `json:"input_size"`    // channels of the embedded units
	Mel        int             `json:"output_size"`   // bands of a mel frame
	Speaker    int             `json:"spk_embed_dim"` // elements of a speaker vector
	Vocabulary int             `json:"vocab_size"`
	Ratio      int             `json:"token_mel_ratio"` // mel frames of a unit
	Lookahead  int             `json:"pre_lookahead_len"`
	Encoder    EncoderConfig   `json:"encoder"`
	Estimator  EstimatorConfig `json:"estimator"`
	Matching   MatchingConfig  `json:"cfm"`
}

// EncoderConfig holds the dimensions of the two conformer stacks.
type EncoderConfig struct {
	Width    int `json:"output_size"`
	Heads    int `json:"attention_heads"`
	Hidden   int `json:"linear_units"`
	Blocks   int `json:"num_blocks"`
	UpBlocks int `json:"num_up_blocks"`     // 4 in the reference class
	Chunk    int `json:"static_chunk_size"` // units that see each other when streaming
}

// EstimatorConfig holds the dimensions of the network that tells the velocity.
type EstimatorConfig struct {
	In        int    `json:"in_channels"` // four times the mel bands
	Out       int    `json:"out_channels"`
	Channels  []int  `json:"channels"` // one width: there is no level of another frame rate
	Head      int    `json:"attention_head_dim"`
	Blocks    int    `json:"n_blocks"`
	MidBlocks int    `json:"num_mid_blocks"`
	Heads     int    `json:"num_heads"`
	Act       string `json:"act_fn"`
	Chunk     int    `json:"static_chunk_size"` // mel frames that see each other when streaming
	Time      int    `json:"time_embed_dim"`
}

// MatchingConfig says how the velocity is followed.
type MatchingConfig struct {
	Scheduler string  `json:"t_scheduler"` // cosine, or linear
	Guidance  float64 `json:"inference_cfg_rate"`
	Steps     int     `json:"n_timesteps"`
}

// DefaultFlow returns the dimensions of CosyVoice2-0.5B.
func DefaultFlow() FlowConfig {
	return FlowConfig{
		Input: 512, Mel: 80, Speaker: 192, Vocabulary: 6561, Ratio: 2, Lookahead: 3,
		Encoder: EncoderConfig{Width: 512, Heads: 8, Hidden: 2048, Blocks: 6, UpBlocks: 4, Chunk: 25},
		Estimator: EstimatorConfig{
			In: 320, Out: 80, Channels: []int{256}, Head: 64, Blocks: 4, MidBlocks: 12, Heads: 8, Act: "gelu", Chunk: 50, Time: 1024,
		},
		Matching: MatchingConfig{Scheduler: "cosine", Guidance: 0.7, Steps: 10},
	}
}

// ParseFlow reads config.json. What it does not say is as in CosyVoice2-0.5B.
func ParseFlow(data []byte) (FlowConfig, error) {
	c := DefaultFlow()
	if err := json.Unmarshal(data, &c); err != nil {
		return c, fmt.Errorf("read flow config: %w", err)
	}
	return c, c.Check()
}

// Check tells what is impossible in c.
func (c FlowConfig) Check() error {
	for _, f := range []struct {
		name       string
		value, max int
	}{
		{"input_size", c.Input, maxWidth},
		{"output_size", c.Mel, 1024},
		{"spk_embed_dim", c.Speaker, maxWidth},
		{"vocab_size", c.Vocabulary, maxUnits},
		{"pre_lookahead_len", c.Lookahead, 64},
		{"token_mel_ratio", c.Ratio, 16},
		{"encoder.output_size", c.Encoder.Width, maxWidth},
		{"encoder.attention_heads", c.Encoder.Heads, 256},
		{"encoder.linear_units", c.Encoder.Hidden, 8 * maxWidth},
		{"encoder.num_blocks", c.Encoder.Blocks, maxLayers},
		{"encoder.num_up_blocks", c.Encoder.UpBlocks, maxLayers},
		{"encoder.static_chunk_size", c.Encoder.Chunk, 1024},
		{"estimator.attention_head_dim", c.Estimator.Head, 1024},
		{"estimator.n_blocks", c.Estimator.Blocks, 64},
		{"estimator.num_mid_blocks", c.Estimator.MidBlocks, 64},
		{"estimator.num_heads", c.Estimator.Heads, 256},
		{"estimator.time_embed_dim", c.Estimator.Time, 8 * maxWidth},
		{"cfm.n_timesteps", c.Matching.Steps, maxSteps},
	} {
		if f.value < 1 || f.value > f.max {
			return fmt.Errorf("flow config: %s is %d, want 1 to %d", f.name, f.value, f.max)
		}
	}
	return c.consistent()
}

// consistent tells what of c, each number possible by itself, does not go together.
func (c FlowConfig) consistent() error {
	e, s := c.Encoder, c.Estimator
	switch {
	case len(s.Channels) != 1 || s.Channels[0] < 1 || s.Channels[0] > maxWidth:
		return fmt.Errorf("flow config: estimator.channels is %v, want one width of 1 to %d", s.Channels, maxWidth)
	case s.In != 4*c.Mel || s.Out != c.Mel:
		return fmt.Errorf("flow config: the estimator has %d and %d channels, want %d and %d for %d mel bands", s.In, s.Out, 4*c.Mel, c.Mel, c.Mel)
	case s.Act != "gelu":
		return fmt.Errorf("flow config: estimator.act_fn is %q, only gelu is known", s.Act)
	case s.In%2 != 0 || s.In < 4:
		return fmt.Errorf("flow config: estimator.in_channels is %d, want an even number from 4 on", s.In)
	case e.Width%e.Heads != 0 || e.Width%2 != 0:
		return fmt.Errorf("flow config: %d channels do not divide among %d heads, or are odd", e.Width, e.Heads)
	case s.Chunk != e.Chunk*c.Ratio:
		return fmt.Errorf("flow config: a chunk of %d units and one of %d frames do not match at %d frames a unit", e.Chunk, s.Chunk, c.Ratio)
	case c.Matching.Scheduler != "cosine" && c.Matching.Scheduler != "linear":
		return fmt.Errorf("flow config: cfm.t_scheduler is %q, want cosine or linear", c.Matching.Scheduler)
	case !(c.Matching.Guidance >= 0 && c.Matching.Guidance <= 100):
		return fmt.Errorf("flow config: cfm.inference_cfg_rate is %v, want 0 to 100", c.Matching.Guidance)
	case c.Input != e.Width && c.Input > maxWidth:
		return fmt.Errorf("flow config: input_size is %d", c.Input)
	}
	return nil
}
