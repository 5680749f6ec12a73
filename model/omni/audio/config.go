package audio

import (
	"errors"
	"fmt"
)

// A Config is what config.json says of the encoder and its projector.
type Config struct {
	Audio     Shape  `json:"audio_config"`
	Projector string `json:"audio_projector_type"`
	Text      struct {
		Width int `json:"hidden_size"`
	} `json:"text_config"`
}

// A Shape is the encoder's own part.
type Shape struct {
	Width      int    `json:"d_model"`
	Layers     int    `json:"encoder_layers"`
	Heads      int    `json:"encoder_attention_heads"`
	Inner      int    `json:"encoder_ffn_dim"`
	Bands      int    `json:"num_mel_bins"`
	Positions  int    `json:"max_source_positions"` // states of a whole piece, before time is halved
	Activation string `json:"activation_function"`
}

// check refuses what no network can be.
func (c Config) check() error {
	s := c.Audio
	for _, f := range []struct {
		name  string
		value int
		most  int
	}{
		{"audio_config.d_model", s.Width, 1 << 14},
		{"audio_config.encoder_layers", s.Layers, 256},
		{"audio_config.encoder_attention_heads", s.Heads, 256},
		{"audio_config.encoder_ffn_dim", s.Inner, 1 << 16},
		{"audio_config.num_mel_bins", s.Bands, window},
		{"audio_config.max_source_positions", s.Positions, 1 << 15},
		{"text_config.hidden_size", c.Text.Width, 1 << 16},
	} {
		if f.value < 1 || f.value > f.most {
			return fmt.Errorf("%s is %d, want 1 to %d", f.name, f.value, f.most)
		}
	}
	if s.Width%s.Heads != 0 {
		return fmt.Errorf("audio_config: %d heads do not share a width of %d", s.Heads, s.Width)
	}
	if s.Positions < 2 {
		return errors.New("audio_config.max_source_positions is 1, want at least 2")
	}
	if s.Activation != "" && s.Activation != "gelu" {
		return fmt.Errorf("audio_config.activation_function is %q, want gelu", s.Activation)
	}
	if c.Projector != "" && c.Projector != "mlp" {
		return fmt.Errorf("audio_projector_type is %q, want mlp", c.Projector)
	}
	return nil
}

// The spectrogram: windows of 25 ms every 10 ms at 16 kHz. Whisper's convolutions halve the rate of its frames, pooling does so again.
const (
	window = 400
	hop    = 160
	halves = 2
)

// PieceSamples returns the samples of a whole piece.
func (c Config) PieceSamples() int { return c.Audio.Positions * halves * hop }

// Lengths tells what becomes of samples of sound: for each piece the frames that hear it, the states of them, and the rows.
func (c Config) Lengths(samples int) (frames, states, rows []int) {
	for whole := c.PieceSamples(); samples > 0; samples -= whole {
		f, s, r := lengths(min(samples, whole))
		frames, states, rows = append(frames, f), append(states, s), append(rows, r)
	}
	return frames, states, rows
}

// Rows returns how many rows so many samples give.
func (c Config) Rows(samples int) int {
	whole := c.PieceSamples()
	_, _, full := lengths(whole)
	_, _, rest := lengths(samples % whole)
	return samples/whole*full + rest
}

// lengths are those of one piece. A piece of one or two frames has a state, and no row: the reference rounds its divisions
// down, (1 - 2)/2 to -1.
func lengths(samples int) (frames, states, rows int) {
	if samples <= 0 {
		return 0, 0, 0
	}
	frames = (samples + hop - 1) / hop
	states = (frames-1)/2 + 1
	return frames, states, states / 2
}
