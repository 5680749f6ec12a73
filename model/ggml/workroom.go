package ggml

/*
#include <stdlib.h>
#include "custom.h"
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// A workroom is where the threads of a backend keep what a kernel has in hand; it grows to what the largest needs.
type workroom struct {
	at    *C.workroom
	whole []byte
}

func newWorkroom() workroom {
	return workroom{at: (*C.workroom)(C.calloc(1, C.size_t(unsafe.Sizeof(C.workroom{}))))}
}

// reserve makes room for so many bytes a thread.
func (w *workroom) reserve(threads int, each C.size_t) error {
	each = (each + 4095) &^ 4095
	if each == 0 || each <= w.at.each { // a device without kernels of ours asks for none
		return nil
	}
	data, whole, err := mapPages(threads * int(each))
	if err != nil {
		return fmt.Errorf("graph: no room for kernels: %w", err)
	}
	if w.whole != nil {
		unmapPages(w.whole)
	}
	w.whole, w.at.at, w.at.each = whole, (*C.char)(unsafe.Pointer(&data[0])), each
	return nil
}

func (w *workroom) close() {
	if w.whole != nil {
		unmapPages(w.whole)
	}
	C.free(unsafe.Pointer(w.at))
	w.at, w.whole = nil, nil
}

// own is what a graph's own operations need.
type own struct {
	jobs C.ptr            // one place per node
	each C.size_t         // bytes of workroom
	kept []unsafe.Pointer // lists that jobs point to
}

// job returns the place of the node that room has just counted.
func (g *Graph) job() *C.custom_job {
	job := C.job_at(g.own.jobs, C.int(g.made-1))
	*job = C.custom_job{room: g.b.work.at}
	return job
}

// keep copies a list to where jobs can read it until Reset.
func (o *own) keep(list []int32) *C.int32_t {
	p := C.malloc(C.size_t(4 * len(list)))
	copy(unsafe.Slice((*int32)(p), len(list)), list)
	o.kept = append(o.kept, p)
	return (*C.int32_t)(p)
}

func (o *own) reset() {
	for _, p := range o.kept {
		C.free(p)
	}
	o.kept, o.each = nil, 0
}
