package bigvgan

import (
	"fmt"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// A block is a residual block: steps of two convolutions, each behind an activation.
type block struct{ steps []step }

type step struct {
	before, between bend
	wide, near      conv // dilated, and not
}

func (b *block) declare(p *checkpoint.Plan, name string, c Config, channels, taps int, gaps []int) {
	b.steps = make([]step, len(gaps))
	for j, gap := range gaps {
		s := &b.steps[j]
		s.before.declare(p, fmt.Sprintf("%s.activations.%d", name, 2*j), c, channels)
		s.wide.declare(p, fmt.Sprintf("%s.convs1.%d.conv", name, j), channels, channels, taps, gap, true)
		s.between.declare(p, fmt.Sprintf("%s.activations.%d", name, 2*j+1), c, channels)
		s.near.declare(p, fmt.Sprintf("%s.convs2.%d.conv", name, j), channels, channels, taps, 1, true)
	}
}

// reach returns how many places to either side an output looks.
func (b *block) reach() (n int64) {
	for i := range b.steps {
		s := &b.steps[i]
		n += s.before.reach() + s.wide.reach() + s.between.reach() + s.near.reach()
	}
	return n
}

// apply needs x to have reach more places than are wanted on either side. first is told of the first activation.
func (b *block) apply(g *ggml.Graph, x signal, first func(signal)) signal {
	for i := range b.steps {
		s := &b.steps[i]
		y := s.before.apply(g, x)
		if i == 0 && first != nil {
			first(y)
		}
		y = s.wide.apply(g, y, nil)
		y = s.between.apply(g, y)
		x = s.near.apply(g, y, &x)
	}
	return x
}
