package whisper

import (
	"math"

	"omnilive/model/ggml"
)

// encode builds the encoder (Radford et al. 2022, figure 1) over mel, the windows of three frames laid side by side
// [3·bands, n], n even, and returns its states [width, n/2].
//
// Each layer keeps its keys and values as the first ones of around and attends to all maxStates positions of it.
func (w *weights) encode(g *ggml.Graph, c config, mel ggml.Tensor, around []*ggml.Memory) ggml.Tensor {
	x := w.convolve2(g, w.conv1.gelu(g, mel)) // [width, n], then [width, n/2]
	x = g.Add(x, g.Rows(w.encoderPos, 0, x.Dim(1)))
	for i, l := range w.encoder {
		qkv := l.qkv.of(g, l.selfNorm.of(g, x)) // [3·width, n/2]
		g.Do(g.Keep(around[i], third(g, c, qkv, 1), third(g, c, qkv, 2)))
		y := g.Recall(third(g, c, qkv, 0), around[i], maxStates, c.scale())
		x = l.perceptron(g, l.out.plus(g, y, x))
	}
	return w.encoderNorm.of(g, x)
}

// convolve2 is the convolution over three frames in steps of two, as products with the frame before each pair and with
// the pair, which lie in order already.
func (w *weights) convolve2(g *ggml.Graph, x ggml.Tensor) ggml.Tensor {
	width, n := x.Dim(0), x.Dim(1)/2
	odd := g.View(x, [4]int64{width, n, 1, 1}, [3]int64{2 * width, 2 * width * n, 2 * width * n}, width)
	// The frame before pair i+1 is the odd frame of pair i; before the first pair is nothing.
	before := g.Linear(w.before, odd, ggml.Tensor{}, ggml.Tensor{}, false)
	before = g.Rows(g.Pad(before, [4]int32{0, 1}, [4]int32{}), 0, n)
	return w.conv2.gelu2(g, g.Reshape(x, 2*width, n), before)
}

// gelu2 returns GELU(weight·x + bias + y).
func (l linear) gelu2(g *ggml.Graph, x, y ggml.Tensor) ggml.Tensor { return g.GELU(l.plus(g, x, y)) }

func (c config) scale() float32 { return float32(1 / math.Sqrt(float64(c.headSize))) }
