package gguf

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
)

// syncEvery is how many bytes may be lost when a machine stops while a file that can be gone on with is written.
const syncEvery = 16 << 20

// Unfinished is what the name of a file ends with while Resume's Writer writes it.
const Unfinished = ".part"

// Resume is Create for a file that takes long: the unfinished file is path + Unfinished and stays when the Writer is
// aborted. Where such a file lies there already, and begins with exactly the header that would be written, the Writer goes
// on in it behind the last tensor that is known to have reached the disk: Written says how many are there. Any other file
// of that name is written anew.
func Resume(path string, values []Value, tensors []Tensor) (*Writer, error) {
	if err := check(values, tensors); err != nil {
		return nil, fmt.Errorf("write gguf %s: %w", path, err)
	}
	h, err := encode(values, tensors)
	if err != nil {
		return nil, fmt.Errorf("write gguf %s: %w", path, err)
	}
	tmp, err := os.OpenFile(path+Unfinished, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("write gguf: %w", err)
	}
	w := &Writer{path: path, tmp: tmp, tensors: tensors, kept: true}
	if err := w.goOn(h); err != nil {
		w.Abort()
		return nil, fmt.Errorf("write gguf %s: %w", path, err)
	}
	return w, nil
}

// goOn finds the place in the unfinished file from where to write, and writes the header where it is not there.
func (w *Writer) goOn(header []byte) error {
	st, err := w.tmp.Stat()
	if err != nil {
		return err
	}
	if !st.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", w.tmp.Name())
	}
	there := make([]byte, len(header))
	if _, err := w.tmp.ReadAt(there, 0); err != nil || !bytes.Equal(there, header) {
		there = nil
	}
	at := int64(0)
	if there != nil {
		w.next, at = reached(int64(len(header)), st.Size(), w.tensors)
	}
	if w.next == 0 {
		at = 0
	}
	if err := w.tmp.Truncate(at); err != nil {
		return err
	}
	if _, err := w.tmp.Seek(at, io.SeekStart); err != nil {
		return err
	}
	w.w = bufio.NewWriterSize(w.tmp, 1<<20)
	if at == 0 {
		_, err = w.w.Write(header)
	}
	return err
}

// reached returns how many tensors of a file of size bytes are known to be on the disk, and where they end. After each
// syncEvery bytes of whole tensors the Writer waits for the disk before it writes more: so a file that is longer than up
// to there has everything before.
func reached(header, size int64, tensors []Tensor) (n int, end int64) {
	at, since := header, int64(0)
	for i, t := range tensors {
		bytes, _ := t.Type.Size(t.Shape) // checked before
		bytes = roundUp(bytes, alignment)
		if at += bytes; at >= size {
			break
		}
		if since += bytes; since >= syncEvery {
			n, end, since = i+1, at, 0
		}
	}
	return n, end
}

// Written returns how many of the tensors are in the file already; the next one to write is the one after them.
func (w *Writer) Written() int { return w.next }

// settle waits for the disk from time to time.
func (w *Writer) settle(bytes int64) error {
	if !w.kept {
		return nil
	}
	if w.unsynced += bytes; w.unsynced < syncEvery {
		return nil
	}
	w.unsynced = 0
	if err := w.w.Flush(); err != nil {
		return err
	}
	return w.tmp.Sync()
}

// Header tells whether the file at path begins with exactly these values and tensors, and is as long as they ask for.
func Header(path string, values []Value, tensors []Tensor) bool {
	if check(values, tensors) != nil {
		return false
	}
	h, err := encode(values, tensors)
	if err != nil {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	size := int64(len(h))
	for _, t := range tensors {
		bytes, _ := t.Type.Size(t.Shape) // checked before
		size += roundUp(bytes, alignment)
	}
	st, err := f.Stat()
	if err != nil || !st.Mode().IsRegular() || st.Size() != size {
		return false
	}
	there := make([]byte, len(h))
	_, err = f.ReadAt(there, 0)
	return err == nil && bytes.Equal(there, h)
}

// Size returns how long a file of these values and tensors is.
func Size(values []Value, tensors []Tensor) (int64, error) {
	h, err := encode(values, tensors)
	if err != nil {
		return 0, err
	}
	size := int64(len(h))
	for _, t := range tensors {
		bytes, err := t.Type.Size(t.Shape)
		if err != nil {
			return 0, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		size += roundUp(bytes, alignment)
	}
	return size, nil
}
