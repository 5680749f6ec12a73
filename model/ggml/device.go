package ggml

/*
#include "calls.h"
static size_t device_count(void) { return CALL(ggml_backend_dev_count)(); }
static ptr device_at(size_t i) { return CALL(ggml_backend_dev_get)(i); }
static const char *device_name(ptr d) { return CALL(ggml_backend_dev_name)(d); }
static const char *device_about(ptr d) { return CALL(ggml_backend_dev_description)(d); }
static int device_type(ptr d) { return CALL(ggml_backend_dev_type)(d); }
static void device_memory(ptr d, size_t *left, size_t *all) { CALL(ggml_backend_dev_memory)(d, left, all); }
static ptr device_open(ptr d) { return CALL(ggml_backend_dev_init)(d, NULL); }
static void second_processor(ptr b, int threads, ptr pool) {
	CALL(ggml_backend_cpu_set_n_threads)(b, threads);
	if (pool) CALL(ggml_backend_cpu_set_threadpool)(b, pool);
}
*/
import "C"

import (
	"fmt"
	"strconv"
	"strings"
	"unsafe"
)

// Names of devices. GPUs are called gpu0, gpu1 and so on.
const (
	Processor = "cpu"
	// PlainProcessor is the processor as another device would be: with its own memory and ggml's operations only. What
	// runs there runs on any device, if slower.
	PlainProcessor = "cpu-plain"
)

// A Kind is what sort of device one is.
type Kind int

// The kinds of devices, as ggml numbers them.
const (
	CPU           Kind = iota
	GPU                // with memory of its own
	IntegratedGPU      // that shares the processor's memory
)

// A Device is something to compute on.
type Device struct {
	Name        string // cpu, gpu0, gpu1, …
	Driver      string // ggml's name for it, as Vulkan0
	Description string // the maker's name
	Kind        Kind
	Free, Total int64 // bytes of its memory

	handle C.ptr
}

// Handle returns the ggml_backend_dev_t.
func (d Device) Handle() unsafe.Pointer { return unsafe.Pointer(d.handle) }

// Devices lists what the loaded libraries can compute on, the processor first. Load must have been called.
func Devices() ([]Device, error) {
	if err := bind(); err != nil {
		return nil, fmt.Errorf("list devices: %w", err)
	}
	list := make([]Device, 1)
	for i := range C.device_count() {
		h := C.device_at(i)
		d := Device{
			Driver: C.GoString(C.device_name(h)), Description: C.GoString(C.device_about(h)), Kind: Kind(C.device_type(h)), handle: h,
		}
		var left, all C.size_t
		C.device_memory(h, &left, &all)
		d.Free, d.Total = int64(left), int64(all)
		switch d.Kind {
		case CPU:
			d.Name = Processor
			list[0] = d
		case GPU, IntegratedGPU:
			d.Name = "gpu" + strconv.Itoa(len(list)-1)
			list = append(list, d)
		}
	}
	if list[0].handle == nil {
		return nil, fmt.Errorf("list devices: no processor among them; %s", remedy)
	}
	return list, nil
}

// FindDevice returns the device of that name; "" is the processor.
func FindDevice(name string) (Device, error) {
	list, err := Devices()
	if err != nil {
		return Device{}, err
	}
	if name == "" || name == PlainProcessor {
		name = Processor
	}
	names := make([]string, len(list))
	for i, d := range list {
		if names[i] = d.Name; d.Name == name {
			return d, nil
		}
	}
	return Device{}, fmt.Errorf("no device %.20q: there are %s; a GPU needs libraries made for it (--lib-variant) and its driver",
		name, strings.Join(names, ", "))
}

// OpenBackend starts a device by its name. So many threads compute on the processor: everything there, and what the device
// cannot do elsewhere.
func OpenBackend(device string, threads int) (*Backend, error) {
	if device == "" || device == Processor {
		return NewBackend(threads)
	}
	d, err := FindDevice(device)
	if err != nil {
		return nil, err
	}
	cpu, err := NewBackend(threads)
	if err != nil {
		return nil, err
	}
	b := &Backend{b: C.device_open(d.handle), device: device, threads: threads, cpu: cpu}
	if b.b == nil {
		b.Close()
		return nil, fmt.Errorf("start %s (%s): %s", device, d.Description, LastLog())
	}
	if d.Kind == CPU { // the two never compute at once
		C.second_processor(b.b, C.int(threads), cpu.pool)
	}
	return b, nil
}
