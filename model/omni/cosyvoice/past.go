package cosyvoice

import (
	"fmt"
	"strconv"

	"omnilive/model/ggml"
)

// A past holds what a causal network remembers of the columns it has seen: the keys and values of each attention and the
// last columns before each convolution. A network asks for them in the order in which it runs, so each run must be of the
// same network. The nil past remembers nothing: the columns of a run are all there are.
//
// Columns are counted in units, of which a slot of the network may have several columns each.
type past struct {
	slots    []slot
	next     int
	length   int // units remembered
	n        int // units of the run under way
	commit   int // how many of them to remember
	capacity int
	store    *ggml.Store // nil: a run only tells which slots there are
}

// A slot is one thing that a network remembers.
type slot struct {
	width int64
	rate  int64 // columns a unit
	taps  int64 // of a convolution; 0: keys or values
	t     ggml.Tensor
}

// begin begins a run of n units of which commit are to be remembered when it has ended well.
func (p *past) begin(n, commit int) {
	if p != nil {
		p.next, p.n, p.commit = 0, n, commit
	}
}

// end remembers what the run said.
func (p *past) end() {
	if p != nil {
		p.length += p.commit
	}
}

// taken returns the slot that is asked for, or a new one.
func (p *past) taken(x ggml.Tensor, taps int64) slot {
	if p.next == len(p.slots) && p.store == nil {
		p.slots = append(p.slots, slot{width: x.Dim(0), rate: x.Dim(1) / int64(p.n), taps: taps})
	}
	p.next++
	return p.slots[p.next-1]
}

// keep returns the keys (or values) of all columns, x[width, n] being those of the new ones.
func (p *past) keep(g *ggml.Graph, x ggml.Tensor) ggml.Tensor {
	if p == nil || g.Err() != nil {
		return x
	}
	s := p.taken(x, 0)
	if p.store == nil {
		return x
	}
	at := int64(p.length) * s.rate
	g.Do(g.Copy(x, g.Rows(s.t, at, at+x.Dim(1))))
	return g.Rows(s.t, 0, at+x.Dim(1))
}

// convolve is a causal convolution: each column sees itself and the taps-1 before it.
func (p *past) convolve(g *ggml.Graph, w ggml.Matrix, x, bias ggml.Tensor, taps int) ggml.Tensor {
	c := ggml.Conv{Kernel: taps, Stride: 1, Dilation: 1, Left: taps - 1}
	if p == nil || g.Err() != nil {
		return g.Convolve(w, x, bias, c)
	}
	s := p.taken(x, int64(taps))
	if p.store == nil {
		return g.Convolve(w, x, bias, c)
	}
	all := x
	if p.length > 0 {
		all = g.Concat(s.t, x, 1)
	} else {
		all = g.Pad(g.Cont(x), [4]int32{0, int32(taps - 1)}, [4]int32{})
	}
	if p.commit > 0 { // the old columns are read before they are written over: Do keeps the order
		g.Do(all)
		at := int64(p.commit) * s.rate
		g.Do(g.Copy(g.Rows(all, at, at+s.taps-1), s.t))
	}
	c.Left = 0
	return g.Convolve(w, all, bias, c)
}

// bytes returns what so many units take.
func (p *past) bytes(units int) int64 {
	n := int64(0)
	for _, s := range p.slots {
		n += 4 * s.width * s.columns(units)
	}
	return n
}

// columns returns how many columns s has room for.
func (s slot) columns(units int) int64 {
	if s.taps > 0 {
		return s.taps - 1
	}
	return s.rate * int64(units)
}

// sized returns an empty past of the same slots with room for so many units, where b computes.
func (p *past) sized(b *ggml.Backend, units int) (*past, error) {
	q := &past{slots: append([]slot(nil), p.slots...), capacity: units}
	specs := make([]ggml.Spec, len(q.slots))
	for i, s := range q.slots {
		specs[i] = ggml.Spec{Name: strconv.Itoa(i), Type: ggml.F32, Shape: []int64{s.width, s.columns(units)}}
	}
	var err error
	if q.store, err = b.NewStore(specs); err != nil {
		return nil, fmt.Errorf("room for what was said: %w", err)
	}
	for i := range q.slots {
		if q.slots[i].t, err = q.store.Tensor(specs[i].Name); err != nil {
			q.close()
			return nil, err
		}
	}
	return q, nil
}

// copyTo puts what p remembers into the larger q, by a graph.
func (p *past) copyTo(g *ggml.Graph, q *past) {
	for i, s := range p.slots {
		n := int64(p.length) * s.rate
		if s.taps > 0 {
			n = s.taps - 1
		}
		if n > 0 {
			g.Do(g.Copy(g.Rows(s.t, 0, n), g.Rows(q.slots[i].t, 0, n)))
		}
	}
	q.length = p.length
}

// close frees the memory. It is safe to call it twice, and on nil.
func (p *past) close() {
	if p != nil && p.store != nil {
		p.store.Close()
		p.store = nil
	}
}
