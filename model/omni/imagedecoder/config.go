package imagedecoder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const maxConfig = 1 << 20 // bytes of one configuration file

// A Config is what the folder's JSON files say.
type Config struct {
	Embedder  Embedder
	Main      Network
	Weak      *Network // transformer2, for autoguidance; nil where the folder has none
	VAE       VAE
	Scheduler Scheduler
}

// An Embedder is token_embedder/config.json.
type Embedder struct {
	Vocabulary int64 `json:"vocab_size"`
	Width      int64 `json:"embedding_dim"`
	Tokens     int64 `json:"token_length"` // a square number: the units lie on a square grid
}

// A Network is config.json of a transformer.
type Network struct {
	Channels int64   `json:"in_channels"` // values of a position, the condition not counted
	Vector   int64   `json:"vec_in_dim"`
	Context  int64   `json:"context_in_dim"`
	Hidden   int64   `json:"hidden_size"`
	MLPRatio float64 `json:"mlp_ratio"`
	Heads    int64   `json:"num_heads"`
	Double   int64   `json:"depth"`
	Blocks   int64   `json:"depth_single_blocks"`
	Axes     []int64 `json:"axes_dim"` // of the rotary positions: constant, row, column
	Theta    float64 `json:"theta"`
	Guidance bool    `json:"guidance_embed"`
	Patchify bool    `json:"use_patchify"` // a position is 2×2 latent pixels
}

// A VAE is vae/config.json; of it only what the decoder's shape depends on.
type VAE struct {
	Latent        int64    `json:"latent_channels"`
	In            int64    `json:"in_channels"`
	Out           int64    `json:"out_channels"`
	Widths        []int64  `json:"block_out_channels"`
	Layers        int64    `json:"layers_per_block"`
	Groups        int64    `json:"norm_num_groups"`
	Scaling       float64  `json:"scaling_factor"`
	Shift         *float64 `json:"shift_factor"`
	MidAttention  *bool    `json:"mid_block_add_attention"`
	QuantConv     *bool    `json:"use_quant_conv"`
	PostQuantConv *bool    `json:"use_post_quant_conv"`
	Activation    string   `json:"act_fn"`
	UpBlocks      []string `json:"up_block_types"`
}

// A Scheduler is scheduler/scheduler_config.json.
type Scheduler struct {
	Class       string   `json:"_class_name"`
	Train       int64    `json:"num_train_timesteps"`
	Shift       *float64 `json:"shift"`
	Dynamic     bool     `json:"use_dynamic_shifting"`
	Terminal    *float64 `json:"shift_terminal"`
	Karras      bool     `json:"use_karras_sigmas"`
	Exponential bool     `json:"use_exponential_sigmas"`
	Beta        bool     `json:"use_beta_sigmas"`
	Invert      bool     `json:"invert_sigmas"`
}

// ReadConfig reads the configurations of the folder at dir. Its error lists everything that is missing or impossible.
func ReadConfig(dir string) (Config, error) {
	c := defaults()
	var index map[string]any
	errs := []error{
		readJSON(dir, "model_index.json", &index),
		readJSON(dir, "token_embedder/config.json", &c.Embedder),
		readJSON(dir, "transformer/config.json", &c.Main),
		readJSON(dir, "vae/config.json", &c.VAE),
		readJSON(dir, "scheduler/scheduler_config.json", &c.Scheduler),
	}
	if named(index["transformer2"]) {
		weak := network()
		c.Weak = &weak
		errs = append(errs, readJSON(dir, "transformer2/config.json", c.Weak))
	}
	for _, err := range errs {
		if err != nil {
			return c, fmt.Errorf("read the image decoder's configuration in %s: %w", dir, errors.Join(errs...))
		}
	}
	if err := c.check(); err != nil {
		return c, fmt.Errorf("image decoder in %s: %w", dir, err)
	}
	return c, nil
}

// named tells whether a line of model_index.json names a class: [library, class], not [null, null].
func named(line any) bool {
	pair, _ := line.([]any)
	return len(pair) == 2 && pair[1] != nil
}

// readJSON reads one of the folder's files. What it leaves out keeps the value that is there already.
func readJSON(dir, name string, to any) error {
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if len(text) > maxConfig {
		return fmt.Errorf("%s: more than %d bytes", name, maxConfig)
	}
	if err := json.Unmarshal(text, to); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// defaults are those of the classes the files configure.
func defaults() Config {
	return Config{
		Embedder: Embedder{Vocabulary: 65536, Width: 1536, Tokens: 729},
		Main:     network(),
		VAE: VAE{
			Latent: 4, In: 3, Out: 3, Widths: []int64{64}, Layers: 1, Groups: 32, Scaling: 0.18215, Activation: "silu",
		},
		Scheduler: Scheduler{Train: 1000},
	}
}

func network() Network {
	return Network{
		Channels: 16, Vector: 1536, Context: 1536, Hidden: 1920, MLPRatio: 4, Heads: 24, Blocks: 35,
		Axes: []int64{8, 36, 36}, Theta: 10000,
	}
}
