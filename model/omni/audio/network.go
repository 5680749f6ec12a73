package audio

import (
	"fmt"
	"math"

	"omnilive/model/ggml"
)

// build encodes frames [bands, n] of a piece: 2·states+1 of them, or all of a whole piece. It returns the rows.
//
// Keys of silence that was added are masked in the reference, so states behind the sound's reach nothing, and the
// last state hears one frame behind its own pair.
func (e *Encoder) build(g *ggml.Graph, frames ggml.Tensor, states, rows int) ggml.Tensor {
	c, w := e.c.Audio, &e.w
	front := ggml.Conv{Kernel: 3, Stride: 1, Dilation: 1, Left: 1}
	if frames.Dim(1) == int64(c.Positions*halves) {
		front.Right = 1 // the piece ends here
	}
	x := g.GELU(g.Convolve(w.front.W, frames, w.front.Bias, front))
	x = g.GELU(g.Convolve(w.half.W, x, w.half.Bias, ggml.Conv{Kernel: 3, Stride: 2, Dilation: 1, Left: 1}))
	x = g.Stage("conv_pos", g.Add(x, g.Rows(w.positions, 0, int64(states))))
	for i := range w.layers {
		x = g.Stage(fmt.Sprintf("layer.%d", i), w.layers[i].of(g, x, c))
	}
	x = g.Stage("encoder", w.norm.of(g, pool(g, x, int64(rows))))
	return g.Apply(w.to, g.Linear(w.in.W, x, w.in.Bias, ggml.Tensor{}, true))
}

// of is one block: attention among all states, then the perceptron, each on what a norm leaves and added to its input.
func (l *layer) of(g *ggml.Graph, x ggml.Tensor, c Shape) ggml.Tensor {
	a := l.attend.of(g, x)
	k := g.Linear(l.k, a, ggml.Tensor{}, ggml.Tensor{}, false)
	scale := float32(1 / math.Sqrt(float64(c.Width/c.Heads)))
	y := g.Attend(g.Apply(l.q, a), k, g.Apply(l.v, a), c.Heads, scale, false)
	x = g.Linear(l.out.W, y, l.out.Bias, x, false)
	m := g.Linear(l.up.W, l.think.of(g, x), l.up.Bias, ggml.Tensor{}, true)
	return g.Linear(l.down.W, m, l.down.Bias, x, false)
}

// pool returns the means of neighbours.
func pool(g *ggml.Graph, x ggml.Tensor, rows int64) ggml.Tensor {
	width := x.Dim(0)
	every := func(at int64) ggml.Tensor {
		return g.Cont(g.View(x, [4]int64{width, rows, 1, 1}, [3]int64{halves * width, halves * width * rows, halves * width * rows}, at*width))
	}
	return g.Scale(g.Add(every(0), every(1)), 1./halves)
}
