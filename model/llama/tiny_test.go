package llama

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// The tiny model: one block of random weights and no vocabulary, enough to try everything but words.
const (
	tinyVocab   = 320
	tinyWidth   = 64
	tinyContext = 512
)

// tiny writes the tiny model and loads it; it needs libllama but no downloaded model.
func tiny(t testing.TB) *Model {
	t.Helper()
	openLibrarySet(t)
	path := filepath.Join(t.TempDir(), "tiny.gguf")
	if err := os.WriteFile(path, tinyGGUF(), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := LoadModel(path, ModelOptions{NoMmap: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// tinyGGUF is the file, by the GGUF specification, version 3.
func tinyGGUF() []byte {
	const hidden = 2 * tinyWidth
	tensors := []struct {
		name string
		dims []uint64
	}{
		{"token_embd.weight", []uint64{tinyWidth, tinyVocab}},
		{"output.weight", []uint64{tinyWidth, tinyVocab}},
		{"output_norm.weight", []uint64{tinyWidth}},
		{"blk.0.attn_norm.weight", []uint64{tinyWidth}},
		{"blk.0.attn_q.weight", []uint64{tinyWidth, tinyWidth}},
		{"blk.0.attn_k.weight", []uint64{tinyWidth, tinyWidth}},
		{"blk.0.attn_v.weight", []uint64{tinyWidth, tinyWidth}},
		{"blk.0.attn_output.weight", []uint64{tinyWidth, tinyWidth}},
		{"blk.0.ffn_norm.weight", []uint64{tinyWidth}},
		{"blk.0.ffn_gate.weight", []uint64{tinyWidth, hidden}},
		{"blk.0.ffn_up.weight", []uint64{tinyWidth, hidden}},
		{"blk.0.ffn_down.weight", []uint64{hidden, tinyWidth}},
	}
	keys := []struct {
		name  string
		value any
	}{
		{"general.architecture", "llama"},
		{"llama.context_length", uint32(tinyContext)},
		{"llama.embedding_length", uint32(tinyWidth)},
		{"llama.block_count", uint32(1)},
		{"llama.feed_forward_length", uint32(hidden)},
		{"llama.attention.head_count", uint32(2)},
		{"llama.attention.layer_norm_rms_epsilon", float32(1e-5)},
		{"llama.vocab_size", uint32(tinyVocab)},
		{"tokenizer.ggml.model", "no_vocab"},
	}
	var b bytes.Buffer
	put := func(values ...any) {
		for _, v := range values {
			if s, ok := v.(string); ok {
				v = append(binary.LittleEndian.AppendUint64(nil, uint64(len(s))), s...)
			}
			_ = binary.Write(&b, binary.LittleEndian, v)
		}
	}
	b.WriteString("GGUF")
	put(uint32(3), uint64(len(tensors)), uint64(len(keys)))
	for _, k := range keys {
		kind := uint32(4)
		switch k.value.(type) {
		case string:
			kind = 8
		case float32:
			kind = 6
		}
		put(k.name, kind, k.value)
	}
	offset := uint64(0)
	for _, x := range tensors {
		put(x.name, uint32(len(x.dims)), x.dims, uint32(0), offset)
		offset += 4 * product(x.dims)
	}
	b.Write(make([]byte, (32-b.Len()%32)%32))
	r := rand.New(rand.NewPCG(1, 2))
	for _, x := range tensors {
		for range product(x.dims) {
			put(float32(r.NormFloat64()) / 4)
		}
	}
	return b.Bytes()
}

func product(dims []uint64) uint64 {
	n := uint64(1)
	for _, d := range dims {
		n *= d
	}
	return n
}
