package cosyvoice

import (
	"fmt"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// A snake is the activation x + sin²(αx)/α with an α for each channel ("Neural Networks Fail to Learn Periodic Functions
// and How to Fix It", Ziyin et al., 2020).
type snake struct{ alpha, inverse ggml.Tensor }

func planSnake(p *checkpoint.Plan, s *snake, name string, channels int) {
	shape := []int64{int64(channels)}
	p.Tensor(&s.alpha, name+".alpha", shape...)
	p.MadeTensor(&s.inverse, shape, []checkpoint.Need{{Name: name + ".alpha", Shape: shape}}, func(parts [][]float32) []float32 {
		inverse := make([]float32, channels)
		for i, a := range parts[0] {
			inverse[i] = 1 / (a + 1e-9)
		}
		return inverse
	})
}

func (s snake) apply(g *ggml.Graph, x ggml.Tensor) ggml.Tensor {
	return g.SinSquare(x, s.alpha, s.inverse)
}

// A snakeBlock adds to its input, for each of its dilations in turn, snake, convolution, snake, convolution of it.
type snakeBlock struct {
	dilated, plain []filter
	first, second  []snake
}

func planSnakes(p *checkpoint.Plan, b *snakeBlock, channels, kernel int, dilations []int) {
	n := len(dilations)
	b.dilated, b.plain, b.first, b.second = make([]filter, n), make([]filter, n), make([]snake, n), make([]snake, n)
	for i, d := range dilations {
		planFilter(p, &b.dilated[i], fmt.Sprintf("convs1.%d", i), channels, channels, same(kernel, d))
		planFilter(p, &b.plain[i], fmt.Sprintf("convs2.%d", i), channels, channels, same(kernel, 1))
		planSnake(p, &b.first[i], fmt.Sprintf("activations1.%d", i), channels)
		planSnake(p, &b.second[i], fmt.Sprintf("activations2.%d", i), channels)
	}
}

func (b snakeBlock) apply(g *ggml.Graph, x ggml.Tensor) ggml.Tensor {
	for i := range b.dilated {
		y := b.dilated[i].apply(g, b.first[i].apply(g, x))
		x = g.Add(x, b.plain[i].apply(g, b.second[i].apply(g, y)))
	}
	return x
}
