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
	for _, base := range []string{"model", "diffusion_pytorch_model"} {
		index := filepath.Join(dir, base+".safetensors.index.json")
		if _, err := os.Stat(index); err == nil {
			return openShards(dir, index)
		}
	}
	for _, name := range []string{"model", "weights", "diffusion_pytorch_model"} {
		path := filepath.Join(dir, name+".safetensors")
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return openFile(path)
		}
	}
	return nil, fmt.Errorf("open checkpoint %s: %w", dir, errNoWeights)
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
