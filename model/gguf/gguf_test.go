package gguf

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// whole writes one of every kind of value and two tensors, and returns the file's bytes.
func whole(t testing.TB) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.gguf")
	w, err := Create(path, []Value{
		{"general.architecture", "test"},
		{"n", uint32(7)},
		{"i", int32(-7)},
		{"l", int64(-1 << 40)},
		{"u", uint64(1 << 40)},
		{"f", float32(0.5)},
		{"yes", true},
		{"words", []string{"a", "", "한"}},
		{"ids", []int32{1, -2}},
		{"us", []uint32{3}},
		{"fs", []float32{1, 2}},
		{"b", []byte{9}},
	}, []Tensor{{Name: "a", Type: F32, Shape: []int64{3, 2}}, {Name: "q", Type: Q8_0, Shape: []int64{32}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.WriteTensor("a", make([]byte, 24)); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteTensor("q", bytes.Repeat([]byte{5}, 34)); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	b := whole(t)
	f, err := Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	n, err1 := f.Int("n", 0, 10)
	i, err2 := f.Int("i", -10, 10)
	l, err3 := f.Int("l", -1<<41, 0)
	words, err4 := f.Strings("words")
	ids, err5 := f.Ints("ids")
	us, err6 := f.Ints("us")
	fs, err7 := f.Floats("fs")
	by, err8 := f.Bytes("b")
	fl, err9 := f.Float("f")
	for _, err := range []error{err1, err2, err3, err4, err5, err6, err7, err8, err9} {
		if err != nil {
			t.Fatal(err)
		}
	}
	got := []any{n, i, l, words, ids, us, fs, by, fl}
	want := []any{7, -7, -1 << 40, []string{"a", "", "한"}, []int64{1, -2}, []int64{3}, []float32{1, 2}, []byte{9}, 0.5}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v\nwant %v", got, want)
	}
	q, err := f.Tensor("q")
	if err != nil || q.Size != 34 || q.Offset%32 != 0 {
		t.Fatalf("q = %+v, %v", q, err)
	}
	d := make([]byte, 34)
	if err := f.ReadTensor(q, d); err != nil || d[33] != 5 {
		t.Fatalf("data %v, %v", d, err)
	}
	if err := f.ReadTensor(q, d[:3]); err == nil {
		t.Fatal("a short buffer was accepted")
	}
}

func TestValuesOfTheWrongKindAreNamed(t *testing.T) {
	b := whole(t)
	f, err := Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for name, get := range map[string]func() error{
		"words":   func() error { _, err := f.Int("words", 0, 1); return err },
		"n":       func() error { _, err := f.Int("n", 0, 6); return err },
		"yes":     func() error { _, err := f.String("yes"); return err },
		"nowhere": func() error { _, err := f.Ints("nowhere"); return err },
	} {
		if err := get(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTruncatedFilesAreRefused(t *testing.T) {
	b := whole(t)
	end := len(b) - (32*2 - 34) // behind the last tensor's last byte
	for n := range end {
		if _, err := Read(bytes.NewReader(b[:n]), int64(n)); err == nil {
			t.Fatalf("%d of %d bytes were accepted", n, end)
		}
	}
}

func TestHostileHeadersAreNamed(t *testing.T) {
	le := binary.LittleEndian
	head := func(tensors, values uint64) []byte {
		b := le.AppendUint32(nil, magic)
		b = le.AppendUint32(b, 3)
		return le.AppendUint64(le.AppendUint64(b, tensors), values)
	}
	tensor := func(b []byte, name string, kind uint32, offset uint64, dims ...uint64) []byte {
		b = le.AppendUint32(appendString(b, name), uint32(len(dims)))
		for _, d := range dims {
			b = le.AppendUint64(b, d)
		}
		return le.AppendUint64(le.AppendUint32(b, kind), offset)
	}
	pad := func(b []byte) []byte { return append(b, make([]byte, 256)...) }
	array := func(kind uint32, n uint64) []byte {
		return pad(le.AppendUint64(le.AppendUint32(le.AppendUint32(appendString(head(0, 1), "k"), vArray), kind), n))
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"magic":             {[]byte("GGML then more than eight bytes"), "GGUF"},
		"version":           {pad(le.AppendUint32(le.AppendUint32(nil, magic), 9)), "version 9"},
		"huge tensor count": {pad(head(1<<60, 0)), "tensors"},
		"huge value count":  {pad(head(0, 1<<62)), "metadata values"},
		"huge string":       {pad(le.AppendUint64(head(0, 1), 1<<63)), "key length"},
		"huge array":        {array(vU32, 1<<61), "array k"},
		"huge string array": {array(vString, 1<<33), "array k"},
		"array of arrays":   {array(vArray, 1), "unknown type 9"},
		"unknown value":     {pad(le.AppendUint32(appendString(head(0, 1), "k"), 77)), "unknown type 77"},
		"too many dims":     {pad(tensor(head(1, 0), "t", 0, 0, 1, 1, 1, 1, 1)), "5 dimensions"},
		"no dims":           {pad(tensor(head(1, 0), "t", 0, 0)), "0 dimensions"},
		"zero dim":          {pad(tensor(head(1, 0), "t", 0, 0, 4, 0)), "dimension 1 is 0"},
		"negative dim":      {pad(tensor(head(1, 0), "t", 0, 0, 1<<63)), "dimension 0"},
		"overflow":          {pad(tensor(head(1, 0), "t", 0, 0, 1<<31, 1<<31, 1<<31)), "overflows"},
		"block":             {pad(tensor(head(1, 0), "t", 8, 0, 33)), "q8_0 block"},
		"unknown type":      {pad(tensor(head(1, 0), "t", 999, 0, 1)), "unknown type 999"},
		"unaligned":         {pad(tensor(head(1, 0), "t", 0, 7, 1)), "multiple of 32"},
		"behind the end":    {pad(tensor(head(1, 0), "t", 0, 1<<40, 1)), "behind the end"},
		"too long":          {pad(tensor(head(1, 0), "t", 0, 0, 4096)), "pass the end"},
		"overlap":           {pad(tensor(tensor(head(2, 0), "t", 0, 0, 16), "u", 0, 32, 4)), "overlap"},
		"twice":             {pad(tensor(tensor(head(2, 0), "t", 0, 0, 4), "t", 0, 32, 4)), "twice"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(bytes.NewReader(c.file), int64(len(c.file)))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestWriterRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := Create(filepath.Join(dir, "a"), []Value{{"k", struct{}{}}}, nil); err == nil {
		t.Error("a struct was accepted as a value")
	}
	if _, err := Create(filepath.Join(dir, "a"), nil, []Tensor{{Name: "t", Type: Q8_0, Shape: []int64{31}}}); err == nil {
		t.Error("31 elements of q8_0 were accepted")
	}
	w, err := Create(filepath.Join(dir, "a"), nil, []Tensor{{Name: "t", Type: F32, Shape: []int64{1}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.WriteTensor("other", make([]byte, 4)); err == nil {
		t.Error("a tensor out of turn was accepted")
	}
	if err := w.Commit(); err == nil {
		t.Error("a file without its tensor was committed")
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(whole(f))
	f.Add([]byte("GGUF"))
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		for _, x := range g.Tensors {
			if err := g.ReadTensor(x, make([]byte, x.Size)); err != nil {
				t.Fatal(err)
			}
		}
	})
}
