package checkpoint

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"omnilive/model/gguf"
	"omnilive/model/safetensors"
)

// A Tensor is one named array of numbers.
type Tensor struct {
	Name  string
	Type  gguf.Type
	Shape []int64 // PyTorch's order: the last dimension runs fastest; empty for a single number
}

// Elements returns how many numbers t holds.
func (t Tensor) Elements() int64 {
	n := int64(1)
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Bytes returns the bytes that t takes, 0 where it holds nothing.
func (t Tensor) Bytes() int64 {
	n := t.Elements()
	if n == 0 {
		return 0
	}
	row := int64(1)
	if len(t.Shape) > 0 {
		row = t.Shape[len(t.Shape)-1]
	}
	size, err := t.Type.Size([]int64{row})
	if err != nil { // the blocks of a quantised row may span the last dimensions
		size, _ = t.Type.Size([]int64{n})
		return size
	}
	return size * (n / row)
}

// String is the type and the shape, as in f32[80 3 512].
func (t Tensor) String() string { return fmt.Sprintf("%v%v", t.Type, t.Shape) }

// A Source holds named tensors.
type Source interface {
	Tensors() []Tensor                         // all of them, in a stable order
	Lookup(name string) (Tensor, bool)         // one of them
	Read(t Tensor, at int64, dst []byte) error // fills dst with t's little-endian bytes from byte at on
	Close() error                              // nothing may be read afterwards
}

// Open opens a .safetensors or .gguf file, or a folder that holds a checkpoint: model.safetensors.index.json and its
// shards, or else a single model.safetensors, weights.safetensors or diffusion_pytorch_model.safetensors, or else the GGUF
// files in it that convert made of components (one that libllama loads is not among them).
func Open(path string) (Source, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open checkpoint: %w", err)
	}
	if st.IsDir() {
		return openFolder(path)
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".safetensors":
		return openFile(path)
	case ".gguf":
		return openGGUF(path)
	}
	return nil, fmt.Errorf("open checkpoint %s: neither .safetensors nor .gguf nor a folder", path)
}

// typeOf are the types of safetensors by GGUF's numbers; BOOL and U8 pass as 8-bit numbers.
var typeOf = map[string]gguf.Type{
	"F32": gguf.F32, "F16": gguf.F16, "BF16": gguf.BF16, "F64": gguf.F64, "I32": gguf.I32, "U32": gguf.I32,
	"I64": gguf.I64, "U64": gguf.I64, "I16": gguf.I16, "U16": gguf.I16, "I8": gguf.I8, "U8": gguf.I8, "BOOL": gguf.I8,
}

// A file is a Source of one safetensors file.
type file struct{ f *safetensors.File }

func openFile(path string) (Source, error) {
	f, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	for _, t := range f.Tensors {
		if _, ok := typeOf[t.Type]; !ok {
			f.Close()
			return nil, fmt.Errorf("open checkpoint %s: tensor %q is of type %s, which is not read here", path, t.Name, t.Type)
		}
	}
	return file{f}, nil
}

func describe(t safetensors.Tensor) Tensor {
	return Tensor{Name: t.Name, Type: typeOf[t.Type], Shape: t.Shape}
}

func (s file) Tensors() []Tensor {
	all := make([]Tensor, len(s.f.Tensors))
	for i, t := range s.f.Tensors {
		all[i] = describe(t)
	}
	slices.SortFunc(all, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func (s file) Lookup(name string) (Tensor, bool) {
	t, ok := s.f.Lookup(name)
	return describe(t), ok
}

func (s file) Read(t Tensor, at int64, dst []byte) error {
	in, ok := s.f.Lookup(t.Name)
	if !ok {
		return fmt.Errorf("no tensor %q", t.Name)
	}
	return s.f.ReadTensor(in, at, dst)
}

func (s file) Close() error { return s.f.Close() }

var errNoWeights = errors.New("no model.safetensors.index.json, no model.safetensors, weights.safetensors or diffusion_pytorch_model.safetensors in it, " +
	"and no .gguf that omnilive convert made: name the folder that the whole checkpoint was downloaded into")
