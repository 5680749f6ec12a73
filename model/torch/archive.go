package torch

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

const (
	manifestName = "MAR-INF/MANIFEST.json"
	maxExtra     = 16 << 20 // a small file of an archive
	maxUnpacked  = 64 << 30
	inMemory     = 16 << 20 // weights up to here are unpacked into memory
	maxRatio     = 50       // numbers hardly compress; beyond this a large file is no weights file
)

// A manifest is what of MAR-INF/MANIFEST.json is of use here.
type manifest struct {
	Model struct {
		SerializedFile string `json:"serializedFile"`
	} `json:"model"`
}

// archive finds the weights file of a TorchServe archive and makes it readable at any place; the third result frees it.
func archive(z *zip.Reader, r io.ReaderAt) (io.ReaderAt, int64, func() error, error) {
	f, err := serialized(z)
	if err != nil {
		return nil, 0, nil, err
	}
	if f.Method == zip.Store && f.CompressedSize64 == f.UncompressedSize64 && f.UncompressedSize64 <= maxUnpacked {
		at, err := f.DataOffset()
		if err != nil {
			return nil, 0, nil, fmt.Errorf("%q: %w", f.Name, err)
		}
		n := int64(f.UncompressedSize64)
		return io.NewSectionReader(r, at, n), n, func() error { return nil }, nil
	}
	return unpack(f)
}

// serialized returns the file that the manifest names.
func serialized(z *zip.Reader) (*zip.File, error) {
	files := map[string]*zip.File{}
	for _, f := range z.File {
		if files[f.Name] != nil {
			return nil, fmt.Errorf("the archive holds %q twice", f.Name)
		}
		files[f.Name] = f
	}
	b, err := small(files[manifestName], maxExtra)
	if err != nil {
		return nil, err
	}
	var m manifest
	if err := json.Unmarshal(Uncommented(b), &m); err != nil {
		return nil, fmt.Errorf("%s: %w", manifestName, err)
	}
	name := m.Model.SerializedFile
	if name == "" || strings.ContainsAny(name, `/\`) || strings.HasPrefix(name, ".") {
		return nil, fmt.Errorf("%s: serializedFile is %q, want the plain name of a file in the archive", manifestName, name)
	}
	f := files[name]
	if f == nil {
		return nil, fmt.Errorf("%s names the weights %q, which is not in the archive", manifestName, name)
	}
	return f, nil
}

// unpack makes a compressed file readable at any place: in memory where it is small, else in a temporary file that has
// no name any more.
func unpack(f *zip.File) (io.ReaderAt, int64, func() error, error) {
	n := f.UncompressedSize64
	if n > maxUnpacked || n > inMemory && n/maxRatio > f.CompressedSize64 {
		return nil, 0, nil, fmt.Errorf("%q: %d bytes claim to unpack to %d, which no weights do", f.Name, f.CompressedSize64, n)
	}
	if n <= inMemory {
		b, err := small(f, inMemory)
		return bytes.NewReader(b), int64(len(b)), func() error { return nil }, err
	}
	src, err := f.Open()
	if err != nil {
		return nil, 0, nil, fmt.Errorf("%q: %w", f.Name, err)
	}
	defer src.Close()
	tmp, err := os.CreateTemp("", "omnilive-weights-")
	if err != nil {
		return nil, 0, nil, fmt.Errorf("room to unpack %d bytes: %w", n, err)
	}
	if err := spill(tmp, src, int64(n)); err != nil {
		tmp.Close()
		return nil, 0, nil, fmt.Errorf("unpack %q into %s: %w", f.Name, os.TempDir(), err)
	}
	return tmp, int64(n), tmp.Close, nil
}

// spill copies exactly n bytes and the end after them, at which the archive's checksum is compared.
func spill(tmp *os.File, src io.Reader, n int64) error {
	if err := os.Remove(tmp.Name()); err != nil {
		return err
	}
	if _, err := io.CopyN(tmp, src, n); err != nil {
		return err
	}
	if k, err := src.Read(make([]byte, 1)); k != 0 || !errors.Is(err, io.EOF) {
		return errors.Join(errors.New("it is not as long as the archive says"), err)
	}
	return nil
}
