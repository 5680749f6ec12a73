package gguf

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// long are the tensors of a file that reaches the disk in several goes.
func long() []Tensor {
	return []Tensor{
		{Name: "a", Type: I8, Shape: []int64{100}},
		{Name: "b", Type: I8, Shape: []int64{syncEvery}},
		{Name: "c", Type: I8, Shape: []int64{syncEvery / 2}},
		{Name: "d", Type: I8, Shape: []int64{syncEvery}},
		{Name: "e", Type: I8, Shape: []int64{7}},
	}
}

func fill(t *testing.T, w *Writer, until int) {
	t.Helper()
	for i, x := range long()[w.Written():until] {
		data := bytes.Repeat([]byte{byte(w.Written() + 1)}, int(x.Shape[0]))
		half := len(data) / 2
		if err := w.WritePart(x.Name, data[:half], false); err != nil {
			t.Fatal(i, err)
		}
		if err := w.WritePart(x.Name, data[half:], true); err != nil {
			t.Fatal(i, err)
		}
	}
}

func TestResume(t *testing.T) {
	values := []Value{{"general.architecture", "test"}}
	path := filepath.Join(t.TempDir(), "x.gguf")
	part := path + Unfinished
	begin := func(values []Value) *Writer {
		w, err := Resume(path, values, long())
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	w := begin(values)
	if w.Written() != 0 {
		t.Errorf("a new file has %d tensors", w.Written())
	}
	fill(t, w, 3)
	if err := w.WritePart("d", make([]byte, 99), false); err != nil {
		t.Fatal(err)
	}
	w.Abort()
	if _, err := os.Stat(path); err == nil {
		t.Fatal("an unfinished file has the name of a finished one")
	}
	if _, err := Open(part); err == nil {
		t.Error("an unfinished file loads")
	}

	// Nobody knows whether c reached the disk; b did.
	w = begin(values)
	if w.Written() != 2 {
		t.Errorf("goes on behind %d tensors, want 2", w.Written())
	}
	w.Abort()
	if err := os.Truncate(part, 1000); err != nil {
		t.Fatal(err)
	}
	if w = begin(values); w.Written() != 0 {
		t.Errorf("a file of 1000 bytes has %d tensors", w.Written())
	}
	fill(t, w, 4)
	w.Abort()
	if w = begin([]Value{{"general.architecture", "other"}}); w.Written() != 0 {
		t.Errorf("goes on in a file with another header, behind %d tensors", w.Written())
	}
	fill(t, w, 4)
	w.Abort()
	w = begin([]Value{{"general.architecture", "other"}})
	if w.Written() != 2 { // d is synced only together with what follows
		t.Errorf("goes on behind %d tensors, want 2", w.Written())
	}
	fill(t, w, 5)
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if !Header(path, []Value{{"general.architecture", "other"}}, long()) || Header(path, values, long()) {
		t.Error("the header is not known again")
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i, x := range f.Tensors {
		got := make([]byte, x.Size)
		if err := f.ReadTensor(x, got); err != nil || !bytes.Equal(got, bytes.Repeat([]byte{byte(i + 1)}, len(got))) {
			t.Errorf("%s is damaged (%v)", x.Name, err)
		}
	}
	if st, err := os.Stat(path); err != nil || st.Size() == 0 {
		t.Error(err)
	} else if n, err := Size([]Value{{"general.architecture", "other"}}, long()); err != nil || n != st.Size() {
		t.Errorf("Size says %d of %d bytes (%v)", n, st.Size(), err)
	}
}
