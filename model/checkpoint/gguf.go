package checkpoint

import (
	"fmt"
	"slices"
	"strings"

	"omnilive/model/gguf"
)

// What convert writes beside the tensors of a GGUF file: the prefix their names had in the checkpoint, the shapes that
// GGUF's dimensions do not tell, and the names that are too long for it.
const (
	KeyPrefix = "omnilive.prefix" // a string
	KeyShapes = "omnilive.shapes" // strings "name 1280 3 2 14 14"
	KeyNames  = "omnilive.names"  // strings "name whole.name.in.the.checkpoint"
)

// converted is a Source of one GGUF file.
type converted struct {
	f      *gguf.File
	prefix string
	all    []Tensor
	byName map[string]int    // into all
	inFile map[string]string // what a tensor is called in the file
}

func openGGUF(path string) (Source, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	s := &converted{f: f, byName: make(map[string]int, len(f.Tensors)), inFile: make(map[string]string, len(f.Tensors))}
	if err := s.list(); err != nil {
		f.Close()
		return nil, fmt.Errorf("open checkpoint %s: %w", path, err)
	}
	return s, nil
}

// list gives the tensors the names and shapes that they had.
func (s *converted) list() (err error) {
	if s.f.Has(KeyPrefix) {
		if s.prefix, err = s.f.String(KeyPrefix); err != nil {
			return err
		}
	}
	shapes, err := writtenShapes(s.f)
	if err != nil {
		return err
	}
	names, err := writtenNames(s.f)
	if err != nil {
		return err
	}
	for _, t := range s.f.Tensors {
		x := Tensor{Name: s.prefix + t.Name, Type: t.Type, Shape: slices.Clone(t.Shape)}
		if whole, ok := names[t.Name]; ok {
			x.Name = s.prefix + whole
		}
		slices.Reverse(x.Shape)
		if shape, ok := shapes[t.Name]; ok {
			if n := elements(shape); n != x.Elements() {
				return fmt.Errorf("tensor %q is %v, its written shape is %v", t.Name, x.Shape, shape)
			}
			x.Shape = shape
		}
		if _, twice := s.inFile[x.Name]; twice {
			return fmt.Errorf("tensor %q is there twice", x.Name)
		}
		s.inFile[x.Name] = t.Name
		s.all = append(s.all, x)
	}
	slices.SortFunc(s.all, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	for i, t := range s.all {
		s.byName[t.Name] = i
	}
	return nil
}

// elements is how many numbers a written shape holds, -1 where that is more than any file does.
func elements(shape []int64) int64 {
	n := int64(1)
	for _, d := range shape {
		if n > (1<<46)/d {
			return -1
		}
		n *= d
	}
	return n
}

// writtenNames reads KeyNames.
func writtenNames(f *gguf.File) (map[string]string, error) {
	names := map[string]string{}
	if !f.Has(KeyNames) {
		return names, nil
	}
	lines, err := f.Strings(KeyNames)
	if err != nil {
		return nil, err
	}
	for _, line := range lines {
		short, whole, ok := strings.Cut(line, " ")
		if !ok || short == "" || whole == "" || len(whole) > 1024 {
			return nil, fmt.Errorf("%s: %.80q is no name with another", KeyNames, line)
		}
		names[short] = whole
	}
	return names, nil
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
	in, err := s.f.Tensor(s.inFile[t.Name])
	if err != nil {
		return err
	}
	return s.f.ReadPart(in, at, dst)
}

func (s *converted) Close() error { return s.f.Close() }
