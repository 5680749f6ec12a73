package gguf

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
)

const magic = 0x46554747 // "GGUF"

// Value types of the metadata, by their number in the file.
const (
	vU8 = iota
	vI8
	vU16
	vI16
	vU32
	vI32
	vF32
	vBool
	vString
	vArray
	vU64
	vI64
	vF64
)

var valueBytes = [...]int64{1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8}

// A header reads forward through a file and knows how much of it is left. Its first error sticks.
type header struct {
	r    *bufio.Reader
	size int64
	pos  int64
	err  error
	tmp  [8]byte
}

func newHeader(r io.ReaderAt, size int64) *header {
	return &header{r: bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 1<<16), size: size}
}

func (h *header) fail(format string, a ...any) {
	if h.err == nil {
		h.err = fmt.Errorf(format, a...)
	}
}

func (h *header) left() int64 { return h.size - h.pos }

// take reads n bytes, which must be there, into b.
func (h *header) take(b []byte) {
	if h.err != nil {
		return
	}
	if int64(len(b)) > h.left() {
		h.fail("file ends at byte %d of %d", h.size, h.pos+int64(len(b)))
		return
	}
	if _, err := io.ReadFull(h.r, b); err != nil {
		h.fail("byte %d: %w", h.pos, err)
		return
	}
	h.pos += int64(len(b))
}

func (h *header) uint(bytes int64) uint64 {
	clear(h.tmp[:])
	h.take(h.tmp[:bytes])
	return binary.LittleEndian.Uint64(h.tmp[:])
}

func (h *header) u32() uint32 { return uint32(h.uint(4)) }

// count reads how many things follow and refuses more than limit or than the rest of the file can hold.
func (h *header) count(what string, least, limit int64) int64 {
	n := h.uint(8)
	if h.err == nil && (n > uint64(limit) || int64(n) > h.left()/least) {
		h.fail("%s: %d of them do not fit", what, n)
	}
	if h.err != nil {
		return 0
	}
	return int64(n)
}

func (h *header) string(what string, limit int64) string {
	n := h.count(what+" length", 1, limit)
	if h.err != nil {
		return ""
	}
	b := make([]byte, n)
	h.take(b)
	return string(b)
}

// read reads the whole header into f.
func (h *header) read(f *File) error {
	if h.u32(); h.err != nil || binary.LittleEndian.Uint32(h.tmp[:4]) != magic {
		return fmt.Errorf("not a GGUF file: it does not begin with \"GGUF\"")
	}
	if v := h.u32(); h.err == nil && v != 2 && v != 3 {
		return fmt.Errorf("version %d, want 2 or 3 (little-endian)", v)
	}
	tensors := h.count("tensors", 24, maxEntries)
	values := h.count("metadata values", 12, maxEntries)
	f.meta = make(map[string]any)
	for i := int64(0); i < values && h.err == nil; i++ {
		h.value(f.meta)
	}
	f.byName = make(map[string]int)
	for i := int64(0); i < tensors && h.err == nil; i++ {
		h.tensor(f)
	}
	if h.err == nil {
		h.place(f)
	}
	return h.err
}

// value reads one key and its value.
func (h *header) value(meta map[string]any) {
	key := h.string("metadata key", maxKey)
	kind := h.u32()
	if h.err != nil {
		return
	}
	if _, twice := meta[key]; twice || key == "" {
		h.fail("metadata key %q is empty or there twice", key)
		return
	}
	v := any(nil)
	switch {
	case kind == vArray:
		v = h.array(key)
	case kind == vString:
		v = h.string("metadata value "+key, h.left())
	case kind < uint32(len(valueBytes)):
		v = h.scalar(kind)
	default:
		h.fail("metadata value %q has unknown type %d", key, kind)
	}
	meta[key] = v
}

func (h *header) scalar(kind uint32) any {
	u := h.uint(valueBytes[kind])
	switch kind {
	case vU8:
		return uint8(u)
	case vI8:
		return int8(u)
	case vU16:
		return uint16(u)
	case vI16:
		return int16(u)
	case vU32:
		return uint32(u)
	case vI32:
		return int32(u)
	case vF32:
		return math.Float32frombits(uint32(u))
	case vBool:
		return u != 0
	case vI64:
		return int64(u)
	case vF64:
		return math.Float64frombits(u)
	}
	return u
}

// array reads an array; arrays of arrays, which no model uses, are refused.
func (h *header) array(key string) any {
	kind := h.u32()
	if h.err == nil && (kind >= uint32(len(valueBytes)) || kind == vArray) {
		h.fail("metadata array %q holds unknown type %d", key, kind)
	}
	if h.err != nil {
		return nil
	}
	n := h.count("metadata array "+key, valueBytes[kind], math.MaxInt64)
	switch kind {
	case vString:
		return elements(h, n, func() string { return h.string("metadata array "+key, h.left()) })
	case vI8, vI16, vI32, vI64:
		return elements(h, n, func() int64 { return signed(h.scalar(kind)) })
	case vF32:
		return elements(h, n, func() float32 { return math.Float32frombits(h.u32()) })
	case vF64:
		return elements(h, n, func() float64 { return math.Float64frombits(h.uint(8)) })
	case vBool:
		return elements(h, n, func() bool { return h.uint(1) != 0 })
	case vU8:
		b := make([]byte, n)
		h.take(b)
		return b
	}
	return elements(h, n, func() uint64 { return h.uint(valueBytes[kind]) })
}

func elements[T any](h *header, n int64, next func() T) []T {
	out := make([]T, 0, min(n, 4096))
	for ; n > 0 && h.err == nil; n-- {
		out = append(out, next())
	}
	return slices.Clip(out)
}

func signed(v any) int64 {
	switch v := v.(type) {
	case int8:
		return int64(v)
	case int16:
		return int64(v)
	case int32:
		return int64(v)
	case int64:
		return v
	}
	return 0
}
