package onnx

import (
	"fmt"

	ort "github.com/yalue/onnxruntime_go"
)

// A Binding is a Session tied to fixed buffers. Fill the inputs' slices, Run, read the outputs' slices: nothing is
// allocated and nothing copied.
type Binding struct {
	session *Session
	io      *ort.IoBinding
	values  []ort.Value
}

// Bind ties the session to the slices behind in and out, which must stay in use only through this Binding's owner
// until Close. Every output must be given, in exactly the shape the network makes. Scalars are read once, here.
func (s *Session) Bind(in, out []Tensor) (*Binding, error) {
	if err := s.check(in, out); err != nil {
		return nil, fmt.Errorf("bind %s: %w", s.path, err)
	}
	for i, t := range out {
		if t.data == nil {
			return nil, fmt.Errorf("bind %s: output %q is missing", s.path, s.outputs[i].Name)
		}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.session == nil {
		return nil, s.closed()
	}
	b := &Binding{session: s}
	if err := b.tie(in, out); err != nil {
		b.free()
		return nil, fmt.Errorf("bind %s: %w", s.path, err)
	}
	s.bound.Lock()
	s.bindings[b] = struct{}{}
	s.bound.Unlock()
	return b, nil
}

func (b *Binding) tie(in, out []Tensor) (err error) {
	if b.io, err = b.session.session.CreateIoBinding(); err != nil {
		return err
	}
	if err := b.each(in, b.session.inputs, b.io.BindInput); err != nil {
		return err
	}
	return b.each(out, b.session.outputs, b.io.BindOutput)
}

func (b *Binding) each(tensors []Tensor, info []Info, bind func(string, ort.Value) error) error {
	v, err := values(tensors)
	for _, x := range v {
		if x != nil {
			b.values = append(b.values, x)
		}
	}
	if err != nil {
		return err
	}
	for i := range v {
		if err := bind(info[i].Name, v[i]); err != nil {
			return fmt.Errorf("%q: %w", info[i].Name, err)
		}
	}
	return nil
}

// Run reads the bound inputs and writes the bound outputs.
func (b *Binding) Run() error {
	b.session.mu.RLock()
	defer b.session.mu.RUnlock()
	if b.io == nil {
		return b.session.closed()
	}
	if err := b.session.session.RunWithBinding(b.io); err != nil {
		return fmt.Errorf("run %s: %w", b.session.path, err)
	}
	return nil
}

// Close frees the binding; the slices are the caller's again. A second Close does nothing.
func (b *Binding) Close() {
	b.session.mu.RLock()
	defer b.session.mu.RUnlock()
	b.session.bound.Lock()
	defer b.session.bound.Unlock()
	delete(b.session.bindings, b)
	b.free()
}

func (b *Binding) free() {
	if b.io != nil {
		_ = b.io.Destroy() // never fails: it only releases
	}
	destroy(b.values)
	b.io, b.values = nil, nil
}
