package safetensors

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

const (
	maxHeader  = 100 << 20 // the reference library's own limit
	maxTensors = 1 << 20
	maxDims    = 8
	maxName    = 1024
)

// A Tensor says what a tensor is and where it lies in the file.
type Tensor struct {
	Name   string
	Type   string  // as written: F32, F16, BF16, I32, U8 …
	Shape  []int64 // PyTorch's order: the last dimension runs fastest
	Offset int64   // bytes from the start of the file
	Size   int64   // bytes
}

// A File is an open file: its header in memory, its tensors on disk.
type File struct {
	Tensors  []Tensor // in the order of their offsets
	Metadata map[string]string
	byName   map[string]int
	r        io.ReaderAt
	close    func() error
}

// Open reads the header of the file at path.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open safetensors: %w", err)
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("open safetensors %s: %w", path, err)
	}
	s, err := Read(f, st.Size())
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("read safetensors %s: %w", path, err)
	}
	s.close = f.Close
	return s, nil
}

// Read reads the header of a file of size bytes. The File keeps reading tensors from r.
func Read(r io.ReaderAt, size int64) (*File, error) {
	var length [8]byte
	if size < 8 {
		return nil, fmt.Errorf("%d bytes are too few for a header", size)
	}
	if _, err := r.ReadAt(length[:], 0); err != nil {
		return nil, fmt.Errorf("length of the header: %w", err)
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader || int64(n) > size-8 {
		return nil, fmt.Errorf("a header of %d bytes in a file of %d: the file is cut or no safetensors file", n, size)
	}
	header := make([]byte, n)
	if _, err := r.ReadAt(header, 8); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	f := &File{r: r, close: func() error { return nil }, byName: map[string]int{}}
	if err := f.parse(header, 8+int64(n), size); err != nil {
		return nil, err
	}
	return f, nil
}

// apart puts the tensors into the order of their offsets and checks that no two overlap.
func (f *File) apart() error {
	slices.SortFunc(f.Tensors, func(a, b Tensor) int {
		if a.Offset != b.Offset {
			return int(min(max(a.Offset-b.Offset, -1), 1))
		}
		return int(min(max(a.Size-b.Size, -1), 1))
	})
	for i, t := range f.Tensors {
		if i > 0 && f.Tensors[i-1].Offset+f.Tensors[i-1].Size > t.Offset {
			return fmt.Errorf("tensors %q and %q overlap", f.Tensors[i-1].Name, t.Name)
		}
		f.byName[t.Name] = i
	}
	return nil
}

// Lookup returns the tensor of that name.
func (f *File) Lookup(name string) (Tensor, bool) {
	i, ok := f.byName[name]
	if !ok {
		return Tensor{}, false
	}
	return f.Tensors[i], true
}

// ReadTensor fills dst with the tensor's little-endian bytes from byte at on.
func (f *File) ReadTensor(t Tensor, at int64, dst []byte) error {
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
