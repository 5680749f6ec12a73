package checkpoint

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"

	"omnilive/model/ggml"
	"omnilive/model/gguf"
)

// stretch returns the bytes that n numbers in a row take, from the first on or from any multiple of n.
func stretch(t gguf.Type, n int64) (int64, error) {
	if quantised(t) && t != gguf.Q8_0 {
		return 0, fmt.Errorf("numbers in blocks (%v) cannot be read as f32 here: convert from the original checkpoint", t)
	}
	return t.Size([]int64{n})
}

// widen turns stored numbers into f32 and refuses those that are not finite.
func widen(dst []float32, src []byte, t gguf.Type) error {
	switch t {
	case gguf.F32:
		copy(floatBytes(dst), src)
	case gguf.F16, gguf.BF16:
		if err := ggml.Convert(floatBytes(dst), gguf.F32, src, t, int64(len(dst))); err != nil {
			return err
		}
	case gguf.F64:
		for i := range dst {
			dst[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:])))
		}
	case gguf.Q8_0:
		unblock(dst, src)
	default:
		return fmt.Errorf("numbers of type %v where weights are wanted", t)
	}
	return finite(dst)
}

// unblock turns blocks of q8_0, a scale and 32 small integers each, into f32.
func unblock(dst []float32, src []byte) {
	const block, bytes = 32, 34
	for i := 0; i+block <= len(dst); i += block {
		b := src[i/block*bytes:][:bytes]
		scale := gguf.Float16(binary.LittleEndian.Uint16(b))
		for j, q := range b[2:] {
			dst[i+j] = scale * float32(int8(q))
		}
	}
}

// narrow turns f32 rows into stored numbers.
func narrow(dst []byte, to ggml.Type, src []float32, width int64) error {
	if to == ggml.F32 {
		copy(dst, floatBytes(src))
		return nil
	}
	return ggml.Convert(dst, to, floatBytes(src), ggml.F32, width)
}

// floatBytes are the bytes of v, on a little-endian machine as every one this runs on.
func floatBytes(v []float32) []byte {
	if len(v) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&v[0])), 4*len(v))
}

// Floats reads a whole tensor as f32.
func Floats(src Source, name string) ([]float32, error) {
	t, ok := src.Lookup(name)
	if !ok {
		return nil, fmt.Errorf("no tensor %q", name)
	}
	if t.Elements() == 0 {
		return nil, nil
	}
	size, err := stretch(t.Type, t.Elements())
	if err != nil {
		return nil, fmt.Errorf("tensor %q: %w", name, err)
	}
	raw, v := make([]byte, size), make([]float32, t.Elements())
	if err := src.Read(t, 0, raw); err != nil {
		return nil, err
	}
	if err := widen(v, raw, t.Type); err != nil {
		return nil, fmt.Errorf("tensor %q: %w", name, err)
	}
	return v, nil
}

// Ints reads a whole tensor of 32-bit integers.
func Ints(src Source, name string) ([]int32, error) {
	t, ok := src.Lookup(name)
	if !ok || t.Type != gguf.I32 {
		return nil, fmt.Errorf("no tensor %q of 32-bit integers", name)
	}
	raw := make([]byte, t.Bytes())
	if err := src.Read(t, 0, raw); err != nil {
		return nil, err
	}
	v := make([]int32, t.Elements())
	for i := range v {
		v[i] = int32(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return v, nil
}
