package onnx

import (
	"fmt"

	ort "github.com/yalue/onnxruntime_go"
)

// Run puts in through the network and returns all outputs in fresh memory that belongs to the caller.
func (s *Session) Run(in ...Tensor) ([]Tensor, error) {
	out := make([]Tensor, len(s.outputs))
	if err := s.RunInto(in, out); err != nil {
		return nil, err
	}
	return out, nil
}

// RunInto is Run with outputs of the caller's: where out[i] holds a slice, its shape must be exactly what the network
// makes and it is written in place; where out[i] is the zero Tensor it is allocated.
func (s *Session) RunInto(in, out []Tensor) error {
	if err := s.check(in, out); err != nil {
		return fmt.Errorf("run %s: %w", s.path, err)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.session == nil {
		return s.closed()
	}
	iv, err := values(in)
	defer destroy(iv)
	if err != nil {
		return fmt.Errorf("run %s: input %w", s.path, err)
	}
	ov, err := values(out)
	defer destroy(ov)
	if err != nil {
		return fmt.Errorf("run %s: output %w", s.path, err)
	}
	if err := s.session.Run(iv, ov); err != nil {
		return fmt.Errorf("run %s: %w", s.path, err)
	}
	return s.collect(out, ov)
}

// collect turns what the library allocated into Tensors.
func (s *Session) collect(out []Tensor, ov []ort.Value) error {
	for i := range out {
		if out[i].data != nil {
			continue
		}
		t, err := unwrap(ov[i])
		ov[i] = nil
		if err != nil {
			return fmt.Errorf("run %s: output %q: %w", s.path, s.outputs[i].Name, err)
		}
		out[i] = t
	}
	return nil
}

// values wraps tensors for the library; the zero Tensor becomes nil.
func values(tensors []Tensor) ([]ort.Value, error) {
	v := make([]ort.Value, len(tensors))
	for i, t := range tensors {
		if t.data == nil {
			continue
		}
		w, err := t.value()
		if err != nil {
			return v, fmt.Errorf("%d: %w", i, err)
		}
		v[i] = w
	}
	return v, nil
}

func destroy(values []ort.Value) {
	for _, v := range values {
		if v != nil {
			_ = v.Destroy() // never fails: it only releases
		}
	}
}

// check compares tensors with what the network wants before the library sees them.
func (s *Session) check(in, out []Tensor) error {
	if len(in) != len(s.inputs) {
		return fmt.Errorf("%d inputs given, %q wanted", len(in), names(s.inputs))
	}
	if len(out) != len(s.outputs) {
		return fmt.Errorf("%d outputs given, %q wanted", len(out), names(s.outputs))
	}
	for i, t := range in {
		if t.data == nil {
			return fmt.Errorf("input %q is missing", s.inputs[i].Name)
		}
		if err := fits(s.inputs[i], t); err != nil {
			return fmt.Errorf("input %q: %w", s.inputs[i].Name, err)
		}
	}
	for i, t := range out {
		if t.data == nil {
			continue
		}
		if len(t.shape) == 0 {
			return fmt.Errorf("output %q: a scalar cannot be written in place", s.outputs[i].Name)
		}
		if err := fits(s.outputs[i], t); err != nil {
			return fmt.Errorf("output %q: %w", s.outputs[i].Name, err)
		}
	}
	return nil
}

// fits compares one tensor with its description.
func fits(want Info, t Tensor) error {
	if t.elementName() != want.Type {
		return fmt.Errorf("holds %s, the network wants %s", t.elementName(), want.Type)
	}
	n, err := count(t.shape)
	if err != nil {
		return err
	}
	if n != t.len() {
		return fmt.Errorf("shape %v needs %d elements, %d given", t.shape, n, t.len())
	}
	if n == 0 {
		return fmt.Errorf("shape %v is empty", t.shape)
	}
	same := len(t.shape) == len(want.Shape) || want.anyRank
	for i := 0; same && i < len(want.Shape); i++ {
		same = want.Shape[i] < 0 || int64(want.Shape[i]) == t.shape[i]
	}
	if !same {
		return fmt.Errorf("shape %v, the network wants %v", t.shape, want.Shape)
	}
	return nil
}

func (t Tensor) len() int {
	switch d := t.data.(type) {
	case []float32:
		return len(d)
	case []int32:
		return len(d)
	case []int64:
		return len(d)
	case []uint8:
		return len(d)
	}
	return 0
}
