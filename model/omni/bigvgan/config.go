package bigvgan

import (
	"encoding/json"
	"errors"
	"fmt"

	"omnilive/model/torch"
)

// Config is the config.json of the vocoder's archive.
type Config struct {
	Units      int     `json:"num_units"`
	UnitDim    int     `json:"unit_emb_dim"`
	SpeakerDim int     `json:"spk_emb_dim"`
	Speakers   int     `json:"num_spk"` // rows of the speaker table, where the archive has one
	Rates      []int   `json:"upsample_rates"`
	RateTaps   []int   `json:"upsample_kernel_sizes"`
	Channels   int     `json:"upsample_initial_channel"` // halved by every stage
	Block      string  `json:"resblock"`
	BlockTaps  []int   `json:"resblock_kernel_sizes"`
	BlockGaps  [][]int `json:"resblock_dilation_sizes"`
	Activation string  `json:"activation"`
	LogScale   bool    `json:"snake_logscale"`
	Output
}

// Output is the part of a Config that says what comes out, and which variants of the network are meant.
type Output struct {
	Rate      int  `json:"sampling_rate"`
	Causal    bool `json:"causal"`
	FinalBias bool `json:"use_bias_at_final"`
	FinalTanh bool `json:"use_tanh_at_final"`
}

// defaults are those of the published checkpoints, for what a file leaves out.
func defaults() Config {
	return Config{
		Units: 6561, UnitDim: 1280, SpeakerDim: 256, Speakers: 26,
		Rates: []int{5, 4, 4, 3, 2, 2}, RateTaps: []int{10, 8, 8, 6, 4, 4}, Channels: 1536,
		Block: "1", BlockTaps: []int{3, 7, 11}, BlockGaps: [][]int{{1, 3, 5}, {1, 3, 5}, {1, 3, 5}},
		Activation: "snakebeta", LogScale: true, Output: Output{Rate: 24000},
	}
}

// Parse reads a config.json, with or without # comments. What it leaves out is as in the published checkpoints.
func Parse(text []byte) (c Config, err error) {
	if err = json.Unmarshal(torch.Uncommented(text), &c); err == nil {
		err = c.check()
	}
	if err != nil {
		return Config{}, fmt.Errorf("config of the vocoder: %w", err)
	}
	return c, nil
}

// UnmarshalJSON fills in what text leaves out. It does not check, which Parse and Declare do.
func (c *Config) UnmarshalJSON(text []byte) error {
	type plain Config
	p := plain(defaults())
	if err := json.Unmarshal(text, &p); err != nil {
		return err
	}
	*c = Config(p)
	return nil
}

// Limits of a config. The largest published network of this kind has 1536 channels and 6 stages.
const (
	maxUnits    = 1 << 20
	maxDim      = 1 << 14
	maxStages   = 12
	maxBlocks   = 16
	maxRate     = 64
	maxTaps     = 127
	maxGap      = 127
	maxProduct  = 1 << 16 // samples of a unit
	maxSampling = 1 << 20
)

// check returns everything that is impossible in c.
func (c Config) check() error {
	var wrong []error
	within := func(name string, v, low, high int) {
		if v < low || v > high {
			wrong = append(wrong, fmt.Errorf("%s is %d, want %d to %d", name, v, low, high))
		}
	}
	within("num_units", c.Units, 1, maxUnits)
	within("unit_emb_dim", c.UnitDim, 1, maxDim)
	within("spk_emb_dim", c.SpeakerDim, 1, maxDim)
	within("num_spk", c.Speakers, 0, maxUnits)
	within("upsample_initial_channel", c.Channels, 1, maxDim)
	within("sampling_rate", c.Rate, 1, maxSampling)
	within("number of upsample_rates", len(c.Rates), 1, maxStages)
	within("number of resblock_kernel_sizes", len(c.BlockTaps), 1, maxBlocks)
	if c.Block != "1" {
		wrong = append(wrong, fmt.Errorf("resblock is %q, only \"1\" is known", c.Block))
	}
	if c.Activation != "snakebeta" && c.Activation != "snake" {
		wrong = append(wrong, fmt.Errorf("activation is %q, want snakebeta or snake", c.Activation))
	}
	if c.Causal {
		wrong = append(wrong, errors.New("causal is true: that variant is not known here"))
	}
	return errors.Join(append(wrong, c.checkStages(), c.checkBlocks())...)
}

func (c Config) checkStages() error {
	if len(c.RateTaps) != len(c.Rates) {
		return fmt.Errorf("%d upsample_kernel_sizes for %d upsample_rates", len(c.RateTaps), len(c.Rates))
	}
	product, channels := 1, c.Channels
	for i, r := range c.Rates {
		if r < 1 || r > maxRate || product > maxProduct/r {
			return fmt.Errorf("upsample_rates %v are out of range", c.Rates)
		}
		if k := c.RateTaps[i]; k < r || k > 16*maxRate {
			return fmt.Errorf("upsample_kernel_sizes: %d for a rate of %d", k, r)
		}
		if channels%2 != 0 {
			return fmt.Errorf("upsample_initial_channel %d cannot be halved %d times", c.Channels, len(c.Rates))
		}
		product, channels = product*r, channels/2
	}
	return nil
}

func (c Config) checkBlocks() error {
	if len(c.BlockGaps) != len(c.BlockTaps) {
		return fmt.Errorf("%d resblock_dilation_sizes for %d resblock_kernel_sizes", len(c.BlockGaps), len(c.BlockTaps))
	}
	for i, k := range c.BlockTaps {
		if k < 1 || k > maxTaps || k%2 == 0 {
			return fmt.Errorf("resblock_kernel_sizes: %d, want an odd number up to %d", k, maxTaps)
		}
		if n := len(c.BlockGaps[i]); n < 1 || n > maxBlocks {
			return fmt.Errorf("resblock_dilation_sizes: %d in a row", n)
		}
		for _, d := range c.BlockGaps[i] {
			if d < 1 || d > maxGap {
				return fmt.Errorf("resblock_dilation_sizes: %d, want 1 to %d", d, maxGap)
			}
		}
	}
	return nil
}

// Samples returns how many samples a unit becomes.
func (c Config) Samples() int {
	n := 1
	for _, r := range c.Rates {
		n *= r
	}
	return n
}
