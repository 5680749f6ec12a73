package ggml

/*
#include "calls.h"
static void widen_f16(const void *src, float *dst, int64_t n) { CALL(ggml_fp16_to_fp32_row)(src, dst, n); }
static void widen_bf16(const void *src, float *dst, int64_t n) { CALL(ggml_bf16_to_fp32_row)(src, dst, n); }
static size_t narrow(int type, const float *src, void *dst, int64_t rows, int64_t width) {
	return CALL(ggml_quantize_chunk)(type, src, dst, 0, rows, width, NULL);
}
*/
import "C"

import (
	"fmt"
	"unsafe"

	"omnilive/model/gguf"
)

// LoadStore reads tensors of f into a Store. as says how each one is to be kept: its own type, or F32, F16, BF16 or
// Q8_0 made from F32, F16 or BF16; nil keeps all as they are.
func LoadStore(f *gguf.File, tensors []gguf.Tensor, as func(gguf.Tensor) Type) (*Store, error) {
	specs := make([]Spec, len(tensors))
	for i, t := range tensors {
		specs[i] = Spec{Name: t.Name, Type: t.Type, Shape: t.Shape}
		if as != nil {
			specs[i].Type = as(t)
		}
	}
	s, err := NewStore(specs)
	if err != nil {
		return nil, fmt.Errorf("load weights: %w", err)
	}
	for i, t := range tensors {
		if err := s.load(f, t, specs[i].Type); err != nil {
			s.Close()
			return nil, fmt.Errorf("load weights: %w", err)
		}
	}
	return s, nil
}

func (s *Store) load(f *gguf.File, t gguf.Tensor, as Type) error {
	dst := s.data[t.Name]
	if as == t.Type {
		return f.ReadTensor(t, dst)
	}
	src := make([]byte, t.Size)
	if err := f.ReadTensor(t, src); err != nil {
		return err
	}
	if err := Convert(dst, as, src, t.Type, t.Shape[0]); err != nil {
		return fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	return nil
}

// Convert turns rows of width elements from one type into another: F32, F16 or BF16 into those and Q8_0.
// Load must have been called.
func Convert(dst []byte, to Type, src []byte, from Type, width int64) error {
	if err := bind(); err != nil {
		return err
	}
	row, err1 := from.Size([]int64{width})
	out, err2 := to.Size([]int64{width})
	if err1 != nil || err2 != nil {
		return fmt.Errorf("rows of %d elements cannot go from %v to %v", width, from, to)
	}
	rows := int64(len(src)) / row
	if rows == 0 || rows*row != int64(len(src)) || rows*out != int64(len(dst)) {
		return fmt.Errorf("%d bytes of %v do not make %d bytes of %v", len(src), from, len(dst), to)
	}
	n := rows * width
	wide := make([]float32, n)
	switch from {
	case F32:
		copy(unsafe.Slice((*byte)(unsafe.Pointer(&wide[0])), 4*n), src)
	case F16:
		C.widen_f16(unsafe.Pointer(&src[0]), (*C.float)(&wide[0]), C.int64_t(n))
	case BF16:
		C.widen_bf16(unsafe.Pointer(&src[0]), (*C.float)(&wide[0]), C.int64_t(n))
	default:
		return fmt.Errorf("cannot convert from %v", from)
	}
	switch to {
	case F32, F16, BF16, Q8_0:
		C.narrow(C.int(to), (*C.float)(&wide[0]), unsafe.Pointer(&dst[0]), C.int64_t(rows), C.int64_t(width))
		return nil
	}
	return fmt.Errorf("cannot convert to %v", to)
}
