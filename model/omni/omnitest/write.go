package omnitest

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"omnilive/model/checkpoint"
)

// Config is the config.json of the 8B, as far as networks are configured by it.
const Config = `{
 "architectures": ["HCXVisionV2ForCausalLM"], "model_type": "vlm", "torch_dtype": "float32", "hidden_size": 4096,
 "mm_projector_type": "linear", "audio_projector_type": "mlp", "video_audio_compressor_type": "mambamia",
 "video_max_num_frames": 120,
 "img_start_id": 128062, "image_token_id": 128062, "video_start_id": 128063, "video_token_id": 128063,
 "discrete_image_start_id": 128069, "discrete_image_token_id": 128069,
 "video_audio_start_id": 128070, "video_audio_token_id": 128070, "audio_start_id": 128071, "audio_token_id": 128071,
 "discrete_audio_start_id": 128074, "discrete_audio_token_id": 128074,
 "discrete_audio_unit_0_id": 128606, "discrete_image_unit_0_id": 135168, "end_token_id": 128001, "eos_token_id": 128001,
 "text_config": {"model_type": "llama", "vocab_size": 200704, "hidden_size": 4096, "intermediate_size": 12288,
  "num_hidden_layers": 36, "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "hidden_act": "silu",
  "rms_norm_eps": 1e-6, "rope_theta": 5000000, "rope_scaling": null, "max_position_embeddings": 8192,
  "attention_bias": false, "mlp_bias": false, "tie_word_embeddings": false},
 "vision_config": {"model_type": "qwen2_5_vl", "depth": 32, "hidden_size": 1280, "num_heads": 16,
  "intermediate_size": 3456, "out_hidden_size": 5120, "patch_size": 14, "temporal_patch_size": 2,
  "spatial_merge_size": 2, "window_size": 112, "fullatt_block_indexes": [7, 15, 23, 31], "tokens_per_second": 2,
  "hidden_act": "silu", "in_channels": 3},
 "audio_config": {"model_type": "qwen2_audio_encoder", "d_model": 1280, "encoder_layers": 32,
  "encoder_attention_heads": 20, "encoder_ffn_dim": 5120, "num_mel_bins": 128, "max_source_positions": 1500,
  "activation_function": "gelu", "scale_embedding": false},
 "discrete_vision_config": {"model_type": "ta_tok"}, "discrete_audio_config": {"model_type": "cosyvoice2"}
}
`

// Write makes the folder dir a checkpoint of these tensors, all zeros, in so many shards, with Config.
func Write(dir string, tensors []checkpoint.Tensor, shards int) error {
	where := map[string]string{}
	total := int64(0)
	for i := range shards {
		part := tensors[len(tensors)*i/shards : len(tensors)*(i+1)/shards]
		name := fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, shards)
		for _, t := range part {
			where[t.Name] = name
			total += t.Bytes()
		}
		if err := sparse(filepath.Join(dir, name), part); err != nil {
			return err
		}
	}
	index, err := json.Marshal(map[string]any{"metadata": map[string]int64{"total_size": total}, "weight_map": where})
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "model.safetensors.index.json"), index, 0o600),
		os.WriteFile(filepath.Join(dir, "config.json"), []byte(Config), 0o600),
	)
}

// sparse writes the header of a safetensors file and lets nothing follow it.
func sparse(path string, tensors []checkpoint.Tensor) error {
	header, at := map[string]any{"__metadata__": map[string]string{"format": "pt"}}, int64(0)
	for _, t := range tensors {
		header[t.Name] = map[string]any{"dtype": "F32", "shape": t.Shape, "data_offsets": []int64{at, at + t.Bytes()}}
		at += t.Bytes()
	}
	text, err := json.Marshal(header)
	if err != nil {
		return err
	}
	text = append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return err
	}
	return os.Truncate(path, int64(len(text))+at)
}
