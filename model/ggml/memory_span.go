package ggml

// #include "kernels.h"
import "C"

import "fmt"

// A Span is a copy of neighbouring positions of some memories.
type Span struct {
	of          []*Memory
	from, to    int
	data, whole []byte
}

// NewSpan copies positions from to to-1 of memories, which it holds on to. Both are multiples of 32; what is beyond a
// memory's capacity is passed over.
func NewSpan(of []*Memory, from, to int) (*Span, error) {
	s := &Span{of: of, from: from, to: to}
	if from < 0 || to <= from || to > 1<<20 || (from|to)%C.kernels_max_panel != 0 {
		return nil, fmt.Errorf("span of positions %d to %d", from, to)
	}
	n := 0
	for _, m := range of {
		if m.keys == nil {
			return nil, fmt.Errorf("span of positions %d to %d: a memory is closed", from, to)
		}
		s.each(m, func(part []byte) { n += len(part) })
	}
	if n == 0 {
		return s, nil
	}
	var err error
	if s.data, s.whole, err = mapPages(n); err != nil {
		return nil, fmt.Errorf("span: %w", err)
	}
	rest := s.data
	for _, m := range of {
		s.each(m, func(part []byte) { rest = rest[copy(rest, part):] })
	}
	return s, nil
}

// Restore copies the positions back. The memories must not be closed.
func (s *Span) Restore() error {
	rest := s.data
	for _, m := range s.of {
		if m.keys == nil || s.whole == nil {
			return fmt.Errorf("restore positions %d to %d: a memory or the span is closed", s.from, s.to)
		}
		s.each(m, func(part []byte) { rest = rest[copy(part, rest):] })
	}
	return nil
}

// Close frees the copy. It is safe to call it twice.
func (s *Span) Close() {
	if s.whole != nil {
		unmapPages(s.whole)
	}
	s.data, s.whole = nil, nil
}

// each calls f with every stretch of m that holds positions of the span: a head's keys lie position by position in
// panels, its values panel by panel of the head's size.
func (s *Span) each(m *Memory, f func(part []byte)) {
	from, to := min(s.from, m.capacity), min(s.to, m.capacity)
	panel := int(C.kernels_panel())
	for h := range m.heads {
		head := 2 * h * m.capacity * m.size
		f(m.keys[head+2*from*m.size : head+2*to*m.size])
		for p := 0; p < m.size; p += panel {
			first := head + 2*p*m.capacity
			f(m.values[first+2*from*panel : first+2*to*panel])
		}
	}
}
