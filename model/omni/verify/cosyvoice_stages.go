package verify

import (
	"math"
	"slices"

	"omnilive/model/omni/cosyvoice"
)

// stages are the intermediate values of a run by name, each time one was made.
type stages map[string][][]float32

func (s *stages) watch(r *Run, d *cosyvoice.Decoder) {
	*s = stages{}
	keep := func(stage string, v []float32) {
		(*s)[stage] = append((*s)[stage], append([]float32(nil), v...))
	}
	r.Backend.Observe(keep)
	d.Watch(keep)
}

func (s *stages) stop(r *Run, d *cosyvoice.Decoder) {
	r.Backend.Observe(nil)
	d.Watch(nil)
}

// value returns what a stage was the at-th time, nothing where it was not.
func (s stages) value(stage string, at int) []float32 {
	if at < len(s[stage]) {
		return s[stage][at]
	}
	return nil
}

// all returns the values of every time, one after the other: the runs of an utterance that is made in parts.
func (s stages) all(stage string) []float32 { return slices.Concat(s[stage]...) }

// turned turns rows of width values into columns.
func turned(v []float32, width int) []float32 {
	if width < 1 || len(v)%width != 0 {
		return nil
	}
	rows := len(v) / width
	out := make([]float32, len(v))
	for i := range rows {
		for j := range width {
			out[j*rows+i] = v[i*width+j]
		}
	}
	return out
}

// distance is the greatest difference.
func distance(a, b []float32) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	d := 0.0
	for i := range a {
		d = max(d, math.Abs(float64(a[i]-b[i])))
	}
	return d
}
