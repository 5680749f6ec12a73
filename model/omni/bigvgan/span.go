package bigvgan

import (
	"math"

	"omnilive/model/ggml"
)

// A span is a stretch of places of a signal, from up to but not including to.
type span struct{ from, to int64 }

// widen returns s with so many more places on each side.
func (s span) widen(left, right int64) span { return span{s.from - left, s.to + right} }

// within returns what of s lies in a signal of n places.
func (s span) within(n int64) span { return span{max(s.from, 0), min(s.to, n)} }

// open is the length of a signal whose end is not known yet.
const open = math.MaxInt64

// A signal is a stretch of a level's values in a graph: t is [channels, to-from], and n the length of the whole.
type signal struct {
	t ggml.Tensor
	span
	n int64
}

func (x signal) first() bool { return x.from == 0 }
func (x signal) last() bool  { return x.to == x.n }

// trimmed is where an operation leads that looks reach places to either side: at the ends of the whole it makes something
// up, elsewhere it gives that many places fewer.
func (x signal) trimmed(reach int64) span {
	s := x.span
	if !x.first() {
		s.from += reach
	}
	if !x.last() {
		s.to -= reach
	}
	return s
}

// cut returns the part of x that is s.
func (x signal) cut(g *ggml.Graph, s span) signal {
	if s == x.span {
		return x
	}
	return signal{g.Rows(x.t, s.from-x.from, s.to-x.from), s, x.n}
}
