package gguf

import (
	"fmt"
	"io"
	"os"
)

// Limits on what a header may ask for; real files stay far below them.
const (
	maxDims    = 4
	maxName    = 63 // ggml keeps 64 bytes with the end mark
	maxKey     = 65535
	maxEntries = 1 << 20 // metadata values, and tensors
	maxBytes   = int64(1) << 46
)

// A Tensor says where a tensor lies in the file.
type Tensor struct {
	Name   string
	Type   Type
	Shape  []int64 // ggml's order: the first dimension runs fastest
	Offset int64   // bytes from the start of the file
	Size   int64   // bytes
}

// A File is an open GGUF file: its header in memory, its tensors on disk.
type File struct {
	Tensors []Tensor // in file order
	meta    map[string]any
	byName  map[string]int
	r       io.ReaderAt
	close   func() error
}

// Open reads the header of the file at path.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open gguf: %w", err)
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = fmt.Errorf("not a regular file")
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("open gguf %s: %w", path, err)
	}
	g, err := Read(f, st.Size())
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("read gguf %s: %w", path, err)
	}
	g.close = f.Close
	return g, nil
}

// Read reads the header of a GGUF file of size bytes. The File keeps reading tensors from r.
func Read(r io.ReaderAt, size int64) (*File, error) {
	h := newHeader(r, size)
	f := &File{r: r, close: func() error { return nil }}
	if err := h.read(f); err != nil {
		return nil, err
	}
	return f, nil
}

// Tensor returns the tensor of that name.
func (f *File) Tensor(name string) (Tensor, error) {
	i, ok := f.byName[name]
	if !ok {
		return Tensor{}, fmt.Errorf("no tensor %q", name)
	}
	return f.Tensors[i], nil
}

// ReadTensor fills dst, which must be as long as the tensor is, with the tensor's bytes.
func (f *File) ReadTensor(t Tensor, dst []byte) error {
	if int64(len(dst)) != t.Size {
		return fmt.Errorf("tensor %q: buffer of %d bytes, want %d", t.Name, len(dst), t.Size)
	}
	if _, err := f.r.ReadAt(dst, t.Offset); err != nil {
		return fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	return nil
}

// ReadPart fills dst with the tensor's bytes from byte at on.
func (f *File) ReadPart(t Tensor, at int64, dst []byte) error {
	if at < 0 || int64(len(dst)) > t.Size-at {
		return fmt.Errorf("tensor %q: %d bytes from %d on out of %d", t.Name, len(dst), at, t.Size)
	}
	if len(dst) == 0 {
		return nil
	}
	if _, err := f.r.ReadAt(dst, t.Offset+at); err != nil {
		return fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	return nil
}

// Close closes the file. It is safe to call it twice.
func (f *File) Close() error {
	c := f.close
	f.close = func() error { return nil }
	return c()
}
