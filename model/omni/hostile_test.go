package omni

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"omnilive/model/omni/prompt"
	"omnilive/model/tokenizer"
)

// golden is a whole checkpoint, as it would be published.
const golden = "verify/testdata/omni-whole"

// linked makes a folder whose files are links to golden's, as downloads from a hub are, but for config.json.
func linked(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	from, err := filepath.Abs(golden)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.IsDir() && e.Name() != "config.json" {
			if err := os.Symlink(filepath.Join(from, e.Name()), filepath.Join(dir, e.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// dimensions are the keys of config.json that no network can do without a sensible number in.
var dimensions = []string{
	"vocab_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim",
	"rms_norm_eps", "rope_theta", "max_position_embeddings", "depth", "num_heads", "out_hidden_size", "patch_size",
	"temporal_patch_size", "spatial_merge_size", "window_size", "d_model", "encoder_layers", "encoder_attention_heads",
	"encoder_ffn_dim", "num_mel_bins", "max_source_positions", "bottleneck_dim", "codebook_size", "n_audio_state",
	"n_audio_head", "n_audio_layer", "image_size", "layer_norm_eps",
}

// numbers lists where the numbers of a JSON value lie.
func numbers(v any, path []string) (all [][]string) {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			all = append(all, numbers(e, append(slices.Clone(path), k))...)
		}
	case float64:
		all = append(all, path)
	}
	return all
}

// with returns the JSON text with another value at path.
func with(t *testing.T, text []byte, path []string, value any) []byte {
	t.Helper()
	var whole map[string]any
	if err := json.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	at := whole
	for _, k := range path[:len(path)-1] {
		at = at[k].(map[string]any)
	}
	at[path[len(path)-1]] = value
	out, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Every number of a config may be anything: that is told, and costs nothing.
func TestImpossibleConfigs(t *testing.T) {
	dir := linked(t)
	text, err := os.ReadFile(filepath.Join(golden, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	words, err := tokenizer.Open(filepath.Join(golden, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	var whole any
	if err := json.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	refused := 0
	for _, path := range numbers(whole, nil) {
		key := path[len(path)-1]
		for _, value := range []any{-1, 0, 1e18, -1e18, 1 << 31, "7", nil, 1e300, 0.5, []int{1}, map[string]int{"a": 1}} {
			name := fmt.Sprintf("%s = %v", strings.Join(path, "."), value)
			if err := os.WriteFile(filepath.Join(dir, "config.json"), with(t, text, path, value), 0o600); err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := look(dir, words)
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; n > 64<<20 {
				t.Errorf("%s: %d MB were taken (%v)", name, n>>20, err)
			}
			if err != nil {
				refused++
			}
			read := slices.Contains(dimensions, key) && strings.Join(path, ".") != "audio_config.num_hidden_layers"
			absurd := value != nil && value != 0 && value != 0.5 && !(key == "rope_theta" && value == 1<<31)
			if err == nil && read && absurd {
				t.Errorf("%s is taken", name)
			}
		}
	}
	if refused < 200 {
		t.Errorf("only %d were refused", refused)
	}
}

// look does everything with a folder that is done before weights are loaded.
func look(dir string, words *tokenizer.Tokenizer) error {
	f, err := OpenFolder(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = prompt.NewVocabulary(f.Config.IDs, words)
	return errors.Join(err, f.complete(false))
}

func TestFoldersThatAreNone(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(golden, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	put := func(name, content string) func(string) error {
		return func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600) }
	}
	config := put("config.json", string(text))
	for _, c := range []struct {
		name string
		make []func(dir string) error
		want string
	}{
		{"nothing", nil, "config.json"},
		{"no weights", []func(string) error{config}, "model.safetensors.index.json"},
		{"config is a folder", []func(string) error{func(dir string) error { return os.Mkdir(filepath.Join(dir, "config.json"), 0o700) }}, "config.json"},
		{"config is a device", []func(string) error{func(dir string) error { return os.Symlink("/dev/zero", filepath.Join(dir, "config.json")) }}, "config.json"},
		{"config links to itself", []func(string) error{func(dir string) error { return os.Symlink("config.json", filepath.Join(dir, "config.json")) }}, "symbolic links"},
		{"config is empty", []func(string) error{put("config.json", "")}, "config"},
		{"config is a list", []func(string) error{put("config.json", "[]")}, "config"},
		{"config is deep", []func(string) error{put("config.json", strings.Repeat(`{"a":`, 100000))}, "config"},
		{"another model", []func(string) error{put("config.json", `{"model_type":"llama"}`)}, "text_config"},
		{"index leads out", []func(string) error{config, put("model.safetensors.index.json", `{"weight_map":{"a":"../a.safetensors"}}`)}, "not the name"},
		{"index leads to the root", []func(string) error{config, put("model.safetensors.index.json", `{"weight_map":{"a":"/etc/passwd"}}`)}, "not the name"},
		{"index names itself", []func(string) error{config, put("model.safetensors.index.json", `{"weight_map":{"a":"model.safetensors.index.json"}}`)}, "not the name"},
		{"index without shards", []func(string) error{config, put("model.safetensors.index.json", `{"weight_map":{"a":"a.safetensors"}}`)}, "a.safetensors"},
		{"index links to itself", []func(string) error{config, func(dir string) error {
			return os.Symlink("model.safetensors.index.json", filepath.Join(dir, "model.safetensors.index.json"))
		}}, "symbolic links"},
		{"manifest of nothing", []func(string) error{config, put(ManifestFile, `{"version":1}`)}, "no files"},
		{"manifest of another time", []func(string) error{config, put(ManifestFile, `{"version":9,"files":[{"name":"config.json"}]}`)}, "version 9"},
		{"manifest leads out", []func(string) error{config, put(ManifestFile, `{"version":1,"files":[{"name":"../../etc/passwd","size":1}]}`)}, "does not lie"},
		{"manifest is cut", []func(string) error{config, put(ManifestFile, `{"version":1,"fi`)}, ManifestFile},
		{"unfinished", []func(string) error{config, put(UnfinishedFile, "{}")}, "not finished"},
	} {
		dir := t.TempDir()
		for _, m := range c.make {
			if err := m(dir); err != nil {
				t.Fatal(err)
			}
		}
		f, err := OpenFolder(dir)
		if err == nil {
			f.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", c.name, err, c.want)
		}
	}
}

func TestWithoutTokenizer(t *testing.T) {
	dir := linked(t)
	text, err := os.ReadFile(filepath.Join(golden, "config.json"))
	if err == nil {
		err = errors.Join(os.WriteFile(filepath.Join(dir, "config.json"), text, 0o600), os.Remove(filepath.Join(dir, "tokenizer.json")))
	}
	if err != nil {
		t.Fatal(err)
	}
	f, err := OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Vocabulary(); err == nil || !strings.Contains(err.Error(), "tokenizer.json") {
		t.Errorf("got %v", err)
	}
}

func FuzzConfig(f *testing.F) {
	text, err := os.ReadFile(filepath.Join(golden, "config.json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(bytes.ReplaceAll(text, []byte("48"), []byte("-48")))
	f.Add([]byte(`{"text_config":{}}`))
	src, err := OpenFolder(golden)
	if err != nil {
		f.Fatal(err)
	}
	defer src.Close()
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		var c Config
		if c.parse(dir, text) != nil {
			return
		}
		folder := &Folder{Dir: golden, Config: c, Text: text, Source: src.Source}
		folder.Declare().Err()
	})
}
