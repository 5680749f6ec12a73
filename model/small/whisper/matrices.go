package whisper

import (
	"fmt"
	"strings"
	"unsafe"

	"omnilive/model/ggml"
	"omnilive/model/gguf"
)

// kind is how a matrix is kept. The convolutions are small and the first to be wrong: they stay as they are.
func (o Options) kind(name string) ggml.Type {
	if o.Compact && !strings.HasPrefix(name, "encoder.conv") {
		return ggml.Q8_0
	}
	return ggml.F16
}

// packedRows is how many rows of a matrix are converted at a time.
const packedRows = 64

// loadMatrices reads tensors of f, all f16 [in, out], and keeps them as kind says.
func loadMatrices(f *gguf.File, tensors []gguf.Tensor, kind func(name string) ggml.Type) (*ggml.Matrices, error) {
	specs := make([]ggml.MatrixSpec, len(tensors))
	for i, t := range tensors {
		if len(t.Shape) != 2 {
			return nil, fmt.Errorf("matrix %q has shape %v", t.Name, t.Shape)
		}
		specs[i] = ggml.MatrixSpec{Name: t.Name, Type: kind(t.Name), In: t.Shape[0], Out: t.Shape[1]}
	}
	m, err := ggml.NewMatrices(specs)
	if err != nil {
		return nil, err
	}
	for _, t := range tensors {
		if err := loadMatrix(m, f, t); err != nil {
			m.Close()
			return nil, fmt.Errorf("matrix %q: %w", t.Name, err)
		}
	}
	return m, nil
}

func loadMatrix(m *ggml.Matrices, f *gguf.File, t gguf.Tensor) error {
	src := make([]byte, t.Size)
	if err := f.ReadTensor(t, src); err != nil {
		return err
	}
	p, err := m.Packer(t.Name)
	if err != nil {
		return err
	}
	in, out := t.Shape[0], t.Shape[1]
	rows := make([]float32, packedRows*in)
	for at := int64(0); at < out; at += packedRows {
		n := in * min(packedRows, out-at)
		bytes := unsafe.Slice((*byte)(unsafe.Pointer(&rows[0])), 4*n)
		if err := ggml.Convert(bytes, ggml.F32, src[2*at*in:2*(at*in+n)], ggml.F16, in); err != nil {
			return err
		}
		if err := p.Write(rows[:n]); err != nil {
			return err
		}
	}
	return p.Close()
}
