package ggml

/*
#include "calls.h"
static size_t pack_rows(int type, const float *src, void *dst, int64_t rows, int64_t width) {
	return CALL(ggml_quantize_chunk)(type, src, dst, 0, rows, width, NULL);
}
*/
import "C"

import (
	"fmt"
	"slices"
	"unsafe"

	"omnilive/model/gguf"
)

// packable are the types that rows of f32 are turned into without knowing how the weights are used.
var packable = []Type{
	F32, F16, BF16, Q8_0, gguf.Q4_0, gguf.Q4_1, gguf.Q5_0, gguf.Q5_1, gguf.Q4_K, gguf.Q5_K, gguf.Q6_K,
}

// Quantize turns rows of width numbers into another type: F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K or Q6_K.
// It may be called from many goroutines at once. Load must have been called.
func Quantize(dst []byte, to Type, rows []float32, width int64) error {
	if err := bind(); err != nil {
		return err
	}
	size, err := to.Size([]int64{width})
	if err != nil || !slices.Contains(packable, to) {
		return fmt.Errorf("rows of %d numbers cannot be kept as %v", width, to)
	}
	n := int64(len(rows)) / width
	if n == 0 || n*width != int64(len(rows)) || n*size != int64(len(dst)) {
		return fmt.Errorf("%d numbers in rows of %d do not make %d bytes of %v", len(rows), width, len(dst), to)
	}
	if to == F32 {
		copy(dst, unsafe.Slice((*byte)(unsafe.Pointer(&rows[0])), 4*len(rows)))
		return nil
	}
	C.pack_rows(C.int(to), (*C.float)(&rows[0]), unsafe.Pointer(&dst[0]), C.int64_t(n), C.int64_t(width))
	return nil
}
