package gguf

import (
	"fmt"
	"slices"
)

// tensor reads one tensor's name, shape, type and offset, which counts from where the data begins.
func (h *header) tensor(f *File) {
	t := Tensor{Name: h.string("tensor name", maxName)}
	if _, twice := f.byName[t.Name]; h.err == nil && (twice || t.Name == "") {
		h.fail("tensor name %q is empty or there twice", t.Name)
	}
	dims := h.u32()
	if h.err == nil && (dims == 0 || dims > maxDims) {
		h.fail("tensor %q: %d dimensions, want 1 to %d", t.Name, dims, maxDims)
	}
	for ; dims > 0 && h.err == nil; dims-- {
		t.Shape = append(t.Shape, int64(h.uint(8)))
	}
	t.Type = Type(h.u32())
	offset := h.uint(8)
	if h.err != nil {
		return
	}
	var err error
	if t.Size, err = t.Type.Size(t.Shape); err != nil {
		h.fail("tensor %q: %w", t.Name, err)
		return
	}
	if offset > uint64(h.size) {
		h.fail("tensor %q: offset %d lies behind the end of the file", t.Name, offset)
		return
	}
	t.Offset = int64(offset)
	f.byName[t.Name] = len(f.Tensors)
	f.Tensors = append(f.Tensors, t)
}

// place turns offsets into places in the file and checks that all tensors lie inside it, aligned and apart.
func (h *header) place(f *File) {
	align := int64(alignment)
	if v, ok := f.meta[keyAlignment]; ok {
		u, ok := v.(uint32)
		if !ok || u == 0 || u > 1<<20 || u&(u-1) != 0 {
			h.fail("%s is %v, want a power of two up to 2^20", keyAlignment, v)
			return
		}
		align = int64(u)
	}
	start := roundUp(h.pos, align)
	order := make([]int, len(f.Tensors))
	for i := range f.Tensors {
		t := &f.Tensors[i]
		order[i] = i
		if t.Offset%align != 0 {
			h.fail("tensor %q: offset %d is no multiple of %d", t.Name, t.Offset, align)
			return
		}
		t.Offset += start
		if t.Offset > h.size || t.Size > h.size-t.Offset {
			h.fail("tensor %q: its %d bytes from %d on pass the end of the file at %d", t.Name, t.Size, t.Offset, h.size)
			return
		}
	}
	slices.SortFunc(order, func(a, b int) int { return int(f.Tensors[a].Offset - f.Tensors[b].Offset) })
	for i := 1; i < len(order); i++ {
		a, b := &f.Tensors[order[i-1]], &f.Tensors[order[i]]
		if a.Offset+a.Size > b.Offset {
			h.err = fmt.Errorf("tensors %q and %q overlap", a.Name, b.Name)
			return
		}
	}
}

func roundUp(n, align int64) int64 { return (n + align - 1) / align * align }
