package torch

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"omnilive/model/checkpoint"
)

// A File is an open file of PyTorch's: its tensors' names and places in memory, their numbers on disk. It is a
// checkpoint.Source.
type File struct {
	tensors []checkpoint.Tensor
	views   map[string]*view
	weights io.ReaderAt
	extras  map[string]*zip.File // the small files of an archive
	close   []func() error
}

// Open opens a file of torch.save or a TorchServe archive at path.
func Open(path string) (*File, error) {
	r, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open weights: %w", err)
	}
	st, err := r.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	var f *File
	if err == nil {
		f, err = Read(r, st.Size())
	}
	if err != nil {
		r.Close()
		return nil, fmt.Errorf("open weights %s: %w", path, err)
	}
	f.close = append(f.close, r.Close)
	return f, nil
}

// Read is Open for a file of size bytes behind r, which must stay readable until Close.
func Read(r io.ReaderAt, size int64) (*File, error) {
	f := &File{weights: r}
	dict, err := f.dictionary(r, size)
	if err == nil {
		err = f.list(dict)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// dictionary tells the formats apart and unwraps the archive where there is one.
func (f *File) dictionary(r io.ReaderAt, size int64) (*dictionary, error) {
	isZip, err := leadsZip(r)
	if err != nil {
		return nil, err
	}
	if !isZip {
		return legacy(r, size)
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(z.File, func(f *zip.File) bool { return f.Name == manifestName }) {
		return zipped(z, size)
	}
	inner, n, free, err := archive(z, r)
	if err != nil {
		return nil, err
	}
	f.weights, f.close, f.extras = inner, append(f.close, free), make(map[string]*zip.File)
	for _, e := range z.File {
		f.extras[e.Name] = e
	}
	if isZip, err = leadsZip(inner); err != nil {
		return nil, fmt.Errorf("the weights in it: %w", err)
	}
	if !isZip {
		return legacy(inner, n)
	}
	y, err := zip.NewReader(inner, n)
	if err != nil {
		return nil, fmt.Errorf("the weights in it: %w", err)
	}
	return zipped(y, n)
}

func leadsZip(r io.ReaderAt) (bool, error) {
	lead := make([]byte, 4)
	if n, err := r.ReadAt(lead, 0); n < len(lead) {
		return false, fmt.Errorf("the file ends too early: %w", err)
	}
	return bytes.Equal(lead, []byte("PK\x03\x04")), nil
}

// wrappers are the names under which programs keep the state dictionary beside other things.
var wrappers = []string{"generator", "state_dict", "model"}

// list collects the tensors of the state dictionary: the one under the first of wrappers, else d itself.
func (f *File) list(d *dictionary) error {
	for _, name := range wrappers {
		if in, ok := d.get(name).(*dictionary); ok {
			d = in
			break
		}
	}
	f.views = make(map[string]*view)
	for i, k := range d.keys {
		name, ok := k.(string)
		v, isTensor := d.values[i].(*view)
		if !ok || !isTensor {
			continue
		}
		if _, err := v.count(); err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
		if len(f.tensors) >= maxTensors {
			return errors.New("more tensors than this reader takes")
		}
		if f.views[name] != nil {
			return fmt.Errorf("tensor %q is there twice", name)
		}
		f.views[name] = v
		f.tensors = append(f.tensors, f.describe(name, v))
	}
	if len(f.tensors) == 0 {
		return errors.New("no tensors in it")
	}
	return nil
}

func (f *File) describe(name string, v *view) checkpoint.Tensor {
	return checkpoint.Tensor{Name: name, Type: v.storage.kind.t, Shape: v.shape}
}

// Tensors returns the tensors in the order of the dictionary.
func (f *File) Tensors() []checkpoint.Tensor { return slices.Clone(f.tensors) }

// Lookup returns the tensor of that name.
func (f *File) Lookup(name string) (checkpoint.Tensor, bool) {
	v, ok := f.views[name]
	if !ok {
		return checkpoint.Tensor{}, false
	}
	return f.describe(name, v), true
}

// Read fills dst with the tensor's little-endian bytes from byte at on.
func (f *File) Read(t checkpoint.Tensor, at int64, dst []byte) error {
	v, ok := f.views[t.Name]
	if !ok {
		return fmt.Errorf("no tensor %q", t.Name)
	}
	n, err := v.count()
	if err != nil {
		return fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	if w := v.storage.kind.width; at < 0 || at > n*w || int64(len(dst)) > n*w-at {
		return fmt.Errorf("tensor %q: %d bytes from %d on of %d", t.Name, len(dst), at, n*w)
	}
	if err := f.read(v, at, dst); err != nil {
		return fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	return nil
}

func (f *File) read(v *view, at int64, dst []byte) error {
	w := v.storage.kind.width
	if v.plain() {
		return full(f.weights, dst, v.storage.at+v.offset*w+at)
	}
	if at%w != 0 || int64(len(dst))%w != 0 {
		return errors.New("part of an element of a tensor that does not lie in order")
	}
	whole := make([]byte, v.storage.count*w) // lies in the file, so it is not larger than that
	if err := full(f.weights, whole, v.storage.at); err != nil {
		return err
	}
	for i := int64(0); i < int64(len(dst)); i += w {
		from := v.place((at+i)/w) * w
		copy(dst[i:i+w], whole[from:from+w])
	}
	return nil
}

// full fills dst from byte at on; the end of the file may come with its last byte.
func full(r io.ReaderAt, dst []byte, at int64) error {
	if n, err := r.ReadAt(dst, at); n < len(dst) {
		return fmt.Errorf("read %d of %d bytes: %w", n, len(dst), err)
	}
	return nil
}

// Extra returns a small file at the root of a TorchServe archive, such as config.json or spk_list.txt.
func (f *File) Extra(name string) ([]byte, error) {
	e := f.extras[name]
	if e == nil {
		return nil, fmt.Errorf("no %s in the archive", name)
	}
	return small(e, maxExtra)
}

// Config returns the config.json of a TorchServe archive without its comments.
func (f *File) Config() ([]byte, error) {
	b, err := f.Extra("config.json")
	return Uncommented(b), err
}

// Speakers returns the names in the spk_list.txt of a TorchServe archive, one a line; none where it has no such file.
func (f *File) Speakers() ([]string, error) {
	if f.extras["spk_list.txt"] == nil {
		return nil, nil
	}
	b, err := f.Extra("spk_list.txt")
	if err != nil {
		return nil, err
	}
	var names []string
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSpace(line); line != "" {
			names = append(names, line)
		}
	}
	return names, nil
}

// Close frees what the file holds. Nothing may be read afterwards. It is safe to call it twice.
func (f *File) Close() error {
	var all []error
	for _, c := range f.close {
		all = append(all, c())
	}
	f.close = nil
	return errors.Join(all...)
}
