package checkpoint

import (
	"fmt"
	"slices"
	"strings"

	"omnilive/model/gguf"
)

// What convert writes beside the tensors of a GGUF file: the prefix their names had in the checkpoint, and the shapes
// that GGUF's four dimensions do not tell.
const (
	KeyPrefix = "omnilive.prefix" // a string
	KeyShapes = "omnilive.shapes" // strings "name 1280 3 2 14 14"
)

// converted is a Source of one GGUF file.
type converted struct {
	f      *gguf.File
	prefix string
	all    []Tensor
	byName map[string]int // into all
}

func openGGUF(path string) (Source, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	s := &converted{f: f, byName: make(map[string]int, len(f.Tensors))}
	if f.Has(KeyPrefix) {
		if s.prefix, err = f.String(KeyPrefix); err != nil {
			f.Close()
			return nil, fmt.Errorf("open checkpoint %s: %w", path, err)
		}
	}
	shapes, err := writtenShapes(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("open checkpoint %s: %w", path, err)
	}
	for _, t := range f.Tensors {
		x := Tensor{Name: s.prefix + t.Name, Type: t.Type, Shape: slices.Clone(t.Shape)}
		slices.Reverse(x.Shape)
		if shape, ok := shapes[t.Name]; ok {
			if n := (Tensor{Shape: shape}).Elements(); n != x.Elements() {
				f.Close()
				return nil, fmt.Errorf("open checkpoint %s: tensor %q is %v, its written shape is %v", path, t.Name, x.Shape, shape)
			}
			x.Shape = shape
		}
		s.all = append(s.all, x)
	}
	slices.SortFunc(s.all, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	for i, t := range s.all {
		s.byName[t.Name] = i
	}
	return s, nil
}

// writtenShapes reads KeyShapes.
func writtenShapes(f *gguf.File) (map[string][]int64, error) {
	shapes := map[string][]int64{}
	if !f.Has(KeyShapes) {
		return shapes, nil
	}
	lines, err := f.Strings(KeyShapes)
	if err != nil {
		return nil, err
	}
	for _, line := range lines {
		parts := strings.Fields(line)
		if len(parts) == 0 || len(parts) > 9 {
			return nil, fmt.Errorf("%s: %.80q is no name with a shape", KeyShapes, line)
		}
		shape := make([]int64, len(parts)-1)
		for i, p := range parts[1:] {
			if _, err := fmt.Sscanf(p, "%d", &shape[i]); err != nil || shape[i] < 1 || shape[i] > 1<<40 {
				return nil, fmt.Errorf("%s: %.80q is no name with a shape", KeyShapes, line)
			}
		}
		shapes[parts[0]] = shape
	}
	return shapes, nil
}

func (s *converted) Tensors() []Tensor { return s.all }

func (s *converted) Lookup(name string) (Tensor, bool) {
	i, ok := s.byName[name]
	if !ok {
		return Tensor{}, false
	}
	return s.all[i], true
}

func (s *converted) Read(t Tensor, at int64, dst []byte) error {
	in, err := s.f.Tensor(strings.TrimPrefix(t.Name, s.prefix))
	if err != nil {
		return err
	}
	return s.f.ReadPart(in, at, dst)
}

func (s *converted) Close() error { return s.f.Close() }
