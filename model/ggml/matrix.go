package ggml

// #include "kernels.h"
import "C"

import (
	"fmt"
	"unsafe"

	"omnilive/model/gguf"
)

// A Matrix is a weight [in, out] in the order Linear reads it: f16 in panels of outputs. The kernels compute in f32, about
// 100 GFLOP/s a thread with AVX-512 where ggml's own products with f16 weights reached 15 to 20.
type Matrix struct {
	data    []byte // f16 panels
	plain   Tensor // or, where data is nil, the matrix [in, out] as it is
	in, out int64
}

// PlainMatrix returns t[in, out] as a matrix that Linear multiplies with by ggml's own operations.
func PlainMatrix(t Tensor) Matrix { return Matrix{plain: t, in: t.ne[0], out: t.ne[1]} }

// Tensor returns the matrix as a tensor, the zero one where it is packed for this package's kernels.
func (m Matrix) Tensor() Tensor { return m.plain }

// In returns the inputs, Out the outputs.
func (m Matrix) In() int64 { return m.in }

// Out returns the outputs.
func (m Matrix) Out() int64 { return m.out }

// Row puts the weights of output i, as f32, into dst, which has In elements.
func (m Matrix) Row(i int64, dst []float32) error {
	if i < 0 || i >= m.out || int64(len(dst)) != m.in {
		return fmt.Errorf("row %d of a matrix of %d rows into %d values of %d", i, m.out, len(dst), m.in)
	}
	panel := int64(C.kernels_panel())
	all := unsafe.Slice((*uint16)(unsafe.Pointer(&m.data[0])), len(m.data)/2)
	at := i/panel*panel*m.in + i%panel
	for j := range dst {
		dst[j] = gguf.Float16(all[at+int64(j)*panel])
	}
	return nil
}

// Matrices are weights read out of a GGUF file for Linear.
type Matrices struct {
	whole []byte
	named map[string]Matrix
}

// LoadMatrices reads the tensors of f that are called so, all f16 [in, out].
func LoadMatrices(f *gguf.File, names []string) (*Matrices, error) {
	panel := int64(C.kernels_panel())
	total := int64(storeAlign)
	for _, name := range names {
		t, err := f.Tensor(name)
		if err != nil {
			return nil, fmt.Errorf("load matrices: %w", err)
		}
		if t.Type != F16 || len(t.Shape) != 2 || t.Shape[0] > 1<<24 || t.Shape[1] > 1<<24 {
			return nil, fmt.Errorf("load matrices: tensor %q is %v%v", name, t.Type, t.Shape)
		}
		total += packed(t, panel)
	}
	data, whole, err := mapPages(int(total))
	if err != nil {
		return nil, fmt.Errorf("load matrices: %w", err)
	}
	m := &Matrices{whole: whole, named: make(map[string]Matrix, len(names))}
	for _, name := range names {
		t, _ := f.Tensor(name)
		n := packed(t, panel)
		src := make([]byte, t.Size)
		if err := f.ReadTensor(t, src); err != nil {
			m.Close()
			return nil, fmt.Errorf("load matrices: %w", err)
		}
		C.kernels_pack((*C.uint16_t)(unsafe.Pointer(&src[0])), C.int(t.Shape[1]), C.int(t.Shape[0]), (*C.uint16_t)(unsafe.Pointer(&data[0])))
		m.named[name] = Matrix{data: data[:n], in: t.Shape[0], out: t.Shape[1]}
		data = data[n:]
	}
	return m, nil
}

// packed returns the bytes of t in panels.
func packed(t gguf.Tensor, panel int64) int64 {
	return (t.Shape[1] + panel - 1) / panel * panel * t.Shape[0] * 2
}

// Matrix returns the one called name, which must have this shape.
func (m *Matrices) Matrix(name string, in, out int) (Matrix, error) {
	x, ok := m.named[name]
	if !ok {
		return x, fmt.Errorf("no matrix %q", name)
	}
	if x.in != int64(in) || x.out != int64(out) {
		return x, fmt.Errorf("matrix %q has shape [%d %d], want [%d %d]", name, x.in, x.out, in, out)
	}
	return x, nil
}

// Close frees the matrices. It is safe to call it twice.
func (m *Matrices) Close() {
	if m.whole != nil {
		unmapPages(m.whole)
	}
	m.whole, m.named = nil, nil
}
