package ggml

// #include "custom.h"
import "C"

import (
	"fmt"
	"unsafe"

	"omnilive/model/gguf"
)

// A Memory holds the keys and values of many positions, rounded to f16, in the order in which Recall reads them. It is for
// graphs on the processor.
type Memory struct {
	keys, values []byte
	whole        []byte
	capacity     int
	heads, size  int
}

// NewMemory returns a memory of zeros for so many positions.
func NewMemory(positions, heads, size int) (*Memory, error) {
	if positions < 1 || positions > 1<<20 || heads < 1 || heads > 1024 || size < 1 || size > 4096 || size%C.kernels_max_panel != 0 {
		return nil, fmt.Errorf("memory of %d positions, %d heads of %d", positions, heads, size)
	}
	m := &Memory{capacity: int(roundUp(int64(positions), C.kernels_max_panel)), heads: heads, size: size}
	n := m.capacity * heads * size * 2
	data, whole, err := mapPages(2 * n)
	if err != nil {
		return nil, fmt.Errorf("memory: %w", err)
	}
	m.whole, m.keys, m.values = whole, data[:n], data[n:2*n]
	return m, nil
}

// Close frees the memory. It is safe to call it twice.
func (m *Memory) Close() {
	if m.whole != nil {
		unmapPages(m.whole)
	}
	m.whole, m.keys, m.values = nil, nil, nil
}

// Copy copies positions from to to-1 of another memory of the same size.
func (m *Memory) Copy(src *Memory, from, to int) error {
	if m.capacity != src.capacity || m.heads != src.heads || m.size != src.size || m.keys == nil || src.keys == nil || from < 0 || to > m.capacity {
		return fmt.Errorf("memory: copy %d to %d of another size", from, to)
	}
	panel := int(C.kernels_panel())
	block := 2 * panel // bytes
	for h := range m.heads {
		head := h * m.capacity * m.size * 2
		for at := from; at < to; {
			first := head + at/panel*panel*m.size*2
			if at%panel == 0 && at+panel <= to {
				copy(m.keys[first:first+m.size*block], src.keys[first:])
				at += panel
				continue
			}
			for j := range m.size {
				k := first + j*block + at%panel*2
				copy(m.keys[k:k+2], src.keys[k:])
			}
			at++
		}
		for p := 0; p < m.size && from < to; p += panel {
			first := head + p*m.capacity*2
			copy(m.values[first+from*block:first+to*block], src.values[first+from*block:])
		}
	}
	return nil
}

// Key puts the key of a head at a position into dst, which has the head's size.
func (m *Memory) Key(head, position int, dst []float32) error {
	if head < 0 || head >= m.heads || position < 0 || position >= m.capacity || len(dst) != m.size || m.keys == nil {
		return fmt.Errorf("memory: key of head %d at %d", head, position)
	}
	panel := int(C.kernels_panel())
	all := unsafe.Slice((*uint16)(unsafe.Pointer(&m.keys[0])), len(m.keys)/2)
	at := head*m.capacity*m.size + position/panel*panel*m.size + position%panel
	for j := range dst {
		dst[j] = gguf.Float16(all[at+j*panel])
	}
	return nil
}

// Keep puts the keys k and the values v, both [heads·size, n], into m as its first positions. It is computed where Do
// is called on what it returns.
func (g *Graph) Keep(m *Memory, k, v Tensor) Tensor {
	if !g.room("keep", k, v) {
		return Tensor{}
	}
	if !plane(k) || !plane(v) || k.ne != v.ne || k.nb[1] != v.nb[1] || k.ne[0] != int64(m.heads*m.size) || k.ne[1] > int64(m.capacity) || m.keys == nil || g.b.foreign() {
		g.fail("keep", "%v and %v in %d positions of %d heads of %d", k, v, m.capacity, m.heads, m.size)
		return Tensor{}
	}
	job := g.job()
	*(*C.keep_job)(unsafe.Pointer(&job.of)) = C.keep_job{
		keys: (*C.uint16_t)(unsafe.Pointer(&m.keys[0])), values: (*C.uint16_t)(unsafe.Pointer(&m.values[0])),
		stride: C.size_t(k.nb[1] / 4), rows: C.int(k.ne[1]), heads: C.int(m.heads), size: C.int(m.size), capacity: C.int(m.capacity),
	}
	return made(C.custom_keep(g.ctx, job, k.p, v.p), F32, [4]int64{1, 1, 1, 1})
}

// Recall is Attend to the first positions of m, for q[heads·size, n].
func (g *Graph) Recall(q Tensor, m *Memory, positions int, scale float32) Tensor {
	if !g.room("recall", q) {
		return Tensor{}
	}
	if !plane(q) || q.ne[0] != int64(m.heads*m.size) || positions < 1 || positions > m.capacity || m.keys == nil || g.b.foreign() {
		g.fail("recall", "%v by %d of %d positions of %d heads of %d", q, positions, m.capacity, m.heads, m.size)
		return Tensor{}
	}
	job := g.attendJob(q, m.heads, int64(positions), scale)
	j := (*C.attend_job)(unsafe.Pointer(&job.of))
	j.k, j.v = (*C.float)(unsafe.Pointer(&m.keys[0])), (*C.float)(unsafe.Pointer(&m.values[0]))
	j.capacity = C.int(m.capacity)
	return g.attended(job, q, Tensor{}, Tensor{})
}

func roundUp(n, step int64) int64 { return (n + step - 1) / step * step }
