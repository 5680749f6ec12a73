package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	maxIndex  = 64 << 20
	maxShards = 4096
)

// openFolder opens the weights that lie in a folder.
func openFolder(dir string) (Source, error) {
	path, err := published(dir)
	switch {
	case err != nil:
		return nil, fmt.Errorf("open checkpoint: %w", err)
	case filepath.Ext(path) == ".json":
		return openShards(dir, path)
	case path != "":
		return openFile(path)
	}
	src, err := openConverted(dir)
	if err == nil && src == nil {
		err = fmt.Errorf("open checkpoint %s: %w", dir, errNoWeights)
	}
	return src, err
}

// published finds what a published checkpoint is opened by: its index, or else its only file. It returns "" where the
// folder has neither.
func published(dir string) (string, error) {
	for _, name := range []string{
		"model.safetensors.index.json", "diffusion_pytorch_model.safetensors.index.json",
		"model.safetensors", "weights.safetensors", "diffusion_pytorch_model.safetensors",
	} {
		path := filepath.Join(dir, name)
		_, err := os.Lstat(path)
		if err == nil {
			return path, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return "", nil
}

// Files returns the names of the files in the folder dir that Open reads of a published checkpoint: the index and its
// shards, or the only file.
func Files(dir string) ([]string, error) {
	path, err := published(dir)
	if err != nil || path == "" {
		return nil, err
	}
	if filepath.Ext(path) != ".json" {
		return []string{filepath.Base(path)}, nil
	}
	where, err := readIndex(path)
	if err != nil {
		return nil, err
	}
	names := append(slices.Collect(maps.Values(where)), filepath.Base(path))
	slices.Sort(names)
	return slices.Compact(names), nil
}

// shards is a Source of several files.
type shards struct {
	files  []Source
	byName map[string]int
	all    []Tensor
}

// openShards opens all files that an index names. Each tensor must lie where the index says, and nowhere else.
func openShards(dir, index string) (Source, error) {
	where, err := readIndex(index)
	if err != nil {
		return nil, err
	}
	s := &shards{byName: make(map[string]int, len(where))}
	names := slices.Sorted(maps.Values(where))
	names = slices.Compact(names)
	if len(names) > maxShards {
		return nil, fmt.Errorf("read %s: %d files, at most %d", index, len(names), maxShards)
	}
	var wrong []error
	for i, name := range names {
		f, err := openFile(filepath.Join(dir, name))
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		s.files = append(s.files, f)
		for _, t := range f.Tensors() {
			if where[t.Name] != name {
				wrong = append(wrong, fmt.Errorf("tensor %q lies in %s, the index has it in %q", t.Name, name, where[t.Name]))
			}
			s.byName[t.Name] = i
			s.all = append(s.all, t)
		}
	}
	if len(wrong) == 0 {
		for _, name := range slices.Sorted(maps.Keys(where)) {
			if _, ok := s.byName[name]; !ok {
				wrong = append(wrong, fmt.Errorf("tensor %q is not in %s, where the index has it", name, where[name]))
			}
		}
	}
	if err := errors.Join(wrong...); err != nil {
		s.Close()
		return nil, fmt.Errorf("open checkpoint %s: %w", dir, err)
	}
	slices.SortFunc(s.all, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	return s, nil
}

// readIndex reads which file holds which tensor. A file is a plain name: an index leads nowhere else.
func readIndex(path string) (map[string]string, error) {
	st, err := os.Stat(path)
	if err == nil && st.Size() > maxIndex {
		err = fmt.Errorf("an index of %d bytes, at most %d", st.Size(), maxIndex)
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(path)
	}
	var index struct {
		Where map[string]string `json:"weight_map"`
	}
	if err == nil {
		err = json.Unmarshal(text, &index)
	}
	if err == nil && len(index.Where) == 0 {
		err = errors.New("no weight_map")
	}
	for name, file := range index.Where {
		if err == nil && (filepath.Base(file) != file || filepath.Ext(file) != ".safetensors") {
			err = fmt.Errorf("tensor %q: %q is not the name of a safetensors file beside the index", name, file)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return index.Where, nil
}

func (s *shards) Tensors() []Tensor { return s.all }

func (s *shards) Lookup(name string) (Tensor, bool) {
	i, ok := s.byName[name]
	if !ok {
		return Tensor{}, false
	}
	return s.files[i].Lookup(name)
}

func (s *shards) Read(t Tensor, at int64, dst []byte) error {
	i, ok := s.byName[t.Name]
	if !ok {
		return fmt.Errorf("no tensor %q", t.Name)
	}
	return s.files[i].Read(t, at, dst)
}

func (s *shards) Close() error {
	var err error
	for _, f := range s.files {
		err = errors.Join(err, f.Close())
	}
	return err
}
