package ggml

import "testing"

func TestSpanBringsPositionsBack(t *testing.T) {
	var memories []*Memory
	for _, heads := range []int{1, 3} {
		m, err := NewMemory(70, heads, 32) // room for 96
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		memories = append(memories, m)
	}
	paint := func(add int) {
		for _, m := range memories {
			for i := range m.keys {
				m.keys[i], m.values[i] = byte(i%89+add), byte(i%83+add)
			}
		}
	}
	keys := func() (all [][]float32) {
		for _, m := range memories {
			for p := range 96 {
				key := make([]float32, m.size)
				if err := m.Key(m.heads-1, p, key); err != nil {
					t.Fatal(err)
				}
				all = append(all, key)
			}
		}
		return all
	}
	paint(0)
	before := keys()
	var first, rest *Span
	for _, s := range []struct {
		to       **Span
		from, at int
	}{{&first, 0, 32}, {&rest, 32, 128}} {
		var err error
		if *s.to, err = NewSpan(memories, s.from, s.at); err != nil {
			t.Fatal(err)
		}
		defer (*s.to).Close()
	}
	paint(1)
	after := keys()
	if err := rest.Restore(); err != nil {
		t.Fatal(err)
	}
	for i, got := range keys() {
		want := before[i]
		if i%96 < 32 {
			want = after[i]
		}
		for j := range want {
			if got[j] != want[j] {
				t.Fatalf("key %d is %v, want %v", i, got[j], want[j])
			}
		}
	}
	if err := first.Restore(); err != nil {
		t.Fatal(err)
	}
	for _, m := range memories {
		for i := range m.keys {
			if m.keys[i] != byte(i%89) || m.values[i] != byte(i%83) {
				t.Fatalf("byte %d of %d heads was not brought back", i, m.heads)
			}
		}
	}
}

func TestSpanRefuses(t *testing.T) {
	m, err := NewMemory(64, 2, 32)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]int{{-32, 32}, {0, 0}, {32, 0}, {0, 5}, {3, 32}, {0, 1 << 30}} {
		if _, err := NewSpan([]*Memory{m}, c[0], c[1]); err == nil {
			t.Errorf("positions %d to %d", c[0], c[1])
		}
	}
	s, err := NewSpan([]*Memory{m}, 0, 32)
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
	if s.Restore() == nil {
		t.Error("a closed memory was written to")
	}
	s.Close()
	s.Close()
	if _, err := NewSpan([]*Memory{m}, 0, 32); err == nil {
		t.Error("a closed memory was read")
	}
}
