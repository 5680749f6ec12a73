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
	Type     ggml.Type               // of matrices: F32, F16, BF16 or Q8_0 (F16 where a row is no whole number of blocks); 0 is F32
	Progress func(done, total int64) // called from Load with bytes read, may be nil
}

// Weights are the loaded tensors of a plan.
type Weights struct{ store *ggml.Store }

// Size returns the bytes held.
func (w *Weights) Size() int { return w.store.Size() }

// Close frees the weights; no network made of them may run afterwards. It is safe to call it twice.
func (w *Weights) Close() {
	if w.store != nil {
		w.store.Close()
	}
}

// Load reads everything the plan wants. Where the plan has mistakes it returns them all and takes no memory.
func (p *Plan) Load(ctx context.Context, o Options) (*Weights, error) {
	if err := p.Err(); err != nil {
		return nil, fmt.Errorf("these weights do not fit:\n%w", err)
	}
	specs, total := make([]ggml.Spec, 0, len(p.items)), int64(0)
	for i, it := range p.items {
		for _, t := range it.needs {
			total += t.Bytes()
		}
		if it.shape != nil {
			specs = append(specs, ggml.Spec{Name: strconv.Itoa(i), Type: it.kept(o.Type), Shape: it.shape})
		}
	}
	l := &loader{p: p, o: o, total: total, ctx: ctx}
	if len(specs) > 0 {
		var err error
		if l.store, err = ggml.NewStore(specs); err != nil {
			return nil, fmt.Errorf("load weights: %w", err)
		}
	}
	for i := range p.items {
		if err := l.item(i); err != nil {
			if l.store != nil {
				l.store.Close()
			}
			return nil, fmt.Errorf("load weights: %w", err)
		}
	}
	return &Weights{store: l.store}, nil
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
	store       *ggml.Store
	done, total int64
}

func (l *loader) item(i int) error {
	it, key := &l.p.items[i], strconv.Itoa(i)
	var err error
	switch {
	case it.make != nil:
		err = l.made(it, key)
	default:
		err = l.copied(it.needs[0], it.kept(l.o.Type), l.store.Bytes(key))
	}
	if err != nil || it.set == nil {
		return err
	}
	return it.set(l.store, key)
}

// made reads the parts of an item, computes it, and keeps it.
func (l *loader) made(it *item, key string) error {
	parts := make([][]float32, len(it.needs))
	for i, t := range it.needs {
		parts[i] = make([]float32, t.Elements())
		if err := l.copied(t, ggml.F32, floatBytes(parts[i])); err != nil {
			return err
		}
	}
	v := it.make(parts)
	if it.floats != nil {
		it.floats(v)
		return nil
	}
	n := int64(1)
	for _, d := range it.shape {
		n *= d
	}
	if int64(len(v)) != n {
		return fmt.Errorf("%d numbers made of %q for %v", len(v), it.needs[0].Name, it.shape)
	}
	to := it.kept(l.o.Type)
	if to == ggml.F32 {
		copy(l.store.Bytes(key), floatBytes(v))
		return nil
	}
	return ggml.Convert(l.store.Bytes(key), to, floatBytes(v), ggml.F32, it.shape[0])
}

// copied reads a tensor into dst as another type, some rows at a time.
func (l *loader) copied(t Tensor, to ggml.Type, dst []byte) error {
	if t.Type == to && quantised(to) {
		return l.raw(t, dst)
	}
	unit, err := elementBytes(t.Type)
	if err != nil {
		return fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	width := int64(1)
	for _, d := range t.Shape[min(1, len(t.Shape)):] {
		width *= d
	}
	if len(t.Shape) < 2 {
		width = t.Elements()
	}
	n := max(1, chunk/(width*unit))
	rows := t.Elements() / width
	src, wide := make([]byte, min(n, rows)*width*unit), make([]float32, min(n, rows)*width)
	for row := int64(0); row < rows; row += n {
		if err := context.Cause(l.ctx); err != nil {
			return err
		}
		m := min(n, rows-row) * width
		if err := l.p.src.Read(t, row*width*unit, src[:m*unit]); err != nil {
			return err
		}
		if err := widen(wide[:m], src[:m*unit], t.Type); err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		part, err := to.Size([]int64{width})
		if err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		at := row * part
		if err := narrow(dst[at:at+min(n, rows-row)*part], to, wide[:m], width); err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		l.progress(m * unit)
	}
	return nil
}

// raw reads a tensor whose blocks stay as they are.
func (l *loader) raw(t Tensor, dst []byte) error {
	for at := 0; at < len(dst); at += chunk {
		if err := context.Cause(l.ctx); err != nil {
			return err
		}
		part := dst[at:min(at+chunk, len(dst))]
		if err := l.p.src.Read(t, int64(at), part); err != nil {
			return err
		}
		l.progress(int64(len(part)))
	}
	return nil
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
