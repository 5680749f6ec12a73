package whisper

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"omnilive/model/gguf"
)

// Architecture is the value of general.architecture in the files Convert writes.
const Architecture = "omnilive-whisper"

// formatVersion counts changes to the layout that Open must know of.
const formatVersion = 1

// ct2Config is what is read of CTranslate2's config.json.
type ct2Config struct {
	AlignmentHeads [][2]int32 `json:"alignment_heads"`
	Suppress       []int32    `json:"suppress_ids"`
	SuppressBegin  []int32    `json:"suppress_ids_begin"`
}

// Convert makes one GGUF file at dst out of a CTranslate2 Whisper model: srcDir holds model.bin, config.json,
// vocabulary.txt and tokenizer.json. Matrices stay f16, the rest becomes f32; the vocabulary, the merges and the
// SHA-256 of model.bin go into the metadata. dst appears only when it is complete. progress, which may be nil, is told
// the bytes of weights done and their total.
func Convert(srcDir, dst string, progress func(done, total int64)) error {
	s, err := openSource(srcDir)
	if err != nil {
		return fmt.Errorf("convert whisper: %w", err)
	}
	parts, err := s.parts()
	if err != nil {
		return fmt.Errorf("convert whisper: %w", err)
	}
	slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(a.name, b.name) })
	specs, total := make([]gguf.Tensor, len(parts)), int64(0)
	for i, p := range parts {
		specs[i] = gguf.Tensor{Name: p.name, Type: p.kind, Shape: p.shape}
		total += int64(len(p.data))
	}
	w, err := gguf.Create(dst, s.metadata(), specs)
	if err != nil {
		return fmt.Errorf("convert whisper: %w", err)
	}
	defer w.Abort()
	done := int64(0)
	for _, p := range parts {
		if err := w.WriteTensor(p.name, p.data); err != nil {
			return fmt.Errorf("convert whisper: %w", err)
		}
		if done += int64(len(p.data)); progress != nil {
			progress(done, total)
		}
	}
	return w.Commit()
}

// A source is a CTranslate2 model in memory.
type source struct {
	vars          map[string]variable
	config        ct2Config
	words, merges []string
	sum           string
}

func openSource(dir string) (*source, error) {
	s := &source{}
	var err error
	model := filepath.Join(dir, "model.bin")
	if s.vars, err = readCT2(model); err != nil {
		return nil, err
	}
	if s.sum, err = sha256File(model); err != nil {
		return nil, err
	}
	if err := readJSON(filepath.Join(dir, "config.json"), &s.config); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(dir, "vocabulary.txt"))
	if err != nil {
		return nil, fmt.Errorf("read vocabulary: %w", err)
	}
	s.words = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	var tokenizer struct {
		Model struct {
			Merges []string `json:"merges"`
		} `json:"model"`
	}
	if err := readJSON(filepath.Join(dir, "tokenizer.json"), &tokenizer); err != nil {
		return nil, err
	}
	s.merges = tokenizer.Model.Merges
	return s, nil
}

func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

func sha256File(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("hash model: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("hash model: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (s *source) metadata() []gguf.Value {
	heads := make([]int32, 0, 2*len(s.config.AlignmentHeads))
	for _, h := range s.config.AlignmentHeads {
		heads = append(heads, h[0], h[1])
	}
	return []gguf.Value{
		{Key: "general.architecture", Data: Architecture},
		{Key: "general.name", Data: "Whisper"},
		{Key: "general.license", Data: "MIT"},
		{Key: "general.source.sha256", Data: s.sum},
		{Key: "whisper.version", Data: uint32(formatVersion)},
		{Key: "whisper.heads", Data: uint32(s.scalar("encoder/num_heads"))},
		{Key: "whisper.encoder.layers", Data: uint32(s.layers("encoder"))},
		{Key: "whisper.decoder.layers", Data: uint32(s.layers("decoder"))},
		{Key: "whisper.alignment_heads", Data: heads},
		{Key: "whisper.suppress", Data: s.config.Suppress},
		{Key: "whisper.suppress_begin", Data: s.config.SuppressBegin},
		{Key: "tokenizer.ggml.model", Data: "gpt2"},
		{Key: "tokenizer.ggml.tokens", Data: s.words},
		{Key: "tokenizer.ggml.merges", Data: s.merges},
	}
}

func (s *source) scalar(name string) int {
	switch v := s.vars[name]; len(v.data) {
	case 1:
		return int(v.data[0])
	case 2:
		return int(binary.LittleEndian.Uint16(v.data))
	}
	return 0
}

func (s *source) layers(side string) int {
	n := 0
	for {
		if _, ok := s.vars[fmt.Sprintf("%s/layer_%d/ffn/linear_0/weight", side, n)]; !ok {
			return n
		}
		n++
	}
}

// A part is one tensor of the GGUF file.
type part struct {
	name  string
	kind  gguf.Type
	shape []int64 // the first dimension runs fastest
	data  []byte
}

// names says what CTranslate2's names become, by their last steps.
var names = strings.NewReplacer(
	"/", ".", "layer_norm/gamma", "norm.weight", "layer_norm/beta", "norm.bias", "layer_", "",
	"embeddings/weight", "embedding", "position_encodings/encodings", "position",
	"self_attention/linear_0", "self.qkv", "self_attention/linear_1", "self.out", "self_attention/", "self.",
	"attention/linear_0", "cross.q", "attention/linear_1", "cross.kv", "attention/linear_2", "cross.out", "attention/", "cross.",
	"ffn/linear_0", "mlp.up", "ffn/linear_1", "mlp.down", "ffn/", "mlp.",
)

// parts renames and rearranges all weights.
func (s *source) parts() ([]part, error) {
	if a := s.scalar("decoder/activation"); a != 3 {
		return nil, fmt.Errorf("activation %d, want 3 (GELU)", a)
	}
	var out []part
	for _, name := range slices.Sorted(maps.Keys(s.vars)) {
		v := s.vars[name]
		switch {
		case len(v.shape) == 0, name == "decoder/projection/weight": // settings; the embedding once more
		case v.kind != ct2Float16:
			return nil, fmt.Errorf("%s is of type %d, want float16", name, v.kind)
		case len(v.shape) == 3 && v.shape[2] == 3:
			out = append(out, convolution(names.Replace(name), v)...)
		case len(v.shape) == 2 && !strings.Contains(name, "position"):
			out = append(out, part{names.Replace(name), gguf.F16, []int64{v.shape[1], v.shape[0]}, v.data})
		case len(v.shape) <= 2:
			shape := slices.Clone(v.shape)
			slices.Reverse(shape)
			out = append(out, part{names.Replace(name), gguf.F32, shape, widen(v.data)})
		default:
			return nil, fmt.Errorf("%s has shape %v", name, v.shape)
		}
	}
	return out, nil
}

// convolution lays the weights [out, in, 3] out as matrices over neighbouring frames, whose channels lie side by side:
// the first convolution as one matrix [out, 3·in]; the second, which steps over two frames, as [out, in] for the frame
// before the pair and [out, 2·in] for the pair.
func convolution(name string, v variable) []part {
	outs, ins := v.shape[0], v.shape[1]
	columns := func(from, to int64) []byte {
		b := make([]byte, 0, outs*ins*(to-from)*2)
		for o := range outs {
			for k := from; k < to; k++ {
				for i := range ins {
					at := 2 * ((o*ins+i)*3 + k)
					b = append(b, v.data[at], v.data[at+1])
				}
			}
		}
		return b
	}
	if strings.HasPrefix(name, "encoder.conv1") {
		return []part{{name, gguf.F16, []int64{3 * ins, outs}, columns(0, 3)}}
	}
	return []part{
		{strings.Replace(name, ".weight", ".before.weight", 1), gguf.F16, []int64{ins, outs}, columns(0, 1)},
		{name, gguf.F16, []int64{2 * ins, outs}, columns(1, 3)},
	}
}

// widen turns f16 into f32.
func widen(b []byte) []byte {
	out := make([]byte, 0, 2*len(b))
	for ; len(b) >= 2; b = b[2:] {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(gguf.Float16(binary.LittleEndian.Uint16(b))))
	}
	return out
}
