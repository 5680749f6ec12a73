package checkpoint

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"omnilive/model/gguf"
)

// openConverted joins the GGUF files of a folder that carry the names of a checkpoint's tensors. It returns nil where the
// folder has no GGUF file at all.
func openConverted(dir string) (Source, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open checkpoint: %w", err)
	}
	s := &parts{where: map[string]Source{}}
	found := false
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".gguf" {
			continue
		}
		found = true
		if len(s.files) >= maxShards {
			err = fmt.Errorf("open checkpoint %s: more than %d GGUF files", dir, maxShards)
		} else {
			err = s.add(filepath.Join(dir, e.Name()))
		}
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	if !found {
		return nil, nil
	}
	slices.SortFunc(s.all, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	return s, nil
}

// parts is a Source of several GGUF files, whose tensors all have the names of the checkpoint.
type parts struct {
	files []Source
	where map[string]Source
	all   []Tensor
}

// add takes the tensors of one file.
func (s *parts) add(path string) error {
	f, err := openGGUF(path)
	if err != nil {
		return err
	}
	if c := f.(*converted); !c.f.Has(KeyPrefix) { // as libllama loads it
		return f.Close()
	}
	s.files = append(s.files, f)
	for _, t := range f.Tensors() {
		if _, twice := s.where[t.Name]; twice {
			return fmt.Errorf("open checkpoint %s: tensor %q lies in another file of this folder too", path, t.Name)
		}
		s.where[t.Name] = f
		s.all = append(s.all, t)
	}
	return nil
}

func (s *parts) Tensors() []Tensor { return s.all }

func (s *parts) Lookup(name string) (Tensor, bool) {
	f, ok := s.where[name]
	if !ok {
		return Tensor{}, false
	}
	return f.Lookup(name)
}

func (s *parts) Read(t Tensor, at int64, dst []byte) error {
	f, ok := s.where[t.Name]
	if !ok {
		return fmt.Errorf("no tensor %q", t.Name)
	}
	return f.Read(t, at, dst)
}

func (s *parts) Close() error {
	var errs []error
	for _, f := range s.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// Text returns a string of a GGUF file's header.
func Text(path, key string) (string, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return f.String(key)
}

// Texts returns an array of strings of a GGUF file's header.
func Texts(path, key string) ([]string, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Strings(key)
}
