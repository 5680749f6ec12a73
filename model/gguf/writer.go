package gguf

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
)

const (
	alignment    = 32
	keyAlignment = "general.alignment"
)

// A Value is one metadata entry to write. Data is a uint32, int32, uint64, int64, float32, bool or string,
// or a slice of strings, uint32, int32, float32 or bytes.
type Value struct {
	Key  string
	Data any
}

// A Writer writes a GGUF file tensor by tensor, in the order given to Create, into a temporary file beside path;
// Commit puts it in its place at once, so that no reader ever sees half a file.
type Writer struct {
	path    string
	tmp     *os.File
	w       *bufio.Writer
	tensors []Tensor
	next    int   // the tensor under way
	part    int64 // bytes of it written so far

	kept     bool  // the unfinished file stays, see Resume
	unsynced int64 // bytes of whole tensors that may not have reached the disk
}

// Create starts a file at path that will hold values and tensors, of which Name, Type and Shape are read.
// The caller must end with Commit or Abort.
func Create(path string, values []Value, tensors []Tensor) (*Writer, error) {
	if err := check(values, tensors); err != nil {
		return nil, fmt.Errorf("write gguf %s: %w", path, err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part-*")
	if err != nil {
		return nil, fmt.Errorf("write gguf: %w", err)
	}
	w := &Writer{path: path, tmp: tmp, w: bufio.NewWriterSize(tmp, 1<<20), tensors: tensors}
	h, err := encode(values, tensors)
	if err == nil {
		_, err = w.w.Write(h)
	}
	if err != nil {
		w.Abort()
		return nil, fmt.Errorf("write gguf %s: %w", path, err)
	}
	return w, nil
}

// check refuses what Read would refuse.
func check(values []Value, tensors []Tensor) error {
	seen := map[string]bool{}
	for _, v := range values {
		if v.Key == "" || len(v.Key) > maxKey || seen[v.Key] || v.Key == keyAlignment {
			return fmt.Errorf("metadata key %q is empty, too long, reserved or there twice", v.Key)
		}
		seen[v.Key] = true
	}
	clear(seen)
	for _, t := range tensors {
		if t.Name == "" || len(t.Name) > maxName || seen[t.Name] {
			return fmt.Errorf("tensor name %q is empty, too long or there twice", t.Name)
		}
		seen[t.Name] = true
		if _, err := t.Type.Size(t.Shape); err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
	}
	return nil
}

// WriteTensor writes the bytes of the next tensor, which must be the one called name.
func (w *Writer) WriteTensor(name string, data []byte) error {
	return w.WritePart(name, data, true)
}

// WritePart writes some bytes of the next tensor, which must be the one called name; last says that these are its end.
func (w *Writer) WritePart(name string, data []byte, last bool) error {
	if w.next == len(w.tensors) || w.tensors[w.next].Name != name {
		return fmt.Errorf("write gguf: tensor %q out of turn", name)
	}
	t := w.tensors[w.next]
	size, err := t.Type.Size(t.Shape)
	w.part += int64(len(data))
	if err == nil && (w.part > size || last && w.part != size) {
		err = fmt.Errorf("%d bytes, want %d", w.part, size)
	}
	if err == nil {
		_, err = w.w.Write(data)
	}
	if err == nil && last {
		_, err = w.w.Write(make([]byte, roundUp(size, alignment)-size))
		w.next, w.part = w.next+1, 0
		if err == nil {
			err = w.settle(roundUp(size, alignment))
		}
	}
	if err != nil {
		return fmt.Errorf("write gguf: tensor %q: %w", name, err)
	}
	return nil
}

// Commit finishes the file and gives it its name. On error nothing is left behind.
func (w *Writer) Commit() error {
	defer w.Abort()
	if w.next != len(w.tensors) {
		return fmt.Errorf("write gguf %s: tensor %q was not written", w.path, w.tensors[w.next].Name)
	}
	if err := errors.Join(w.w.Flush(), w.tmp.Chmod(0o644), w.tmp.Sync()); err != nil {
		return fmt.Errorf("write gguf %s: %w", w.path, err)
	}
	if err := os.Rename(w.tmp.Name(), w.path); err != nil {
		return fmt.Errorf("write gguf: %w", err)
	}
	return nil
}

// Abort throws the unfinished file away; Resume's stays. After Commit it does nothing.
func (w *Writer) Abort() {
	if w.tmp == nil {
		return
	}
	if w.kept && w.w != nil {
		_ = w.w.Flush() // what is lost here is written again
	}
	w.tmp.Close()
	if !w.kept {
		os.Remove(w.tmp.Name()) // gone already after a Commit
	}
	w.tmp = nil
}

// encode lays out everything that comes before the data.
func encode(values []Value, tensors []Tensor) ([]byte, error) {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, magic)
	b = le.AppendUint32(b, 3)
	b = le.AppendUint64(b, uint64(len(tensors)))
	b = le.AppendUint64(b, uint64(len(values)))
	for _, v := range values {
		var err error
		if b, err = appendValue(appendString(b, v.Key), v.Data); err != nil {
			return nil, fmt.Errorf("metadata value %q: %w", v.Key, err)
		}
	}
	offset := int64(0)
	for _, t := range tensors {
		b = le.AppendUint32(appendString(b, t.Name), uint32(len(t.Shape)))
		for _, d := range t.Shape {
			b = le.AppendUint64(b, uint64(d))
		}
		b = le.AppendUint32(b, uint32(t.Type))
		b = le.AppendUint64(b, uint64(offset))
		size, err := t.Type.Size(t.Shape)
		if err != nil {
			return nil, err
		}
		offset += roundUp(size, alignment)
	}
	return append(b, make([]byte, roundUp(int64(len(b)), alignment)-int64(len(b)))...), nil
}

func appendString(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...)
}

func appendValue(b []byte, v any) ([]byte, error) {
	le := binary.LittleEndian
	kind := func(k uint32) []byte { return le.AppendUint32(b, k) }
	array := func(k uint32, n int) []byte { return le.AppendUint64(le.AppendUint32(kind(vArray), k), uint64(n)) }
	switch v := v.(type) {
	case uint32:
		return le.AppendUint32(kind(vU32), v), nil
	case int32:
		return le.AppendUint32(kind(vI32), uint32(v)), nil
	case uint64:
		return le.AppendUint64(kind(vU64), v), nil
	case int64:
		return le.AppendUint64(kind(vI64), uint64(v)), nil
	case float32:
		return le.AppendUint32(kind(vF32), math.Float32bits(v)), nil
	case bool:
		if v {
			return append(kind(vBool), 1), nil
		}
		return append(kind(vBool), 0), nil
	case string:
		return appendString(kind(vString), v), nil
	case []byte:
		return append(array(vU8, len(v)), v...), nil
	case []string:
		b = array(vString, len(v))
		for _, s := range v {
			b = appendString(b, s)
		}
		return b, nil
	case []uint32:
		return binary.Append(array(vU32, len(v)), le, v)
	case []int32:
		return binary.Append(array(vI32, len(v)), le, v)
	case []float32:
		return binary.Append(array(vF32, len(v)), le, v)
	}
	return nil, fmt.Errorf("cannot write a %T", v)
}
