package language

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Prefix is what the names of the component begin with.
const Prefix = "model.language_model."

// Config is the text_config of a checkpoint.
type Config struct {
	Type          string          `json:"model_type"`
	Vocabulary    int64           `json:"vocab_size"`
	Width         int64           `json:"hidden_size"`
	Inner         int64           `json:"intermediate_size"`
	Layers        int64           `json:"num_hidden_layers"`
	Heads         int64           `json:"num_attention_heads"`
	KeyHeads      int64           `json:"num_key_value_heads"`
	HeadSize      int64           `json:"head_dim"`
	Epsilon       float64         `json:"rms_norm_eps"`
	Theta         float64         `json:"rope_theta"`
	Positions     int64           `json:"max_position_embeddings"`
	Tied          bool            `json:"tie_word_embeddings"`
	AttentionBias bool            `json:"attention_bias"`
	MLPBias       bool            `json:"mlp_bias"`
	Scaling       json.RawMessage `json:"rope_scaling"`
}

// ParseConfig reads text_config out of a checkpoint's config.json and refuses what this package does not compute.
func ParseConfig(text []byte) (Config, error) {
	var whole struct {
		Text *Config `json:"text_config"`
	}
	if err := json.Unmarshal(text, &whole); err != nil {
		return Config{}, fmt.Errorf("read config: %w", err)
	}
	if whole.Text == nil {
		return Config{}, errors.New("read config: no text_config")
	}
	c := *whole.Text
	if c.KeyHeads == 0 {
		c.KeyHeads = c.Heads
	}
	if c.HeadSize == 0 && c.Heads > 0 {
		c.HeadSize = c.Width / c.Heads
	}
	return c, c.check()
}

// check compares every number with what a real model can have, before anything is made of it.
func (c Config) check() error {
	for _, n := range []struct {
		name        string
		value, most int64
	}{
		{"vocab_size", c.Vocabulary, 1 << 22},
		{"hidden_size", c.Width, 1 << 16},
		{"intermediate_size", c.Inner, 1 << 18},
		{"num_hidden_layers", c.Layers, 512},
		{"num_attention_heads", c.Heads, 1 << 10},
		{"num_key_value_heads", c.KeyHeads, 1 << 10},
		{"head_dim", c.HeadSize, 1 << 10},
		{"max_position_embeddings", c.Positions, 1 << 24},
	} {
		if n.value < 1 || n.value > n.most {
			return fmt.Errorf("read config: text_config: %s is %d, want 1 to %d", n.name, n.value, n.most)
		}
	}
	switch {
	case c.Type != "llama":
		return fmt.Errorf("read config: text_config: model_type %.40q, want llama", c.Type)
	case c.Heads%c.KeyHeads != 0:
		return fmt.Errorf("read config: text_config: %d heads do not share %d key heads", c.Heads, c.KeyHeads)
	case c.HeadSize%2 != 0:
		return fmt.Errorf("read config: text_config: head_dim %d is odd", c.HeadSize)
	case c.AttentionBias || c.MLPBias:
		return errors.New("read config: text_config: biases, which this model family does not have")
	case len(c.Scaling) > 0 && string(c.Scaling) != "null":
		return errors.New("read config: text_config: rope_scaling, which this model family does not have")
	case c.Epsilon <= 0 || c.Epsilon > 1 || c.Theta < 1 || c.Theta > 1e12:
		return fmt.Errorf("read config: text_config: rms_norm_eps %v, rope_theta %v", c.Epsilon, c.Theta)
	}
	return nil
}
