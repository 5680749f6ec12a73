package verify

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// A Run is one folder being checked. Its methods keep the first mistake, which ends the check as an error.
type Run struct {
	Dir     string
	Backend *ggml.Backend
	Type    ggml.Type

	name         string
	cases        checkpoint.Source
	weights      checkpoint.Source
	tolerances   map[string]float64
	report       func(Row)
	last         time.Time
	rows, failed int
	err          error
}

func open(dir, name string, o Options) (*Run, error) {
	r := &Run{Dir: dir, Backend: o.Backend, Type: o.Type, name: name, report: o.Report, last: time.Now(), tolerances: map[string]float64{}}
	cases := filepath.Join(dir, "cases.safetensors")
	if _, err := os.Stat(cases); err == nil {
		if r.cases, err = checkpoint.Open(cases); err != nil {
			return nil, err
		}
	}
	if err := r.readTolerances(); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// readTolerances reads tolerances.json where the folder has one.
func (r *Run) readTolerances() error {
	var list struct {
		Tensors map[string]struct {
			Limit *float64 `json:"suggested_atol"`
		} `json:"tensors"`
	}
	err := r.JSON("tolerances.json", &list)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for name, t := range list.Tensors {
		if t.Limit != nil {
			r.tolerances[name] = *t.Limit
		}
	}
	return err
}

func (r *Run) close() {
	for _, s := range []checkpoint.Source{r.cases, r.weights} {
		if s != nil {
			s.Close()
		}
	}
}

// Source opens the weights of the folder: weights.safetensors, or the checkpoint that it is.
func (r *Run) Source() (checkpoint.Source, error) {
	if r.weights == nil {
		s, err := checkpoint.Open(r.Dir)
		if err != nil {
			return nil, err
		}
		r.weights = s
	}
	return r.weights, nil
}

// Config reads config.json into v.
func (r *Run) Config(v any) error { return r.JSON("config.json", v) }

// JSON reads a JSON file of the folder into v.
func (r *Run) JSON(name string, v any) error {
	text, err := os.ReadFile(filepath.Join(r.Dir, name))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

var numbered = regexp.MustCompile(`^case([0-9]+)\.`)

// Cases returns the numbered cases there are, in order: case0, case1 …
func (r *Run) Cases() []string {
	var numbers []int
	if r.cases != nil {
		for _, t := range r.cases.Tensors() {
			if m := numbered.FindStringSubmatch(t.Name); m != nil {
				n, _ := strconv.Atoi(m[1])
				numbers = append(numbers, n)
			}
		}
	}
	slices.Sort(numbers)
	var names []string
	for _, n := range slices.Compact(numbers) {
		names = append(names, "case"+strconv.Itoa(n))
	}
	return names
}

// Names returns the names of all stored tensors.
func (r *Run) Names() []string {
	var names []string
	if r.cases != nil {
		for _, t := range r.cases.Tensors() {
			names = append(names, t.Name)
		}
	}
	return names
}

// Has tells whether a tensor is stored.
func (r *Run) Has(name string) bool {
	if r.cases == nil {
		return false
	}
	_, ok := r.cases.Lookup(name)
	return ok
}

// Shape returns the shape of a stored tensor, nil where there is none.
func (r *Run) Shape(name string) []int64 {
	if r.cases == nil {
		return nil
	}
	t, _ := r.cases.Lookup(name)
	return t.Shape
}

// Floats returns the stored numbers of that name.
func (r *Run) Floats(name string) []float32 {
	return kept(r, name, func() ([]float32, error) { return checkpoint.Floats(r.cases, name) })
}

// Ints returns the stored integers of that name.
func (r *Run) Ints(name string) []int32 {
	return kept(r, name, func() ([]int32, error) { return checkpoint.Ints(r.cases, name) })
}

// Bytes returns the stored bytes of that name.
func (r *Run) Bytes(name string) []byte {
	return kept(r, name, func() ([]byte, error) {
		t, ok := r.cases.Lookup(name)
		if !ok {
			return nil, errors.New("not stored")
		}
		b := make([]byte, t.Bytes())
		return b, r.cases.Read(t, 0, b)
	})
}

// kept reads a stored tensor and keeps the mistake.
func kept[E any](r *Run, name string, read func() ([]E, error)) []E {
	if r.cases == nil {
		r.Fail(errors.New("no cases.safetensors"))
		return nil
	}
	v, err := read()
	if err != nil {
		r.Fail(fmt.Errorf("stored tensor %q: %w", name, err))
	}
	return v
}

// Fail keeps a mistake, the first one.
func (r *Run) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// Err returns the first mistake.
func (r *Run) Err() error { return r.err }
