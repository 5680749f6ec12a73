package ggml

/*
#include "calls.h"
static size_t store_arena(int n) { return CALL(ggml_tensor_overhead)() * (size_t)(n + 1); }
static ptr tensor_new(ptr ctx, int type, const int64_t *ne) { return CALL(ggml_new_tensor)(ctx, type, 4, ne); }
static size_t tensor_bytes(ptr t) { return CALL(ggml_nbytes)(t); }
static int tensor_place(ptr buffer, ptr t, void *at) { return CALL(ggml_backend_tensor_alloc)(buffer, t, at); }
static ptr buffer_on(ptr ctx, ptr backend) {
	enum { weights = 1 }; // the scheduler computes where these lie
	ptr b = CALL(ggml_backend_alloc_ctx_tensors_from_buft)(ctx, CALL(ggml_backend_get_default_buffer_type)(backend));
	if (!b) return NULL;
	CALL(ggml_backend_buffer_set_usage)(b, weights);
	CALL(ggml_backend_buffer_clear)(b, 0);
	return b;
}
static size_t buffer_size(ptr b) { return CALL(ggml_backend_buffer_get_size)(b); }
static void tensor_set(ptr t, const void *p, size_t at, size_t n) { CALL(ggml_backend_tensor_set)(t, p, at, n); }
static void tensor_get(ptr t, void *p, size_t at, size_t n) { CALL(ggml_backend_tensor_get)(t, p, at, n); }
static ptr buffer_at(void *p, size_t n) { return CALL(ggml_backend_cpu_buffer_from_ptr)(p, n); }
static void buffer_free(ptr b) { CALL(ggml_backend_buffer_free)(b); }
static void arena_free(ptr c) { CALL(ggml_free)(c); }
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"
)

const storeAlign = 64

// A Spec is a tensor to make room for.
type Spec struct {
	Name  string
	Type  Type
	Shape []int64 // the first dimension runs fastest
}

// A Store holds tensors that outlive graphs: weights and caches, in one stretch of huge pages or in a device's memory.
type Store struct {
	ctx, buffer C.ptr
	whole       []byte
	tensors     map[string]Tensor
	data        map[string][]byte // nil on other devices
	bytes       int
}

// NewStore makes room, filled with zeros, for the tensors of specs, where b computes.
func (b *Backend) NewStore(specs []Spec) (*Store, error) {
	if b.cpu == nil {
		return NewStore(specs)
	}
	s := &Store{tensors: make(map[string]Tensor, len(specs))}
	s.ctx = C.new_arena(nil, C.store_arena(C.int(len(specs))))
	if s.ctx == nil {
		return nil, errors.New("room for tensors: ggml has no memory")
	}
	for _, spec := range specs {
		t, err := s.add(spec)
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("tensor %q: %w", spec.Name, err)
		}
		s.tensors[spec.Name] = t
	}
	if s.buffer = C.buffer_on(s.ctx, b.b); s.buffer == nil {
		s.Close()
		return nil, fmt.Errorf("room for tensors: %s has not enough memory (%s)", b.device, LastLog())
	}
	s.bytes = int(C.buffer_size(s.buffer))
	return s, nil
}

// NewStore is Backend.NewStore for the processor.
func NewStore(specs []Spec) (*Store, error) {
	if err := bind(); err != nil {
		return nil, err
	}
	total := int64(storeAlign)
	for _, s := range specs {
		n, err := s.Type.Size(s.Shape)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", s.Name, err)
		}
		total += (n + storeAlign - 1) / storeAlign * storeAlign
	}
	data, whole, err := mapPages(int(total))
	if err != nil {
		return nil, fmt.Errorf("room for %d bytes of tensors: %w", total, err)
	}
	s := &Store{whole: whole, bytes: len(whole), tensors: make(map[string]Tensor, len(specs)), data: make(map[string][]byte, len(specs))}
	s.ctx = C.new_arena(nil, C.store_arena(C.int(len(specs))))
	s.buffer = C.buffer_at(unsafe.Pointer(&data[0]), C.size_t(len(data)))
	if s.ctx == nil || s.buffer == nil {
		s.Close()
		return nil, errors.New("room for tensors: ggml has no memory")
	}
	for _, spec := range specs {
		if data, err = s.place(spec, data); err != nil {
			s.Close()
			return nil, fmt.Errorf("tensor %q: %w", spec.Name, err)
		}
	}
	return s, nil
}

// place puts one tensor at the start of free and returns what is free after it.
func (s *Store) place(spec Spec, free []byte) ([]byte, error) {
	t, err := s.add(spec)
	if err != nil {
		return nil, err
	}
	n := t.span()
	if C.tensor_place(s.buffer, t.p, unsafe.Pointer(&free[0])) != 0 {
		return nil, errors.New("ggml cannot place it")
	}
	s.tensors[spec.Name], s.data[spec.Name] = t, free[:n]
	return free[(n+storeAlign-1)/storeAlign*storeAlign:], nil
}

// add makes one tensor without memory.
func (s *Store) add(spec Spec) (Tensor, error) {
	if _, twice := s.tensors[spec.Name]; twice {
		return Tensor{}, errors.New("there twice")
	}
	ne, err := shape(spec.Type, spec.Shape)
	if err != nil {
		return Tensor{}, err
	}
	n, _ := spec.Type.Size(spec.Shape)
	t := Tensor{p: C.tensor_new(s.ctx, C.int(spec.Type), (*C.int64_t)(&ne[0])), t: spec.Type, ne: ne, nb: strides(spec.Type, ne)}
	if got := C.tensor_bytes(t.p); int64(got) != n {
		return Tensor{}, fmt.Errorf("ggml wants %d bytes, not %d: these libraries are of another version", got, n)
	}
	return t, nil
}

// Write brings bytes of the tensor called name, from byte at on, to wherever it lies.
func (s *Store) Write(name string, at int64, src []byte) error {
	t, ok := s.tensors[name]
	if !ok || at < 0 || len(src) == 0 || int64(len(src)) > t.span()-at {
		return fmt.Errorf("write %d bytes from %d on into tensor %q", len(src), at, name)
	}
	C.tensor_set(t.p, unsafe.Pointer(&src[0]), C.size_t(at), C.size_t(len(src)))
	return nil
}

// WriteFloats brings all values of the f32 tensor called name.
func (s *Store) WriteFloats(name string, values []float32) error {
	if t := s.tensors[name]; t.t != F32 || t.Elements() != int64(len(values)) || len(values) == 0 {
		return fmt.Errorf("write %d numbers into tensor %q (%v)", len(values), name, t)
	}
	return s.Write(name, 0, unsafe.Slice((*byte)(unsafe.Pointer(&values[0])), 4*len(values)))
}

// Read copies bytes of the tensor called name, from byte at on, into dst.
func (s *Store) Read(name string, at int64, dst []byte) error {
	t, ok := s.tensors[name]
	if !ok || at < 0 || len(dst) == 0 || int64(len(dst)) > t.span()-at {
		return fmt.Errorf("read %d bytes from %d on of tensor %q", len(dst), at, name)
	}
	C.tensor_get(t.p, unsafe.Pointer(&dst[0]), C.size_t(at), C.size_t(len(dst)))
	return nil
}

// Tensor returns the tensor called name, which must have this shape (an empty one allows any).
func (s *Store) Tensor(name string, dims ...int64) (Tensor, error) {
	t, ok := s.tensors[name]
	if !ok {
		return Tensor{}, fmt.Errorf("no tensor %q", name)
	}
	if len(dims) > 0 {
		ne := [4]int64{1, 1, 1, 1}
		copy(ne[:], dims)
		if ne != t.ne {
			return Tensor{}, fmt.Errorf("tensor %q has shape %v, want %v", name, t.ne, ne)
		}
	}
	return t, nil
}

// Bytes returns the memory of the tensor called name, nil where there is none or it lies on another device. It may be changed while no graph runs,
// and is gone after Close.
func (s *Store) Bytes(name string) []byte { return s.data[name] }

// Floats returns the values of the f32 tensor called name; as Bytes does, it gives the memory itself.
func (s *Store) Floats(name string) ([]float32, error) {
	if t, err := s.Tensor(name); err != nil || t.t != F32 {
		return nil, fmt.Errorf("no f32 tensor %q", name)
	}
	b := s.data[name]
	if b == nil {
		return nil, fmt.Errorf("tensor %q lies on another device", name)
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&b[0])), len(b)/4), nil
}

// Size returns the bytes held.
func (s *Store) Size() int { return s.bytes }

// Close frees the tensors. It is safe to call it twice.
func (s *Store) Close() {
	if s.buffer != nil {
		C.buffer_free(s.buffer)
	}
	if s.ctx != nil {
		C.arena_free(s.ctx)
	}
	if s.whole != nil {
		unmapPages(s.whole)
	}
	s.buffer, s.ctx, s.whole, s.data, s.bytes = nil, nil, nil, nil, 0
	s.tensors = map[string]Tensor{}
}

func address(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }
