package checkpoint

import "omnilive/model/ggml"

// A target is where a tensor is to lie, filled from its first byte on: the memory itself, or another device's by way of a
// buffer.
type target struct {
	store  *ggml.Store
	key    string
	memory []byte // nil: on another device
	buffer []byte
	at     int64
}

func newTarget(s *ggml.Store, key string) *target {
	return &target{store: s, key: key, memory: s.Bytes(key)}
}

// next has f fill the n bytes that come next.
func (t *target) next(n int64, f func(dst []byte) error) error {
	at := t.at
	t.at += n
	if t.memory != nil {
		return f(t.memory[at:t.at])
	}
	if int64(len(t.buffer)) < n {
		t.buffer = make([]byte, n)
	}
	if err := f(t.buffer[:n]); err != nil {
		return err
	}
	return t.store.Write(t.key, at, t.buffer[:n])
}
