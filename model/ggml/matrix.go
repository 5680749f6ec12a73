package ggml

// #include "kernels.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// A Matrix is a weight [in, out] in the order in which Linear and Convolve read it: f32, f16, bf16 or q8_0 in panels of
// outputs. f32 and f16 are computed in f32; bf16 and q8_0 by the processor's dot products of those where it has them,
// which round the other operand likewise (bytes with a scale for each 32 inputs), else in f32.
type Matrix struct {
	data    []byte // panels
	plain   Tensor // or, where data is nil, the matrix [in, out] as it is
	kind    Type   // of data
	in, out int64
	taps    int64 // of a convolution; the inputs of each tap lie together
}

// PlainMatrix returns t[in, out] as a matrix that Linear multiplies with by ggml's own operations.
func PlainMatrix(t Tensor) Matrix {
	return Matrix{plain: t, kind: t.t, in: t.ne[0], out: t.ne[1], taps: 1}
}

// Tensor returns the matrix as a tensor, the zero one where it is packed for this package's kernels.
func (m Matrix) Tensor() Tensor { return m.plain }

// Type returns how the weights are kept.
func (m Matrix) Type() Type { return m.kind }

// In returns the inputs, those of all taps of a convolution.
func (m Matrix) In() int64 { return m.in }

// Out returns the outputs.
func (m Matrix) Out() int64 { return m.out }

// Row puts the weights of output i of a packed matrix, as f32, into dst, which has In elements.
func (m Matrix) Row(i int64, dst []float32) error {
	if i < 0 || i >= m.out || int64(len(dst)) != m.in || m.data == nil {
		return fmt.Errorf("row %d of a matrix of %d rows into %d values of %d", i, m.out, len(dst), m.in)
	}
	C.kernels_unpack(C.int(m.kind), unsafe.Pointer(&m.data[0]), C.int(i), C.int(m.out), C.int(m.in/m.taps), C.int(m.taps), (*C.float)(&dst[0]))
	return nil
}

// A MatrixSpec is a matrix to make room for.
type MatrixSpec struct {
	Name    string
	Type    Type  // F32, F16, BF16 or Q8_0
	In, Out int64 // In counts the inputs of all taps
	Taps    int64 // of a convolution, the first tap's inputs first; 0 is 1
}

// Most inputs, outputs and bytes of one matrix.
const (
	maxSide   = 1 << 24
	maxMatrix = 1 << 40
)

// matrix returns the matrix of a spec, still without memory, and its bytes.
func (s MatrixSpec) matrix() (Matrix, int64, error) {
	m := Matrix{kind: s.Type, in: s.In, out: s.Out, taps: max(s.Taps, 1)}
	switch s.Type {
	case F32, F16, BF16, Q8_0:
	default:
		return m, 0, fmt.Errorf("matrix %q: cannot be packed as %v", s.Name, s.Type)
	}
	if m.in < 1 || m.out < 1 || m.taps > m.in || m.in > maxSide || m.out > maxSide || m.in%m.taps != 0 || m.in*m.out > maxMatrix/4 {
		return m, 0, fmt.Errorf("matrix %q: %d taps of [%d %d]", s.Name, m.taps, m.in, m.out)
	}
	return m, int64(C.kernels_packed(C.int(m.kind), C.int(m.out), C.int(m.in/m.taps), C.int(m.taps))), nil
}

// Matrices are weights packed for Linear and Convolve, in one stretch of huge pages.
type Matrices struct {
	whole []byte
	named map[string]Matrix
}

// NewMatrices makes room for the matrices of specs, which Packers fill.
func NewMatrices(specs []MatrixSpec) (*Matrices, error) {
	total := int64(storeAlign)
	for _, s := range specs {
		_, n, err := s.matrix()
		if err != nil {
			return nil, err
		}
		if total += roundUp(n, storeAlign); total > maxMatrix {
			return nil, fmt.Errorf("matrices of more than %d bytes", int64(maxMatrix))
		}
	}
	data, whole, err := mapPages(int(total))
	if err != nil {
		return nil, fmt.Errorf("room for %d bytes of matrices: %w", total, err)
	}
	m := &Matrices{whole: whole, named: make(map[string]Matrix, len(specs))}
	for _, s := range specs {
		if _, twice := m.named[s.Name]; twice {
			m.Close()
			return nil, fmt.Errorf("matrix %q: there twice", s.Name)
		}
		x, n, _ := s.matrix()
		x.data = data[:n:n]
		m.named[s.Name], data = x, data[roundUp(n, storeAlign):]
	}
	return m, nil
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

// Size returns the bytes held.
func (m *Matrices) Size() int { return len(m.whole) }

// Close frees the matrices. It is safe to call it twice.
func (m *Matrices) Close() {
	if m.whole != nil {
		unmapPages(m.whole)
	}
	m.whole, m.named = nil, nil
}
