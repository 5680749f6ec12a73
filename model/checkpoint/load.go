package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	"omnilive/model/ggml"
)

// chunk is how many bytes are read at once.
const chunk = 8 << 20

// Options say where and how weights are kept.
type Options struct {
	Backend  *ggml.Backend
	Type     ggml.Type               // of matrices: F32, F16, BF16 or Q8_0 (on other devices F16 where a row is no whole number of blocks); 0 is F32
	Progress func(done, total int64) // called from Load with bytes read, may be nil
}

// Weights are the loaded tensors of a plan.
type Weights struct {
	store    *ggml.Store
	matrices *ggml.Matrices // packed for the processor
}

// Size returns the bytes held.
func (w *Weights) Size() (n int) {
	if w.store != nil {
		n = w.store.Size()
	}
	if w.matrices != nil {
		n += w.matrices.Size()
	}
	return n
}

// Close frees the weights; no network made of them may run afterwards. It is safe to call it twice.
func (w *Weights) Close() {
	if w.store != nil {
		w.store.Close()
	}
	if w.matrices != nil {
		w.matrices.Close()
	}
}

// Load reads everything the plan wants. Where the plan has mistakes it returns them all and takes no memory.
func (p *Plan) Load(ctx context.Context, o Options) (*Weights, error) {
	if err := p.Err(); err != nil {
		return nil, fmt.Errorf("these weights do not fit:\n%w", err)
	}
	l := &loader{p: p, o: o, ctx: ctx}
	if err := l.load(); err != nil {
		l.w.Close()
		return nil, fmt.Errorf("load weights: %w", err)
	}
	return &l.w, nil
}

// load makes room for everything, then brings one item after the other.
func (l *loader) load() (err error) {
	var specs []ggml.Spec
	var packs []ggml.MatrixSpec
	for i := range l.p.items {
		it, key := &l.p.items[i], strconv.Itoa(i)
		for _, t := range it.needs {
			l.total += t.Bytes()
		}
		switch {
		case l.packs(it):
			packs = append(packs, ggml.MatrixSpec{Name: key, Type: it.panels(l.o.Type), In: it.shape[0], Out: it.shape[1], Taps: it.taps})
		case it.shape != nil:
			specs = append(specs, ggml.Spec{Name: key, Type: it.kept(l.o.Type), Shape: it.shape})
		}
	}
	if len(specs) > 0 {
		if l.w.store, err = l.newStore(specs); err != nil {
			return err
		}
	}
	if len(packs) > 0 {
		if l.w.matrices, err = ggml.NewMatrices(packs); err != nil {
			return err
		}
	}
	for i := range l.p.items {
		if err := l.item(&l.p.items[i], strconv.Itoa(i)); err != nil {
			return err
		}
	}
	return nil
}

// packs tells whether an item is packed for the kernels of the processor.
func (l *loader) packs(it *item) bool {
	if !it.matrix || l.o.Backend == nil || !l.o.Backend.Packs() {
		return false
	}
	switch l.o.Type {
	case ggml.F32, ggml.F16, ggml.BF16, ggml.Q8_0:
		return it.make != nil || !quantised(it.needs[0].Type) || it.needs[0].Type == ggml.Q8_0
	}
	return false
}

// panels is the type in which an item is packed: q8_0 where it is stored so, as its numbers have no more to give.
func (it *item) panels(want ggml.Type) ggml.Type {
	if it.make == nil && it.needs[0].Type == ggml.Q8_0 {
		return ggml.Q8_0
	}
	return want
}

// kept is the type in which an item is kept.
func (it *item) kept(want ggml.Type) ggml.Type {
	if !it.matrix {
		return ggml.F32
	}
	if len(it.needs) == 1 && it.make == nil && quantised(it.needs[0].Type) {
		return it.needs[0].Type
	}
	if _, err := want.Size(it.shape); err != nil {
		return ggml.F16
	}
	return want
}

// quantised tells whether t keeps its numbers in blocks.
func quantised(t ggml.Type) bool {
	_, err := t.Size([]int64{1})
	return err != nil
}

type loader struct {
	p           *Plan
	o           Options
	ctx         context.Context
	w           Weights
	done, total int64
}

// item brings one item to where it lies for good, and tells its destination.
func (l *loader) item(it *item, key string) error {
	if l.packs(it) {
		return l.packed(it, key)
	}
	var err error
	if it.make != nil {
		err = l.made(it, key)
	} else {
		err = l.stored(it.needs[0], it.kept(l.o.Type), newTarget(l.w.store, key))
	}
	if err != nil || it.set == nil {
		return err
	}
	t, err := l.w.store.Tensor(key)
	it.set(t)
	return err
}

// packed brings a matrix in the order of the kernels.
func (l *loader) packed(it *item, key string) error {
	p, err := l.w.matrices.Packer(key)
	if err != nil {
		return err
	}
	if it.make == nil {
		err = l.rows(it.needs[0], p.Write)
	} else {
		var v []float32
		if v, err = l.computed(it); err == nil {
			err = p.Write(v)
		}
	}
	if err != nil {
		return err
	}
	if err := p.Close(); err != nil {
		return fmt.Errorf("tensor %q: %w", it.needs[0].Name, err)
	}
	m, err := l.w.matrices.Matrix(key, int(it.shape[0]), int(it.shape[1]))
	*it.matrixTo = m
	return err
}

// computed reads the parts of an item and makes its numbers of them.
func (l *loader) computed(it *item) ([]float32, error) {
	parts := make([][]float32, len(it.needs))
	for i, t := range it.needs {
		parts[i] = make([]float32, 0, t.Elements())
		if err := l.rows(t, func(rows []float32) error { parts[i] = append(parts[i], rows...); return nil }); err != nil {
			return nil, err
		}
	}
	v := it.make(parts)
	if it.shape == nil {
		return v, nil
	}
	n := int64(1)
	for _, d := range it.shape {
		n *= d
	}
	if int64(len(v)) != n {
		return nil, fmt.Errorf("%d numbers made of %q for %v", len(v), it.needs[0].Name, it.shape)
	}
	return v, nil
}

// made computes an item and keeps it as a tensor or in Go's memory.
func (l *loader) made(it *item, key string) error {
	v, err := l.computed(it)
	if err != nil {
		return err
	}
	if it.floats != nil {
		it.floats(v)
		return nil
	}
	kept := it.kept(l.o.Type)
	size, err := kept.Size(it.shape)
	if err != nil {
		return err
	}
	return newTarget(l.w.store, key).next(size, func(dst []byte) error { return narrow(dst, kept, v, it.shape[0]) })
}

// stored reads a tensor to where it is to lie, as another type.
func (l *loader) stored(t Tensor, to ggml.Type, dst *target) error {
	if t.Type == to && quantised(to) {
		return l.raw(t, dst)
	}
	part, err := to.Size([]int64{width(t)})
	if err != nil {
		return fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	return l.rows(t, func(rows []float32) error {
		n := int64(len(rows)) / width(t) * part
		return dst.next(n, func(dst []byte) error { return narrow(dst, to, rows, width(t)) })
	})
}

// width is how many numbers a row of t has; a tensor of one dimension is one row.
func width(t Tensor) int64 {
	if len(t.Shape) < 2 {
		return t.Elements()
	}
	return t.Elements() / t.Shape[0]
}

// rows hands some whole rows of t after the other to put, as f32.
func (l *loader) rows(t Tensor, put func(rows []float32) error) error {
	row, err := stretch(t.Type, width(t))
	if err != nil {
		return fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	count := t.Elements() / width(t)
	step := min(max(1, chunk/row), count)
	src, wide := make([]byte, step*row), make([]float32, step*width(t))
	for at := int64(0); at < count; at += step {
		if err := context.Cause(l.ctx); err != nil {
			return err
		}
		n := min(step, count-at)
		if err := l.p.src.Read(t, at*row, src[:n*row]); err != nil {
			return err
		}
		v := wide[:n*width(t)]
		if err := widen(v, src[:n*row], t.Type); err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		if err := put(v); err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		l.progress(n * row)
	}
	return nil
}

// raw reads a tensor whose blocks stay as they are.
func (l *loader) raw(t Tensor, dst *target) error {
	for left := t.Bytes(); left > 0; left -= chunk {
		if err := context.Cause(l.ctx); err != nil {
			return err
		}
		n, at := min(left, chunk), t.Bytes()-left
		if err := dst.next(n, func(dst []byte) error { return l.p.src.Read(t, at, dst) }); err != nil {
			return err
		}
		l.progress(n)
	}
	return nil
}

// newStore makes room on the backend.
func (l *loader) newStore(specs []ggml.Spec) (*ggml.Store, error) {
	if l.o.Backend == nil {
		return ggml.NewStore(specs)
	}
	return l.o.Backend.NewStore(specs)
}

func (l *loader) progress(n int64) {
	l.done += n
	if l.o.Progress != nil {
		l.o.Progress(l.done, l.total)
	}
}

var errNotFinite = errors.New("holds a number that is not finite: the file is damaged")

func finite(v []float32) error {
	for _, x := range v {
		if math.Float32bits(x)&0x7f800000 == 0x7f800000 {
			return errNotFinite
		}
	}
	return nil
}
