package small

import (
	"context"
	"errors"
	"slices"
	"testing"
)

// fakeCache counts what is run and fails when told to.
type fakeCache struct {
	held []int32
	run  int
	fail int // after this many tokens; 0: never
}

func (f *fakeCache) Append(_ context.Context, t []int32) error {
	for _, x := range t {
		if f.fail > 0 && f.run == f.fail {
			return errors.New("stopped")
		}
		f.held = append(f.held, x)
		f.run++
	}
	return nil
}
func (f *fakeCache) Truncate(n int) error { f.held = f.held[:n]; return nil }
func (f *fakeCache) Len() int             { return len(f.held) }

func TestMemory(t *testing.T) {
	f := &fakeCache{}
	m := &memory{seq: f, window: 100}
	check := func(what string, run int, want ...int32) {
		t.Helper()
		if !slices.Equal(m.toks, want) {
			t.Errorf("%s: tokens %v, want %v", what, m.toks, want)
		}
		if err := m.sync(t.Context(), nil, false); err != nil {
			t.Fatal(err)
		}
		if f.run != run || !slices.Equal(f.held[:len(want)], want) {
			t.Errorf("%s: ran %d, want %d; cache %v", what, f.run, run, f.held)
		}
	}
	m.begin([]int32{1, 2})
	check("head", 2, 1, 2)
	if err := m.sync(t.Context(), []int32{5, 6, 7}, false); err != nil { // ahead of the final words
		t.Fatal(err)
	}
	base := m.len()
	m.add([]int32{5, 6, 8})
	check("only what differs is run", 6, 1, 2, 5, 6, 8)
	m.reply = len(m.toks)
	m.toks = append(m.toks, 20, 21, 22)
	if err := m.truncate(base+3+1, []int32{9}); err != nil {
		t.Fatal(err)
	}
	check("cut inside the reply", 8, 1, 2, 5, 6, 8, 20, 9)
	if err := m.truncate(base, nil); err != nil {
		t.Fatal(err)
	}
	check("back before the question", 8, 1, 2)
	m.begin([]int32{3, 3, 3})
	if m.len() != base {
		t.Errorf("a new system prompt moved the length from %d to %d", base, m.len())
	}
	if m.truncate(base+1, nil) == nil {
		t.Error("truncate beyond the end")
	}
}

func TestMemoryStopped(t *testing.T) {
	f := &fakeCache{fail: 2}
	m := &memory{seq: f, window: 100}
	m.begin([]int32{1, 2, 3, 4})
	if m.sync(t.Context(), nil, true) == nil {
		t.Fatal("no error")
	}
	f.fail = 0
	if err := m.sync(t.Context(), nil, true); err != nil || !slices.Equal(f.held, m.toks) || f.run != 4 {
		t.Errorf("after the stop: %v, ran %d, %v", f.held, f.run, err)
	}
	if err := m.sync(t.Context(), nil, true); err != nil || f.run != 5 || len(f.held) != 4 {
		t.Errorf("logits want one more run: ran %d, holds %d, %v", f.run, len(f.held), err)
	}
}

func TestMemoryWindow(t *testing.T) {
	f := &fakeCache{}
	m := &memory{seq: f, window: 20}
	m.begin([]int32{1, 2})
	for i := range 50 {
		before := m.len()
		if !m.fit(4) {
			t.Fatalf("turn %d does not fit", i)
		}
		if m.len() != before {
			t.Fatalf("turn %d: length moved from %d to %d", i, before, m.len())
		}
		x := int32(10 * (i + 1))
		m.add([]int32{x, x + 1, x + 2, x + 3})
		if len(m.toks) > 20 || m.toks[0] != 1 || m.toks[len(m.toks)-1] != x+3 || m.toks[m.head]%10 != 0 {
			t.Fatalf("turn %d: %v", i, m.toks)
		}
	}
	for more := true; more; {
		before := f.run
		var err error
		if more, err = m.catchUp(t.Context(), 3); err != nil || f.run-before > 3 {
			t.Fatalf("one step ran %d: %v", f.run-before, err)
		}
	}
	if !slices.Equal(f.held, m.toks) {
		t.Errorf("the cache holds %v, want %v", f.held, m.toks)
	}
	if m.fit(40) {
		t.Error("40 tokens fit into 20")
	}
}
