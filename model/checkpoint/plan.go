package checkpoint

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"omnilive/model/ggml"
)

// A Need is a tensor by name, with the shape it must have.
type Need struct {
	Name  string
	Shape []int64
}

// A Plan lists what a network takes from a Source and where each tensor goes when it is loaded. The destinations that are
// given to it must stay where they are until Load returns. Names may be named once; what is wrong is collected, see Err.
type Plan struct {
	*list
	prefix string
}

type list struct {
	src   Source
	items []item
	named map[string]bool
	wants []Need
	wrong []error
}

// An item is one thing to load: where it lies for good, what it is made of, and who wants it.
type item struct {
	needs    []Tensor
	shape    []int64                           // ggml's order; nil: not kept in a Store
	matrix   bool                              // may be kept in another type than f32, and packed
	taps     int64                             // of a matrix that convolves
	make     func(parts [][]float32) []float32 // nil: as it is read
	set      func(ggml.Tensor)                 // gives the destination what was loaded,
	matrixTo *ggml.Matrix                      // where it is packed, or
	floats   func([]float32)                   // where it lies in Go's memory
}

// NewPlan returns an empty plan over src.
func NewPlan(src Source) *Plan {
	return &Plan{list: &list{src: src, named: map[string]bool{}}}
}

// At returns the same plan with names that go on after prefix.
func (p *Plan) At(prefix string) *Plan { return &Plan{list: p.list, prefix: p.prefix + prefix} }

// Find tells of a tensor without wanting it: for dimensions that only a shape tells.
func (p *Plan) Find(name string) (Tensor, bool) { return p.src.Lookup(p.prefix + name) }

// Tensor wants a tensor as f32. In ggml its dimensions are those of shape in reverse.
func (p *Plan) Tensor(dst *ggml.Tensor, name string, shape ...int64) {
	p.add(item{needs: p.need(Need{name, shape}), shape: reversed(shape), set: func(t ggml.Tensor) { *dst = t }})
}

// Matrix wants a tensor as a matrix of shape[0] outputs; all other dimensions together are its inputs.
func (p *Plan) Matrix(dst *ggml.Matrix, name string, shape ...int64) {
	if len(shape) < 2 {
		p.Fail(fmt.Errorf("tensor %q: a matrix of shape %v", p.prefix+name, shape))
		return
	}
	in := int64(1)
	for _, d := range shape[1:] {
		in *= d
	}
	p.add(item{needs: p.need(Need{name, shape}), shape: []int64{in, shape[0]}, matrix: true, set: toMatrix(dst), matrixTo: dst})
}

// Linear wants name.weight (out, in) and name.bias (out).
func (p *Plan) Linear(dst *ggml.Affine, name string, out, in int64) {
	p.Matrix(&dst.W, name+".weight", out, in)
	p.Tensor(&dst.Bias, name+".bias", out)
}

// Conv wants the weight (out, in, kernel) of a convolution along time in the order that Graph.Convolve reads: for each
// output all inputs of the first tap, then those of the next.
func (p *Plan) Conv(dst *ggml.Matrix, name string, out, in, kernel int64) {
	p.MadeConv(dst, out, in, kernel, []Need{{name, []int64{out, in, kernel}}}, func(parts [][]float32) []float32 {
		return tapsOutermost(parts[0], int(out), int(in), int(kernel))
	})
}

func tapsOutermost(w []float32, out, in, kernel int) []float32 {
	t := make([]float32, len(w))
	for o := range out {
		row, to := w[o*in*kernel:(o+1)*in*kernel], t[o*in*kernel:]
		for c := range in {
			for k := range kernel {
				to[k*in+c] = row[c*kernel+k]
			}
		}
	}
	return t
}

// Floats wants a tensor as f32 in Go's memory.
func (p *Plan) Floats(dst *[]float32, name string, shape ...int64) {
	p.MadeFloats(dst, []Need{{name, shape}}, nil)
}

// Unused names a tensor that belongs to the component and is not read. It must be there and have this shape.
func (p *Plan) Unused(name string, shape ...int64) { p.need(Need{name, shape}) }

// Made wants a matrix of out rows of in inputs that f computes, row by row, from other tensors.
func (p *Plan) Made(dst *ggml.Matrix, out, in int64, from []Need, f func(parts [][]float32) []float32) {
	p.add(item{needs: p.need(from...), shape: []int64{in, out}, matrix: true, make: f, set: toMatrix(dst), matrixTo: dst})
}

// MadeConv is Made for a convolution along time: for each output f gives all inputs of the first tap, then those of the next.
func (p *Plan) MadeConv(dst *ggml.Matrix, out, in, kernel int64, from []Need, f func(parts [][]float32) []float32) {
	p.add(item{
		needs: p.need(from...), shape: []int64{kernel * in, out}, matrix: true, taps: kernel, make: f, set: toMatrix(dst), matrixTo: dst,
	})
}

// MadeTensor wants an f32 tensor of this shape that f computes from other tensors.
func (p *Plan) MadeTensor(dst *ggml.Tensor, shape []int64, from []Need, f func(parts [][]float32) []float32) {
	p.add(item{needs: p.need(from...), shape: reversed(shape), make: f, set: func(t ggml.Tensor) { *dst = t }})
}

// MadeFloats wants numbers in Go's memory that f computes from other tensors; without f they are the first of these.
func (p *Plan) MadeFloats(dst *[]float32, from []Need, f func(parts [][]float32) []float32) {
	if f == nil {
		f = func(parts [][]float32) []float32 { return parts[0] }
	}
	p.add(item{needs: p.need(from...), make: f, floats: func(v []float32) { *dst = v }})
}

// Fail adds a mistake of the network's own, an impossible config for one.
func (p *Plan) Fail(err error) { p.wrong = append(p.wrong, err) }

// Err returns everything that is wrong: missing tensors, other shapes and what Fail was told.
func (p *Plan) Err() error { return errors.Join(p.wrong...) }

// Extra returns the tensors whose names begin with prefix and that no plan wanted.
func (p *Plan) Extra(prefix string) []Tensor {
	var extra []Tensor
	for _, t := range p.src.Tensors() {
		if strings.HasPrefix(t.Name, p.prefix+prefix) && !p.named[t.Name] {
			extra = append(extra, t)
		}
	}
	return extra
}

// Named returns how many tensors the plan names, those that are not there included.
func (p *Plan) Named() int { return len(p.named) }

// Wants returns the tensors that the plan names, by their whole names, in that order: what a checkpoint has to have.
func (p *Plan) Wants() []Need { return slices.Clone(p.wants) }

// NamedBelow is Named for names that begin with prefix.
func (p *Plan) NamedBelow(prefix string) (n int) {
	for name := range p.named {
		if strings.HasPrefix(name, p.prefix+prefix) {
			n++
		}
	}
	return n
}

// need looks tensors up and compares their shapes.
func (p *Plan) need(needs ...Need) []Tensor {
	found := make([]Tensor, 0, len(needs))
	for _, n := range needs {
		name := p.prefix + n.Name
		p.named[name] = true
		p.wants = append(p.wants, Need{name, n.Shape})
		t, ok := p.src.Lookup(name)
		switch {
		case !ok:
			p.Fail(fmt.Errorf("tensor %q is missing, want %v", name, n.Shape))
		case !slices.Equal(t.Shape, n.Shape):
			p.Fail(fmt.Errorf("tensor %q has shape %v, want %v", name, t.Shape, n.Shape))
		case t.Elements() == 0:
			p.Fail(fmt.Errorf("tensor %q is empty", name))
		}
		found = append(found, t)
	}
	return found
}

func (p *Plan) add(i item) { p.items = append(p.items, i) }

func reversed(shape []int64) []int64 {
	r := slices.Clone(shape)
	slices.Reverse(r)
	if len(r) == 0 {
		return []int64{1}
	}
	return r
}

func toMatrix(dst *ggml.Matrix) func(ggml.Tensor) {
	return func(t ggml.Tensor) { *dst = ggml.PlainMatrix(t) }
}
