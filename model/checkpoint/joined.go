package checkpoint

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Join makes one Source of several: the tensors of each are named by its prefix and the name they have there. Of a name
// that two parts give, the part whose prefix comes first in the alphabet is taken. Closing it closes all parts.
func Join(parts map[string]Source) Source {
	j := &joined{parts: parts, where: map[string]string{}}
	for _, prefix := range slices.Sorted(maps.Keys(parts)) {
		for _, t := range parts[prefix].Tensors() {
			t.Name = prefix + t.Name
			if _, twice := j.where[t.Name]; twice {
				continue
			}
			j.where[t.Name] = prefix
			j.all = append(j.all, t)
		}
	}
	slices.SortFunc(j.all, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	return j
}

// joined is a Source of several others.
type joined struct {
	parts map[string]Source
	where map[string]string // the prefix of a tensor's part
	all   []Tensor
}

func (j *joined) Tensors() []Tensor { return j.all }

func (j *joined) Lookup(name string) (Tensor, bool) {
	prefix, ok := j.where[name]
	if !ok {
		return Tensor{}, false
	}
	t, ok := j.parts[prefix].Lookup(strings.TrimPrefix(name, prefix))
	t.Name = name
	return t, ok
}

func (j *joined) Read(t Tensor, at int64, dst []byte) error {
	prefix, ok := j.where[t.Name]
	if !ok {
		return fmt.Errorf("no tensor %q", t.Name)
	}
	t.Name = strings.TrimPrefix(t.Name, prefix)
	return j.parts[prefix].Read(t, at, dst)
}

func (j *joined) Close() error {
	var errs []error
	for _, s := range j.parts {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}
