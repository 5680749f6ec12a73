package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"omnilive/model/gguf"
)

// The 8B's language model.
const (
	vocabulary, width, inner = 200704, 4096, 12288
	heads, keyHeads, size    = 32, 8, 128
)

// makeModel writes the language model's shape with random blocks of Q4_0, norms of one.
func makeModel(path string, layers int) error {
	matrix := func(name string, in, out int64) gguf.Tensor {
		return gguf.Tensor{Name: name, Type: gguf.Q4_0, Shape: []int64{in, out}}
	}
	norm := func(name string) gguf.Tensor { return gguf.Tensor{Name: name, Type: gguf.F32, Shape: []int64{width}} }
	tensors := []gguf.Tensor{matrix("token_embd.weight", width, vocabulary)}
	for i := range layers {
		b := fmt.Sprintf("blk.%d.", i)
		tensors = append(tensors, norm(b+"attn_norm.weight"), matrix(b+"attn_q.weight", width, heads*size),
			matrix(b+"attn_k.weight", width, keyHeads*size), matrix(b+"attn_v.weight", width, keyHeads*size),
			matrix(b+"attn_output.weight", heads*size, width), norm(b+"ffn_norm.weight"), matrix(b+"ffn_gate.weight", width, inner),
			matrix(b+"ffn_up.weight", width, inner), matrix(b+"ffn_down.weight", inner, width))
	}
	tensors = append(tensors, norm("output_norm.weight"), matrix("output.weight", width, vocabulary))
	w, err := gguf.Create(path, []gguf.Value{
		{Key: "general.architecture", Data: "llama"},
		{Key: "llama.block_count", Data: uint32(layers)},
		{Key: "llama.context_length", Data: uint32(32768)},
		{Key: "llama.embedding_length", Data: uint32(width)},
		{Key: "llama.feed_forward_length", Data: uint32(inner)},
		{Key: "llama.attention.head_count", Data: uint32(heads)},
		{Key: "llama.attention.head_count_kv", Data: uint32(keyHeads)},
		{Key: "llama.rope.freq_base", Data: float32(5e6)},
		{Key: "llama.attention.layer_norm_rms_epsilon", Data: float32(1e-6)},
		{Key: "llama.vocab_size", Data: uint32(vocabulary)},
		{Key: "tokenizer.ggml.model", Data: "no_vocab"},
	}, tensors)
	if err != nil {
		return err
	}
	defer w.Abort()
	r := rand.NewChaCha8([32]byte{1})
	for _, t := range tensors {
		if err := fill(w, t, r); err != nil {
			return err
		}
	}
	return w.Commit()
}

// fill writes a tensor: ones, or blocks of a small scale and 32 random numbers of 4 bits.
func fill(w *gguf.Writer, t gguf.Tensor, r *rand.ChaCha8) error {
	total, err := t.Type.Size(t.Shape)
	if err != nil {
		return err
	}
	if t.Type == gguf.F32 {
		b := make([]byte, 0, total)
		for range total / 4 {
			b = binary.LittleEndian.AppendUint32(b, 0x3f800000)
		}
		return w.WriteTensor(t.Name, b)
	}
	const block, piece = 18, 18 << 18
	for done := int64(0); done < total; {
		b := make([]byte, min(piece, total-done))
		_, _ = r.Read(b)
		for i := 0; i < len(b); i += block {
			b[i], b[i+1] = 0x1f, 0x16 // 0.0015
		}
		done += int64(len(b))
		if err := w.WritePart(t.Name, b, done == total); err != nil {
			return err
		}
	}
	return nil
}
