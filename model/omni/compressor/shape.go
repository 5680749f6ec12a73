package compressor

import (
	"fmt"

	"omnilive/model/checkpoint"
)

// A Shape is the network's dimensions, all of which its tensors tell.
type Shape struct {
	In, Width, Out int // of a row that comes in, within, and of a row that goes out
	Chunk          int // rows that become one
	Inner          int // width of the recurrence, shared by its heads
	Heads, States  int
	Taps           int // of the convolution before it
}

// channels are those of the convolution: x, B and C.
func (s Shape) channels() int { return s.Inner + 2*s.States }

// headSize is the part of Inner that one head has.
func (s Shape) headSize() int { return s.Inner / s.Heads }

// Most values of a dimension.
const (
	maxWidth = 1 << 16
	maxChunk = 1 << 10
)

// readShape finds the dimensions below p.
func readShape(p *checkpoint.Plan) (s Shape, err error) {
	var channels int
	for _, f := range []struct {
		name string
		at   int // dimension
		dims int
		most int
		to   *int
	}{
		{"input_proj.weight", 1, 2, maxWidth, &s.In},
		{"input_proj.weight", 0, 2, maxWidth, &s.Width},
		{"output_proj.weight", 0, 2, maxWidth, &s.Out},
		{layer + "weight_fc.weight", 0, 2, maxChunk, &s.Chunk},
		{layer + "mixer.norm.weight", 0, 1, maxWidth, &s.Inner},
		{layer + "mixer.A_log", 0, 1, maxWidth, &s.Heads},
		{layer + "mixer.conv1d.weight", 2, 3, 64, &s.Taps},
		{layer + "mixer.conv1d.weight", 0, 3, maxWidth, &channels},
	} {
		t, ok := p.Find(f.name)
		if !ok {
			return s, fmt.Errorf("tensor %q is missing", f.name)
		}
		if len(t.Shape) != f.dims || t.Shape[f.at] < 1 || t.Shape[f.at] > int64(f.most) {
			return s, fmt.Errorf("tensor %q has shape %v, want %d dimensions, the one at %d from 1 to %d", f.name, t.Shape, f.dims, f.at, f.most)
		}
		*f.to = int(t.Shape[f.at])
	}
	s.States = (channels - s.Inner) / 2
	if s.Inner%s.Heads != 0 || s.States < 1 || s.channels() != channels || s.Taps < 2 || s.Taps > s.Chunk+1 {
		return s, fmt.Errorf("a recurrence of %d channels, %d within, %d heads and %d taps over chunks of %d", channels, s.Inner, s.Heads, s.Taps, s.Chunk)
	}
	if _, more := p.Find("model.layers.1.norm.weight"); more {
		return s, fmt.Errorf("more than one layer")
	}
	return s, nil
}
