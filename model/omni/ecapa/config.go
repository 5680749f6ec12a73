package ecapa

import (
	"encoding/json"
	"errors"
	"fmt"

	"omnilive/model/mel"
	"omnilive/model/torch"
)

// Config is the part of the vocoder's config.json that is about its speaker encoder.
type Config struct {
	Mels      int      `json:"num_mels"`
	Transform int      `json:"n_fft"`
	Window    int      `json:"win_size"`
	Hop       int      `json:"hop_size"`
	Rate      int      `json:"sampling_rate"`
	Low       float64  `json:"fmin"`
	High      *float64 `json:"fmax"` // null is half the rate
	Hidden    int      `json:"spk_hidden_dim"`
	Speaker   int      `json:"spk_emb_dim"` // length of the vector
	Global    bool     `json:"global_context_att"`
}

// Parse reads a config.json, with or without # comments. What it leaves out is as in the published checkpoint.
func Parse(text []byte) (c Config, err error) {
	if err = json.Unmarshal(torch.Uncommented(text), &c); err == nil {
		err = c.check()
	}
	if err != nil {
		return Config{}, fmt.Errorf("config of the speaker encoder: %w", err)
	}
	return c, nil
}

// UnmarshalJSON fills in what text leaves out. It does not check, which Parse and Declare do.
func (c *Config) UnmarshalJSON(text []byte) error {
	type plain Config
	high := 8000.0
	p := plain{Mels: 100, Transform: 1024, Window: 1024, Hop: 256, Rate: 24000, High: &high, Hidden: 512, Speaker: 256}
	if err := json.Unmarshal(text, &p); err != nil {
		return err
	}
	*c = Config(p)
	return nil
}

const (
	maxChannels = 1 << 13
	maxWindow   = 1 << 16
	maxRate     = 1 << 18
)

func (c Config) check() error {
	var wrong []error
	within := func(name string, v, low, high int) {
		if v < low || v > high {
			wrong = append(wrong, fmt.Errorf("%s is %d, want %d to %d", name, v, low, high))
		}
	}
	within("num_mels", c.Mels, 1, maxChannels)
	within("n_fft", c.Transform, 2, maxWindow)
	within("hop_size", c.Hop, 1, c.Transform)
	within("sampling_rate", c.Rate, 2*highPass+1, maxRate)
	within("spk_hidden_dim", c.Hidden, 1, maxChannels)
	within("spk_emb_dim", c.Speaker, 1, maxChannels)
	if c.Window != c.Transform {
		wrong = append(wrong, fmt.Errorf("win_size is %d and n_fft %d: only equal ones are known", c.Window, c.Transform))
	}
	if c.Global {
		wrong = append(wrong, errors.New("global_context_att is true: that variant is not known here"))
	}
	if high := c.front().High; !(high <= float64(c.Rate)/2) {
		wrong = append(wrong, fmt.Errorf("fmax is %v Hz of a sound of %d samples a second", high, c.Rate))
	}
	if len(wrong) == 0 {
		_, err := mel.New(c.front())
		wrong = append(wrong, err)
	}
	return errors.Join(wrong...)
}

// front is the spectrogram that the network reads.
func (c Config) front() mel.Options {
	high := float64(c.Rate) / 2
	if c.High != nil {
		high = *c.High
	}
	return mel.Vocoder(c.Rate, c.Transform, c.Hop, c.Mels, c.Low, high)
}
