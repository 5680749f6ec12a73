package llama

/*
#include <stdlib.h>
#include "native.h"
#include "products.h"
*/
import "C"

import (
	"unsafe"

	"omnilive/model/ggml"
)

// productsPossible tells whether the processor has what products.c needs.
func productsPossible() bool { return bool(C.products_possible()) }

// ownProducts tells whether steps are to use this package's matrix products. A GPU works better uninterrupted.
func (o EngineOptions) ownProducts() bool {
	if o.PlainProducts || !productsPossible() {
		return false
	}
	devices, err := ggml.Devices()
	for _, d := range devices {
		if d.Kind == ggml.GPU || d.Kind == ggml.IntegratedGPU {
			return false
		}
	}
	return err == nil
}

// rerouted tells whether a step has used one of this package's products.
func (e *Engine) rerouted() bool { return e.native.scratch.room > 0 }

// multiply is products_run, for tests: in [rows, inputs] by weights [outputs, inputs], one thread after another.
func multiply(weights []byte, stride int, packed bool, in []float32, inputs int, out []float32, outputs, threads int) {
	rows := len(in) / inputs
	scratch := C.aligned_alloc(64, C.products_scratch(C.int64_t(inputs)))
	defer C.free(scratch)
	w, x, y := C.CBytes(weights), C.malloc(C.size_t(4*len(in))), C.malloc(C.size_t(4*len(out)))
	defer C.free(w)
	defer C.free(x)
	defer C.free(y)
	copy(unsafe.Slice((*float32)(x), len(in)), in)
	p := C.product{
		weights: (*C.uint8_t)(w), stride: C.size_t(stride), packed: C.bool(packed), inputs: C.int64_t(inputs), outputs: C.int64_t(outputs),
		rows: C.int64_t(rows), in: (*C.float)(x), out: (*C.float)(y), in_stride: C.size_t(inputs), out_stride: C.size_t(outputs),
	}
	for i := range threads {
		C.products_run(&p, scratch, C.int(i), C.int(threads))
	}
	copy(out, unsafe.Slice((*float32)(y), len(out)))
}
