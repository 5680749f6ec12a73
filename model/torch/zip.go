package torch

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"strings"
)

// zipped reads the format of torch.save since version 1.6: a ZIP with one pickle, NAME/data.pkl, and each storage
// uncompressed in a file of its own, NAME/data/KEY.
func zipped(z *zip.Reader, size int64) (*dictionary, error) {
	files := make(map[string]*zip.File, len(z.File))
	folder, found := "", false
	for _, f := range z.File {
		if _, twice := files[f.Name]; twice {
			return nil, fmt.Errorf("the archive holds %q twice", f.Name)
		}
		files[f.Name] = f
		if name, ok := strings.CutSuffix(f.Name, "data.pkl"); ok && strings.Count(f.Name, "/") <= 1 {
			if found {
				return nil, fmt.Errorf("two pickles: %q and %q", folder+"data.pkl", f.Name)
			}
			folder, found = name, true
		}
	}
	if !found {
		return nil, errors.New("a ZIP without data.pkl: not a file of torch.save")
	}
	if f := files[folder+"byteorder"]; f != nil {
		if b, err := small(f, 64); err != nil || strings.TrimSpace(string(b)) != "little" {
			return nil, fmt.Errorf("byte order %q, only little is read", b)
		}
	}
	b, err := small(files[folder+"data.pkl"], maxPickle)
	if err != nil {
		return nil, err
	}
	u := &unpickler{data: b}
	v, err := u.next()
	if err != nil {
		return nil, fmt.Errorf("pickle at byte %d: %w", u.pos, err)
	}
	dict, ok := v.(*dictionary)
	if !ok {
		return nil, errors.New("it holds no dictionary")
	}
	for key, s := range u.storages {
		if err := s.inZip(files[folder+"data/"+key], size); err != nil {
			return nil, fmt.Errorf("storage %s: %w", key, err)
		}
	}
	return dict, nil
}

// inZip places a storage that is a file of a ZIP.
func (s *storage) inZip(f *zip.File, size int64) error {
	if f == nil {
		return errors.New("it is not in the archive")
	}
	if f.Method != zip.Store {
		return errors.New("it is compressed, which torch.save never does")
	}
	if want := uint64(s.count * s.kind.width); f.UncompressedSize64 != want || f.CompressedSize64 != want {
		return fmt.Errorf("%d bytes, %d expected", f.UncompressedSize64, want)
	}
	at, err := f.DataOffset()
	if err != nil {
		return err
	}
	return s.found(at, size)
}

// small reads a whole file of a ZIP that may have up to most bytes.
func small(f *zip.File, most int64) ([]byte, error) {
	if f.UncompressedSize64 > uint64(most) {
		return nil, fmt.Errorf("%q has %d bytes, the most that is read is %d", f.Name, f.UncompressedSize64, most)
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%q: %w", f.Name, err)
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, fmt.Errorf("%q: %w", f.Name, err)
	}
	if int64(len(b)) > most || uint64(len(b)) != f.UncompressedSize64 {
		return nil, fmt.Errorf("%q is not as long as the archive says", f.Name)
	}
	return b, nil
}
