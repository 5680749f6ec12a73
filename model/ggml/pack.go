package ggml

// #include "kernels.h"
import "C"

import (
	"fmt"
	"unsafe"

	"omnilive/model/gguf"
)

// A Packer lays the rows of a matrix out in panels as they come, so that no whole matrix of f32 is needed.
type Packer struct {
	m     Matrix
	panel int       // to be packed next
	rows  []float32 // of it, so far
}

// Packer begins to fill the matrix called name; Write brings its rows from the first to the last.
func (m *Matrices) Packer(name string) (*Packer, error) {
	x, ok := m.named[name]
	if !ok {
		return nil, fmt.Errorf("no matrix %q", name)
	}
	return &Packer{m: x}, nil
}

// Write takes whole rows: for each output its In weights, those of the first tap first.
func (p *Packer) Write(rows []float32) error {
	in, size := int(p.m.in), panelSize()*int(p.m.in)
	if left := int(p.m.out)*in - p.panel*size - len(p.rows); len(rows)%in != 0 || len(rows) > left {
		return fmt.Errorf("pack: %d weights in rows of %d where %d are missing", len(rows), in, left)
	}
	for len(rows) > 0 {
		if whole := min(size, int(p.m.out)*in-p.panel*size); len(p.rows) == 0 && len(rows) >= whole {
			p.pack(rows[:whole])
			rows = rows[whole:]
			continue
		}
		n := min(len(rows), size-len(p.rows))
		p.rows, rows = append(p.rows, rows[:n]...), rows[n:]
		if len(p.rows) == size || p.panel*size+len(p.rows) == int(p.m.out)*in {
			p.pack(p.rows)
			p.rows = p.rows[:0]
		}
	}
	return nil
}

func (p *Packer) pack(rows []float32) {
	C.kernels_pack(C.int(p.m.kind), (*C.float)(&rows[0]), C.int(p.panel), C.int(p.m.out), C.int(p.m.in/p.m.taps), C.int(p.m.taps), unsafe.Pointer(&p.m.data[0]))
	p.panel++
}

// Close tells whether all rows have come.
func (p *Packer) Close() error {
	if panels := (int(p.m.out) + panelSize() - 1) / panelSize(); p.panel != panels {
		return fmt.Errorf("pack: %d of %d outputs came", p.panel*panelSize()+len(p.rows)/int(p.m.in), p.m.out)
	}
	return nil
}

// LoadMatrices reads the tensors of f that are called so, all f16 [in, out].
func LoadMatrices(f *gguf.File, names []string) (*Matrices, error) {
	specs := make([]MatrixSpec, len(names))
	for i, name := range names {
		t, err := f.Tensor(name)
		if err != nil {
			return nil, fmt.Errorf("load matrices: %w", err)
		}
		if t.Type != F16 || len(t.Shape) != 2 {
			return nil, fmt.Errorf("load matrices: tensor %q is %v%v", name, t.Type, t.Shape)
		}
		specs[i] = MatrixSpec{Name: name, Type: F16, In: t.Shape[0], Out: t.Shape[1]}
	}
	m, err := NewMatrices(specs)
	if err != nil {
		return nil, fmt.Errorf("load matrices: %w", err)
	}
	for _, s := range specs {
		if err := m.load(f, s); err != nil {
			m.Close()
			return nil, fmt.Errorf("load matrices: tensor %q: %w", s.Name, err)
		}
	}
	return m, nil
}

func (m *Matrices) load(f *gguf.File, s MatrixSpec) error {
	t, err := f.Tensor(s.Name)
	if err != nil {
		return err
	}
	src := make([]byte, t.Size)
	if err := f.ReadTensor(t, src); err != nil {
		return err
	}
	p, err := m.Packer(s.Name)
	if err != nil {
		return err
	}
	part := int64(panelSize()) * s.In // elements
	wide := make([]float32, part)
	for at := int64(0); at < s.In*s.Out; at += part {
		n := min(part, s.In*s.Out-at)
		if err := Convert(unsafe.Slice((*byte)(unsafe.Pointer(&wide[0])), 4*n), F32, src[2*at:2*(at+n)], F16, s.In); err != nil {
			return err
		}
		if err := p.Write(wide[:n]); err != nil {
			return err
		}
	}
	return p.Close()
}
