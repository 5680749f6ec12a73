package imagedecoder

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// golden is a small decoder with the reference's layout; package verify compares what it gives.
const golden = "../verify/testdata/image_decoder_patchify/decoder/vision"

// change copies golden's configurations with one of them changed, and returns the folder.
func change(t *testing.T, file, old, new string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(golden)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, file)
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), old) {
		t.Fatalf("%s has no %q (%v)", file, old, err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), old, new, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestReadConfig(t *testing.T) {
	c, err := ReadConfig(golden)
	if err != nil {
		t.Fatal(err)
	}
	if c.Weak != nil || !c.Main.Patchify || c.Main.Hidden != 64 || c.Embedder.Vocabulary != 512 || c.VAE.factor() != 8 || c.Scheduler.shift() != 1.0 {
		t.Errorf("read %+v", c)
	}
}

func TestReadConfigRefuses(t *testing.T) {
	for _, c := range []struct{ file, old, new, wrong string }{
		{"model_index.json", "{", "[", "model_index.json"},
		{"model_index.json", `"transformer2": [
    null,
    null`, `"transformer2": ["pipeline", "VisionTransformer"`, "transformer2"},
		{"transformer/config.json", `"hidden_size": 64`, `"hidden_size": 1e9`, "hidden_size"},
		{"transformer/config.json", `"hidden_size": 64`, `"hidden_size": 1000000`, "hidden_size"},
		{"transformer/config.json", `"hidden_size": 64`, `"hidden_size": -64`, "hidden_size"},
		{"transformer/config.json", `"num_heads": 4`, `"num_heads": 0`, "num_heads"},
		{"transformer/config.json", `"num_heads": 4`, `"num_heads": 3`, "axes_dim"},
		{"transformer/config.json", `"mlp_ratio": 4.0`, `"mlp_ratio": 1e300`, "mlp_ratio"},
		{"transformer/config.json", `"mlp_ratio": 4.0`, `"mlp_ratio": -1`, "mlp_ratio"},
		{"transformer/config.json", `"depth": 0`, `"depth": 19`, "double-stream"},
		{"transformer/config.json", `"depth_single_blocks": 3`, `"depth_single_blocks": 100000000`, "depth_single_blocks"},
		{"transformer/config.json", `"depth_single_blocks": 3`, `"depth_single_blocks": 0`, "depth_single_blocks"},
		{"transformer/config.json", `"guidance_embed": false`, `"guidance_embed": true`, "guidance_embed"},
		{"transformer/config.json", `"theta": 10000`, `"theta": 0`, "theta"},
		{"transformer/config.json", `"use_patchify": true`, `"use_patchify": false`, "use_patchify is false"},
		{"transformer/config.json", `"vec_in_dim": 24`, `"vec_in_dim": 25`, "units are vectors of 24"},
		{"transformer/config.json", `"axes_dim": [
    4`, `"axes_dim": [
    3`, "axes_dim"},
		{"token_embedder/config.json", `"token_length": 729`, `"token_length": 730`, "square"},
		{"token_embedder/config.json", `"vocab_size": 512`, `"vocab_size": 99999999999`, "vocab_size"},
		{"vae/config.json", `"block_out_channels": [`, `"block_out_channels": [0,`, "groups"},
		{"vae/config.json", `"block_out_channels": [`, `"block_out_channels": [4,4,4,4,4,4,`, "block_out_channels"},
		{"vae/config.json", `"norm_num_groups": 4`, `"norm_num_groups": 0`, "norm_num_groups"},
		{"vae/config.json", `"norm_num_groups": 4`, `"norm_num_groups": 3`, "groups"},
		{"vae/config.json", `"scaling_factor": 0.3611`, `"scaling_factor": 0`, "scaling_factor"},
		{"vae/config.json", `"layers_per_block": 2`, `"layers_per_block": 100000`, "layers_per_block"},
		{"vae/config.json", `"act_fn": "silu"`, `"act_fn": "relu"`, "act_fn"},
		{"vae/config.json", `"UpDecoderBlock2D"`, `"AttnUpDecoderBlock2D"`, "UpDecoderBlock2D"},
		{"scheduler/scheduler_config.json", `"use_dynamic_shifting": false`, `"use_dynamic_shifting": true`, "use_dynamic_shifting"},
		{"scheduler/scheduler_config.json", `"shift": 1.0`, `"shift": -1`, "shift"},
		{"scheduler/scheduler_config.json", `"num_train_timesteps": 1000`, `"num_train_timesteps": 0`, "num_train_timesteps"},
		{"scheduler/scheduler_config.json", `FlowMatchEulerDiscreteScheduler`, `DDPMScheduler`, "FlowMatchEulerDiscreteScheduler"},
	} {
		_, err := ReadConfig(change(t, c.file, c.old, c.new))
		if err == nil || !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s with %s: %v", c.file, c.new, err)
		}
	}
	if _, err := ReadConfig(t.TempDir()); err == nil || !strings.Contains(err.Error(), "model_index.json") || !strings.Contains(err.Error(), "scheduler_config.json") {
		t.Errorf("an empty folder: %v", err)
	}
}

func FuzzConfig(f *testing.F) {
	for _, name := range []string{"transformer", "vae", "token_embedder"} {
		text, err := os.ReadFile(filepath.Join(golden, name, "config.json"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c := defaults()
		for _, to := range []any{&c.Main, &c.VAE, &c.Embedder, &c.Scheduler} {
			if json.Unmarshal(text, to) != nil {
				return
			}
		}
		if c.check() == nil && (c.Main.inner() > maxInner || c.Main.head()*c.Main.Heads != c.Main.Hidden || c.VAE.factor() > 32) {
			t.Errorf("accepted %+v", c)
		}
	})
}
