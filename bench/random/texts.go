package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"omnilive/model/omni/omnitest"
)

// Ids of the 8B: where its control tokens, units of speech and codes of pictures begin.
const (
	controls, units, codes, all = 128000, 128606, 135168, 200704
)

// copied are the files that are taken as they are.
var copied = []string{"chat_template.jinja", "audio_preprocessor_config.json", "preprocessor_config.json", "generation_config.json", "special_tokens_map.json", "tokenizer_config.json"}

// writeTexts writes everything that is no weight.
func writeTexts(out, like string, layers int) error {
	for _, name := range copied {
		data, err := os.ReadFile(filepath.Join(like, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, name), data, 0o644); err != nil {
			return err
		}
	}
	if err := writeConfig(out, layers); err != nil {
		return err
	}
	return writeTokenizer(out, like)
}

// writeConfig writes the 8B's config with so many layers.
func writeConfig(out string, layers int) error {
	var c map[string]any
	if err := json.Unmarshal([]byte(omnitest.Config), &c); err != nil {
		return err
	}
	part := func(name string) map[string]any { return c[name].(map[string]any) }
	part("text_config")["bos_token_id"], part("text_config")["eos_token_id"] = controls, controls+1
	if layers > 0 {
		part("text_config")["num_hidden_layers"] = min(layers, 36)
		part("audio_config")["encoder_layers"] = min(layers, 32)
		vision := part("vision_config")
		vision["depth"] = min(layers, 32)
		vision["fullatt_block_indexes"] = full(min(layers, 32))
		part("discrete_vision_config")["encoder"] = map[string]any{"num_hidden_layers": min(layers, 27)}
		part("discrete_audio_config")["n_audio_layer"] = min(layers, 6)
	}
	data, err := json.MarshalIndent(c, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "config.json"), data, 0o644)
}

// full are the blocks of the vision encoder with attention over the whole picture: every eighth; the last one where there are fewer.
func full(depth int) (index []int) {
	for i := 7; i < depth; i += 8 {
		index = append(index, i)
	}
	if len(index) == 0 {
		index = []int{depth - 1}
	}
	return index
}

// writeTokenizer moves the control tokens of like's tokenizer to the 8B's ids, fills the ids before them, and adds all codes of pictures.
func writeTokenizer(out, like string) error {
	data, err := os.ReadFile(filepath.Join(like, "tokenizer.json"))
	if err != nil {
		return err
	}
	var t map[string]any
	if err := json.Unmarshal(data, &t); err != nil {
		return fmt.Errorf("tokenizer.json: %w", err)
	}
	added := t["added_tokens"].([]any)
	first := int(added[0].(map[string]any)["id"].(float64))
	var moved []any
	for _, a := range added {
		token := a.(map[string]any)
		id := int(token["id"].(float64)) - first + controls
		if id >= codes {
			break
		}
		token["id"] = id
		moved = append(moved, token)
	}
	for i := range all - codes {
		moved = append(moved, map[string]any{
			"id": codes + i, "content": fmt.Sprintf("<|vision%05d|>", i), "special": true,
			"single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
		})
	}
	t["added_tokens"] = moved
	vocabulary := t["model"].(map[string]any)["vocab"].(map[string]any)
	for id := first; id < controls; id++ {
		vocabulary[fmt.Sprintf("filler%d", id)] = id
	}
	if data, err = json.Marshal(t); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "tokenizer.json"), data, 0o644)
}
