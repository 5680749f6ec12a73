package cosyvoice

import (
	"encoding/json"
	"fmt"
)

// HiFTConfig holds the dimensions of the vocoder, named as in its config.json.
type HiFTConfig struct {
	Mel           int     `json:"in_channels"`
	Channels      int     `json:"base_channels"`
	Harmonics     int     `json:"nb_harmonics"` // beside the fundamental
	Rate          int     `json:"sampling_rate"`
	Sine          float64 `json:"nsf_alpha"`            // amplitude of a harmonic
	Breath        float64 `json:"nsf_sigma"`            // of the noise where there is voice
	Voiced        float64 `json:"nsf_voiced_threshold"` // Hz
	Slope         float64 `json:"lrelu_slope"`
	Limit         float64 `json:"audio_limit"`
	PitchChannels int     `json:"f0_cond_channels"`
	Upsampling            // the network between
	Fourier       Fourier `json:"istft_params"`
}

// Upsampling holds the dimensions of the network from mel frames to short-time spectra.
type Upsampling struct {
	Rates           []int   `json:"upsample_rates"`
	Kernels         []int   `json:"upsample_kernel_sizes"`
	Blocks          []int   `json:"resblock_kernel_sizes"`
	Dilations       [][]int `json:"resblock_dilation_sizes"`
	SourceBlocks    []int   `json:"source_resblock_kernel_sizes"`
	SourceDilations [][]int `json:"source_resblock_dilation_sizes"`
}

// Fourier holds the dimensions of the short-time Fourier transform, in samples.
type Fourier struct {
	Size int `json:"n_fft"`
	Hop  int `json:"hop_len"`
}

// DefaultHiFT returns the dimensions of CosyVoice2-0.5B's vocoder.
func DefaultHiFT() HiFTConfig {
	three := func() [][]int { return [][]int{{1, 3, 5}, {1, 3, 5}, {1, 3, 5}} } // a config is read into these
	return HiFTConfig{
		Mel: 80, Channels: 512, Harmonics: 8, Rate: 24000, Sine: 0.1, Breath: 0.003, Voiced: 10, Slope: 0.1, Limit: 0.99,
		PitchChannels: 512, Fourier: Fourier{Size: 16, Hop: 4},
		Upsampling: Upsampling{
			Rates: []int{8, 5, 3}, Kernels: []int{16, 11, 7}, Blocks: []int{3, 7, 11}, Dilations: three(),
			SourceBlocks: []int{7, 7, 11}, SourceDilations: three(),
		},
	}
}

// ParseHiFT reads config.json. What it does not say is as in CosyVoice2-0.5B.
func ParseHiFT(data []byte) (HiFTConfig, error) {
	c := DefaultHiFT()
	if err := json.Unmarshal(data, &c); err != nil {
		return c, fmt.Errorf("read vocoder config: %w", err)
	}
	return c, c.Check()
}

// Samples returns how many samples a mel frame gives, for a config that Check accepts.
func (c HiFTConfig) Samples() int {
	n := c.Fourier.Hop
	for _, r := range c.Rates {
		n *= r
	}
	return n
}

// Check tells what is impossible in c.
func (c HiFTConfig) Check() error {
	for _, f := range []struct {
		name            string
		value, min, max int
	}{
		{"in_channels", c.Mel, 1, 1024},
		{"base_channels", c.Channels, 1, maxWidth},
		{"nb_harmonics", c.Harmonics, 0, 255},
		{"sampling_rate", c.Rate, 1000, 192000},
		{"f0_cond_channels", c.PitchChannels, 1, maxWidth},
		{"upsample_rates", len(c.Rates), 1, 8},
		{"resblock_kernel_sizes", len(c.Blocks), 1, 16},
		{"istft_params.n_fft", c.Fourier.Size, 4, 4096},
		{"istft_params.hop_len", c.Fourier.Hop, 1, c.Fourier.Size},
	} {
		if f.value < f.min || f.value > f.max {
			return fmt.Errorf("vocoder config: %s is or has %d, want %d to %d", f.name, f.value, f.min, f.max)
		}
	}
	for name, v := range map[string]float64{"nsf_alpha": c.Sine, "nsf_sigma": c.Breath, "lrelu_slope": c.Slope, "audio_limit": c.Limit} {
		if !(v >= 0 && v <= 1000) {
			return fmt.Errorf("vocoder config: %s is %v", name, v)
		}
	}
	if c.Fourier.Size%2 != 0 || !(c.Voiced >= 0 && c.Voiced < 1e6) {
		return fmt.Errorf("vocoder config: n_fft is %d, nsf_voiced_threshold %v", c.Fourier.Size, c.Voiced)
	}
	return c.checkLevels()
}

// checkLevels looks at the numbers of each level.
func (c HiFTConfig) checkLevels() error {
	n := len(c.Rates)
	if len(c.Kernels) != n || len(c.SourceBlocks) != n || len(c.SourceDilations) != n || len(c.Dilations) != len(c.Blocks) {
		return fmt.Errorf("vocoder config: %d rates need as many kernels, source kernels and source dilations; %d kernels of blocks as many dilations", n, len(c.Blocks))
	}
	samples := c.Fourier.Hop
	for i, r := range c.Rates {
		k := c.Kernels[i]
		if r < 1 || r > 256 || k < r || k > 1024 || (k-r)%2 != 0 {
			return fmt.Errorf("vocoder config: rate %d with kernel %d: want a kernel of the rate and an even number more", r, k)
		}
		if samples *= r; samples > 1<<16 || c.Channels>>(i+1) < 1 {
			return fmt.Errorf("vocoder config: more than %d samples a frame, or no channel left", 1<<16)
		}
	}
	for _, list := range []struct {
		kernels   []int
		dilations [][]int
	}{{c.Blocks, c.Dilations}, {c.SourceBlocks, c.SourceDilations}} {
		for i, k := range list.kernels {
			if k < 1 || k > 255 || k%2 == 0 || len(list.dilations[i]) < 1 || len(list.dilations[i]) > 16 {
				return fmt.Errorf("vocoder config: a block with kernel %d and dilations %v", k, list.dilations[i])
			}
			for _, d := range list.dilations[i] {
				if d < 1 || d > 255 {
					return fmt.Errorf("vocoder config: a dilation of %d", d)
				}
			}
		}
	}
	return nil
}
