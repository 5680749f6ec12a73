package whisper

import (
	"math"

	"omnilive/model/ggml"
)

// encode builds the encoder (Radford et al. 2022, figure 1) over mel, the windows of three frames laid side by side
// [3·bands, n], n even, and returns its states [width, n/2].
func (w *weights) encode(g *ggml.Graph, c config, mel ggml.Tensor) ggml.Tensor {
	x := g.GELU(w.conv1.of(g, mel)) // [width, n]
	x = g.GELU(w.convolve2(g, x))   // [width, n/2]
	x = g.Add(x, g.Rows(w.encoderPos, 0, x.Dim(1)))
	for _, l := range w.encoder {
		x = g.Add(x, l.attend(g, c, l.selfNorm.of(g, x)))
		x = g.Add(x, l.perceptron(g, x))
	}
	return w.encoderNorm.of(g, x)
}

// convolve2 is the convolution over three frames in steps of two, as products with the pair of frames and with the one
// before, which lie in order already.
func (w *weights) convolve2(g *ggml.Graph, x ggml.Tensor) ggml.Tensor {
	width, n := x.Dim(0), x.Dim(1)/2
	pair := g.MulMat(w.conv2.weight, g.Reshape(x, 2*width, n))
	if n == 1 {
		return g.Add(pair, w.conv2.bias)
	}
	odd := g.View(x, [4]int64{width, n - 1, 1, 1}, [3]int64{2 * width, 2 * width * (n - 1), 2 * width * (n - 1)}, width)
	before := g.Pad(g.MulMat(w.before, odd), [4]int32{0, 1}, [4]int32{}) // nothing comes before the first
	return g.Add(g.Add(pair, before), w.conv2.bias)
}

// attend is self attention of all states to all states.
func (l encoderLayer) attend(g *ggml.Graph, c config, x ggml.Tensor) ggml.Tensor {
	qkv := l.qkv.of(g, x) // [3·width, n]
	q, k, v := heads(g, c, qkv, 0), heads(g, c, qkv, 1), heads(g, c, qkv, 2)
	p := g.SoftMax(g.MulMat(k, q), ggml.Tensor{}, c.scale()) // [n, n, heads]
	vt := g.Cont(g.Permute(v, [4]int{1, 0, 2, 3}))           // [n, headSize, heads]
	return l.out.of(g, merge(g, c, g.MulMat(vt, p)))
}

// heads views one of the thirds of qkv [3·width, n] as [headSize, n, heads].
func heads(g *ggml.Graph, c config, qkv ggml.Tensor, third int) ggml.Tensor {
	row := qkv.Dim(0)
	n, h, w := qkv.Dim(1), int64(c.headSize), int64(c.width)
	return g.View(qkv, [4]int64{h, n, int64(c.heads), 1}, [3]int64{row, h, w}, int64(third)*w)
}

// merge puts the heads of [headSize, n, heads] side by side again: [width, n].
func merge(g *ggml.Graph, c config, x ggml.Tensor) ggml.Tensor {
	n := x.Dim(1)
	return g.Reshape(g.Cont(g.Permute(x, [4]int{0, 2, 1, 3})), int64(c.width), n)
}

func (c config) scale() float32 { return float32(1 / math.Sqrt(float64(c.headSize))) }
