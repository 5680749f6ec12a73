package onnx

import (
	"fmt"
	"math"
	"slices"

	ort "github.com/yalue/onnxruntime_go"
)

// An Element is a number that a Tensor can hold.
type Element interface {
	float32 | int32 | int64 | uint8
}

// A Tensor is a Go slice read as an array of some shape, the last dimension running fastest. It is a view: the slice
// stays the caller's. The zero Tensor stands for an output the library shall allocate.
type Tensor struct {
	shape []int64 // empty: a scalar
	data  any     // []T of an Element
}

// Of reads data as a tensor of the given shape. A length that does not fit is reported by the run that uses it.
func Of[T Element](data []T, shape ...int) Tensor {
	t := Tensor{shape: make([]int64, len(shape)), data: data}
	for i, n := range shape {
		t.shape[i] = int64(n)
	}
	return t
}

// Scalar is a tensor without dimensions.
func Scalar[T Element](v T) Tensor { return Tensor{data: []T{v}} }

// Shape returns a copy of the tensor's shape; a scalar's is empty.
func (t Tensor) Shape() []int {
	s := make([]int, len(t.shape))
	for i, n := range t.shape {
		s[i] = int(n)
	}
	return s
}

// Values returns the slice behind t, not a copy, or an error where t holds another type of number.
func Values[T Element](t Tensor) ([]T, error) {
	v, ok := t.data.([]T)
	if !ok {
		return nil, fmt.Errorf("tensor holds %s, not %s", t.elementName(), elementName([]T(nil)))
	}
	return v, nil
}

func (t Tensor) elementName() string { return elementName(t.data) }

func elementName(data any) string {
	switch data.(type) {
	case []float32:
		return "float32"
	case []int32:
		return "int32"
	case []int64:
		return "int64"
	case []uint8:
		return "uint8"
	}
	return "nothing"
}

// count is the number of elements in a shape, or an error for one that is negative or too large to mean anything.
func count(shape []int64) (int, error) {
	n := int64(1)
	for _, d := range shape {
		if d < 0 || d > 0 && n > math.MaxInt32/d {
			return 0, fmt.Errorf("shape %v is out of range", shape)
		}
		n *= d
	}
	return int(n), nil
}

// value wraps t for the library, which reads and writes the Go slice in place. The caller destroys it.
func (t Tensor) value() (ort.Value, error) {
	switch d := t.data.(type) {
	case []float32:
		return wrap(d, t.shape)
	case []int32:
		return wrap(d, t.shape)
	case []int64:
		return wrap(d, t.shape)
	case []uint8:
		return wrap(d, t.shape)
	}
	return nil, fmt.Errorf("empty tensor")
}

func wrap[T Element](data []T, shape []int64) (ort.Value, error) {
	if len(shape) == 0 {
		return ort.NewScalar(data[0])
	}
	return ort.NewTensor(ort.Shape(shape), data)
}

// unwrap takes over what the library returned; v is destroyed and its Go memory lives on in the Tensor.
func unwrap(v ort.Value) (Tensor, error) {
	defer v.Destroy()
	shape := slices.Clone([]int64(v.GetShape()))
	switch t := v.(type) {
	case *ort.Tensor[float32]:
		return Tensor{shape, t.GetData()}, nil
	case *ort.Tensor[int32]:
		return Tensor{shape, t.GetData()}, nil
	case *ort.Tensor[int64]:
		return Tensor{shape, t.GetData()}, nil
	case *ort.Tensor[uint8]:
		return Tensor{shape, t.GetData()}, nil
	}
	return Tensor{}, fmt.Errorf("element type %T is not supported", v)
}
