package bigvgan

import (
	"fmt"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// A level is a part of the network whose outputs are kept between two pieces.
type level interface {
	width() int                                     // values of an input
	rate() int64                                    // outputs of an input
	need(out span) span                             // inputs on which outputs hang, those outside the signal included
	ready(in int64) int64                           // outputs that the first inputs are enough for
	build(g *ggml.Graph, x signal, out span) signal // out of the inputs that need names
}

// An entry is the convolution over units and speaker.
type entry struct {
	conv conv
	in   int
}

func (e *entry) width() int           { return e.in }
func (e *entry) rate() int64          { return 1 }
func (e *entry) need(out span) span   { return out.widen(e.conv.reach(), e.conv.reach()) }
func (e *entry) ready(in int64) int64 { return in - e.conv.reach() }

func (e *entry) build(g *ggml.Graph, x signal, out span) signal {
	y := e.conv.apply(g, x, nil).cut(g, out)
	y.t = g.Stage("conv_pre", y.t)
	return y
}

// A stage lengthens the signal and takes the mean of its blocks.
type stage struct {
	number, in int
	lift       lift
	blocks     []block
}

func (s *stage) declare(p *checkpoint.Plan, c Config, number int) {
	s.number, s.in = number, c.Channels>>number
	out := s.in / 2
	s.lift.declare(p, fmt.Sprintf("ups.%d.0.deconv", number), out, s.in, c.RateTaps[number], c.Rates[number])
	s.blocks = make([]block, len(c.BlockTaps))
	for i := range s.blocks {
		name := fmt.Sprintf("resblocks.%d", number*len(s.blocks)+i)
		s.blocks[i].declare(p, name, c, out, c.BlockTaps[i], c.BlockGaps[i])
	}
}

func (s *stage) width() int  { return s.in }
func (s *stage) rate() int64 { return s.lift.rate }

func (s *stage) reach() (n int64) {
	for i := range s.blocks {
		n = max(n, s.blocks[i].reach())
	}
	return n
}

func (s *stage) need(out span) span   { return s.lift.need(out.widen(s.reach(), s.reach())) }
func (s *stage) ready(in int64) int64 { return s.lift.ready(in) - s.reach() }

func (s *stage) build(g *ggml.Graph, x signal, out span) signal {
	x = s.lift.apply(g, x)
	x.t = g.Stage(fmt.Sprintf("up%d", s.number), x.t)
	var sum ggml.Tensor
	for i := range s.blocks {
		b := &s.blocks[i]
		in := out.widen(b.reach(), b.reach()).within(x.n)
		y := b.apply(g, x.cut(g, in), s.watch(g, i)).cut(g, out)
		y.t = g.Stage(fmt.Sprintf("resblock%d", s.number*len(s.blocks)+i), y.t)
		if i == 0 {
			sum = y.t
		} else {
			sum = g.Add(sum, y.t)
		}
	}
	if n := len(s.blocks); n > 1 {
		sum = g.Scale(sum, 1/float32(n))
	}
	return signal{sum, out, x.n}
}

// watch names the very first activation.
func (s *stage) watch(g *ggml.Graph, block int) func(signal) {
	if s.number != 0 || block != 0 {
		return nil
	}
	return func(y signal) { g.Stage("first_activation", y.t) }
}

// An exit makes samples.
type exit struct {
	bend bend
	conv conv
	in   int
}

func (e *exit) reach() int64         { return e.bend.reach() + e.conv.reach() }
func (e *exit) width() int           { return e.in }
func (e *exit) rate() int64          { return 1 }
func (e *exit) need(out span) span   { return out.widen(e.reach(), e.reach()) }
func (e *exit) ready(in int64) int64 { return in - e.reach() }

func (e *exit) build(g *ggml.Graph, x signal, out span) signal {
	x = e.bend.apply(g, x)
	x.t = g.Stage("activation_post", x.t)
	return e.conv.apply(g, x, nil).cut(g, out)
}
