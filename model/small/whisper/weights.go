package whisper

import (
	"fmt"

	"omnilive/model/ggml"
)

// A linear is y = weight·x + bias.
type linear struct{ weight, bias ggml.Tensor } // [in, out], [out]

// A norm scales and shifts a normalised vector.
type norm struct{ weight, bias ggml.Tensor } // [width]

// An encoderLayer is self attention and a two-layer perceptron, each of a normalised x and added to x.
type encoderLayer struct {
	selfNorm, mlpNorm  norm
	qkv, out, up, down linear
}

// A decoderLayer has attention to the encoder's states in between.
type decoderLayer struct {
	encoderLayer
	crossNorm                 norm
	crossQ, crossKV, crossOut linear
}

// weights are all tensors of the network.
type weights struct {
	conv1, conv2 linear      // [3·bands, width] and the pair of frames [2·width, width]
	before       ggml.Tensor // the frame before the pair [width, width]
	encoderPos   ggml.Tensor // [width, maxStates]
	encoder      []encoderLayer
	encoderNorm  norm
	embedding    ggml.Tensor // [width, vocabulary]
	output       ggml.Tensor // the embedding again, in the type that suits the product
	decoderPos   ggml.Tensor // [width, maxText]
	decoder      []decoderLayer
	decoderNorm  norm
}

// A binder takes tensors by name and keeps the first error.
type binder struct {
	s   *ggml.Store
	err error
}

func (b *binder) tensor(name string, dims ...int) ggml.Tensor {
	shape := make([]int64, len(dims))
	for i, d := range dims {
		shape[i] = int64(d)
	}
	t, err := b.s.Tensor(name, shape...)
	if err != nil && b.err == nil {
		b.err = err
	}
	return t
}

func (b *binder) linear(name string, in, out int) linear {
	return linear{b.tensor(name+".weight", in, out), b.tensor(name+".bias", out)}
}

func (b *binder) norm(name string, n int) norm {
	return norm{b.tensor(name+".weight", n), b.tensor(name+".bias", n)}
}

func (b *binder) layer(name string, w int) encoderLayer {
	return encoderLayer{
		selfNorm: b.norm(name+".self.norm", w), mlpNorm: b.norm(name+".mlp.norm", w),
		qkv: b.linear(name+".self.qkv", w, 3*w), out: b.linear(name+".self.out", w, w),
		up: b.linear(name+".mlp.up", w, 4*w), down: b.linear(name+".mlp.down", 4*w, w),
	}
}

// bind finds every tensor of the network in s.
func bind(s *ggml.Store, c config) (*weights, error) {
	b := &binder{s: s}
	w := &weights{
		conv1: b.linear("encoder.conv1", 3*bands, c.width), conv2: b.linear("encoder.conv2", 2*c.width, c.width),
		before: b.tensor("encoder.conv2.before.weight", c.width, c.width), encoderPos: b.tensor("encoder.position", c.width, maxStates),
		encoderNorm: b.norm("encoder.norm", c.width), embedding: b.tensor("decoder.embedding", c.width, c.vocabulary),
		decoderPos: b.tensor("decoder.position", c.width, maxText), decoderNorm: b.norm("decoder.norm", c.width),
	}
	w.output = w.embedding
	for i := range c.encoders {
		w.encoder = append(w.encoder, b.layer(fmt.Sprintf("encoder.%d", i), c.width))
	}
	for i := range c.decoders {
		name := fmt.Sprintf("decoder.%d", i)
		w.decoder = append(w.decoder, decoderLayer{
			encoderLayer: b.layer(name, c.width), crossNorm: b.norm(name+".cross.norm", c.width),
			crossQ: b.linear(name+".cross.q", c.width, c.width), crossKV: b.linear(name+".cross.kv", c.width, 2*c.width),
			crossOut: b.linear(name+".cross.out", c.width, c.width),
		})
	}
	return w, b.err
}

func (l linear) of(g *ggml.Graph, x ggml.Tensor) ggml.Tensor {
	return g.Add(g.MulMat(l.weight, x), l.bias)
}

func (n norm) of(g *ggml.Graph, x ggml.Tensor) ggml.Tensor {
	return g.Add(g.Mul(g.Norm(x, eps), n.weight), n.bias)
}

// perceptron is the second half of every layer.
func (l encoderLayer) perceptron(g *ggml.Graph, x ggml.Tensor) ggml.Tensor {
	return l.down.of(g, g.GELU(l.up.of(g, l.mlpNorm.of(g, x))))
}
