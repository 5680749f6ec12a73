package ggml

// #include "calls.h"
import "C"

import (
	"fmt"

	"omnilive/model/gguf"
)

// A Type is how elements are stored.
type Type = gguf.Type

// The types that graphs work in.
const (
	F32  = gguf.F32
	F16  = gguf.F16
	BF16 = gguf.BF16
	Q8_0 = gguf.Q8_0
	I32  = gguf.I32
)

// A Tensor is a handle on a tensor of a Graph or a Store: shape and strides are kept here too, so that they can be
// checked before ggml sees them. The zero Tensor is what an operation returns after a mistake.
type Tensor struct {
	p  C.ptr
	t  Type
	ne [4]int64 // elements, the first dimension running fastest
	nb [4]int64 // bytes from one element (for nb[0]: one block) to the next along each dimension
}

// Type returns how t is stored.
func (t Tensor) Type() Type { return t.t }

// Dim returns the length of dimension i, 1 beyond the last.
func (t Tensor) Dim(i int) int64 { return t.ne[i] }

// Elements returns how many elements t has.
func (t Tensor) Elements() int64 { return t.ne[0] * t.ne[1] * t.ne[2] * t.ne[3] }

// String is the type and the dimensions, as in f16[80 3 512 1].
func (t Tensor) String() string { return fmt.Sprintf("%v%v", t.t, t.ne) }

// contiguous tells whether the elements lie in order without holes.
func (t Tensor) contiguous() bool {
	nb := strides(t.t, t.ne)
	for i := range nb {
		if t.ne[i] != 1 && t.nb[i] != nb[i] {
			return false
		}
	}
	return true
}

// rows tells whether each row's elements lie side by side.
func (t Tensor) rows() bool { return t.nb[0] == strides(t.t, t.ne)[0] }

// span returns the bytes from the first element to the end of the last.
func (t Tensor) span() int64 {
	row, _ := t.t.Size([]int64{t.ne[0]})
	if !t.rows() {
		row = t.nb[0]*(t.ne[0]-1) + strides(t.t, t.ne)[0]
	}
	for i := 1; i < 4; i++ {
		row += t.nb[i] * (t.ne[i] - 1)
	}
	return row
}

// strides are those of a contiguous tensor; the type is known and the shape was checked.
func strides(t Type, ne [4]int64) [4]int64 {
	block := int64(1)
	if _, err := t.Size([]int64{1}); err != nil {
		block = 32
		if _, err := t.Size([]int64{32}); err != nil {
			block = 256
		}
	}
	unit, _ := t.Size([]int64{block})
	nb := [4]int64{unit, unit * (ne[0] / block)}
	nb[2] = nb[1] * ne[1]
	nb[3] = nb[2] * ne[2]
	return nb
}

// shape fills up dims with ones and checks the whole.
func shape(t Type, dims []int64) ([4]int64, error) {
	ne := [4]int64{1, 1, 1, 1}
	if _, err := t.Size(dims); err != nil {
		return ne, err
	}
	copy(ne[:], dims)
	return ne, nil
}
