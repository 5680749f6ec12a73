package torch

import (
	"errors"
	"fmt"

	"omnilive/model/gguf"
)

// maxElements bounds one storage, maxTensors the number of storages and of tensors, maxDims the dimensions of a tensor.
const (
	maxElements = 1 << 34
	maxTensors  = 1 << 16
	maxDims     = 8
)

// A kind is what a storage holds: the type of its elements, and the bytes of one.
type kind struct {
	t     gguf.Type
	width int64
}

// kinds are the storages that may occur; unsigned numbers and truth values pass as 8-bit numbers.
var kinds = map[global]kind{
	"torch.FloatStorage":    {gguf.F32, 4},
	"torch.HalfStorage":     {gguf.F16, 2},
	"torch.BFloat16Storage": {gguf.BF16, 2},
	"torch.DoubleStorage":   {gguf.F64, 8},
	"torch.LongStorage":     {gguf.I64, 8},
	"torch.IntStorage":      {gguf.I32, 4},
	"torch.ShortStorage":    {gguf.I16, 2},
	"torch.CharStorage":     {gguf.I8, 1},
	"torch.ByteStorage":     {gguf.I8, 1},
	"torch.BoolStorage":     {gguf.I8, 1},
}

// A storage is a run of numbers in the file, and view a tensor in one.
type (
	storage struct {
		key   string
		kind  kind
		count int64 // elements
		at    int64 // byte of the file where it begins, once placed
		there bool
	}
	view struct {
		storage *storage
		offset  int64
		shape   []int64
		stride  []int64
	}
)

// count is the number of elements of a view, once it is sure to lie inside its storage.
func (v *view) count() (int64, error) {
	n, last := int64(1), v.offset
	for i, s := range v.shape {
		if s < 1 || n > maxElements/s || v.stride[i] < 0 || v.stride[i] > maxElements || s > 1 && v.stride[i] > maxElements/(s-1) {
			return 0, fmt.Errorf("shape %v with stride %v is out of range", v.shape, v.stride)
		}
		n *= s
		if last += (s - 1) * v.stride[i]; last > maxElements {
			return 0, fmt.Errorf("shape %v with stride %v is out of range", v.shape, v.stride)
		}
	}
	if last >= v.storage.count || n > v.storage.count {
		return 0, fmt.Errorf("shape %v with stride %v leaves its storage of %d", v.shape, v.stride, v.storage.count)
	}
	if !v.storage.there {
		return 0, fmt.Errorf("storage %s is missing", v.storage.key)
	}
	return n, nil
}

// plain tells whether the elements of a view lie side by side in their order.
func (v *view) plain() bool {
	step := int64(1)
	for i := len(v.shape) - 1; i >= 0; i-- {
		if v.shape[i] != 1 && v.stride[i] != step {
			return false
		}
		step *= v.shape[i]
	}
	return true
}

// place returns where in the storage the i-th element of the view lies.
func (v *view) place(i int64) int64 {
	at := v.offset
	for d := len(v.shape) - 1; d >= 0; d-- {
		at += i % v.shape[d] * v.stride[d]
		i /= v.shape[d]
	}
	return at
}

// found fixes where a storage lies, in a file of size bytes.
func (s *storage) found(at, size int64) error {
	if bytes := s.count * s.kind.width; at < 0 || at > size || bytes > size-at {
		return errors.New("the file ends too early")
	}
	s.at, s.there = at, true
	return nil
}
