package whisper

import (
	"fmt"

	"omnilive/model/ggml"
	"omnilive/model/gguf"
)

// A linear is y = weight·x + bias.
type linear struct {
	weight ggml.Matrix // [in, out]
	bias   ggml.Tensor // [out]
}

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
	store        *ggml.Store
	matrices     *ggml.Matrices
	conv1, conv2 linear      // [3·bands, width], and [2·width, width] for pairs of frames
	before       ggml.Matrix // [width, width] for the frame before the pair
	encoderPos   ggml.Tensor // [width, maxStates]
	encoder      []encoderLayer
	encoderNorm  norm
	embedding    ggml.Matrix // [width, vocabulary], the output matrix too
	decoderPos   []float32   // [width, maxText]
	decoder      []decoderLayer
	decoderNorm  norm
}

// loadWeights reads every tensor of the network out of f and keeps the matrices as kind says.
func loadWeights(f *gguf.File, c config, kind func(name string) ggml.Type) (*weights, error) {
	var matrices, rest []gguf.Tensor
	for _, t := range f.Tensors {
		if t.Type == gguf.F16 {
			matrices = append(matrices, t)
		} else {
			rest = append(rest, t)
		}
	}
	w := &weights{}
	var err error
	if w.matrices, err = loadMatrices(f, matrices, kind); err != nil {
		return nil, err
	}
	if w.store, err = ggml.LoadStore(f, rest, nil); err != nil {
		w.close()
		return nil, err
	}
	if err = w.bind(c); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *weights) close() {
	if w.store != nil {
		w.store.Close()
	}
	w.matrices.Close()
}

// A binder takes tensors by name and keeps the first error.
type binder struct {
	w   *weights
	err error
}

func (b *binder) keep(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *binder) matrix(name string, in, out int) ggml.Matrix {
	m, err := b.w.matrices.Matrix(name, in, out)
	b.keep(err)
	return m
}

func (b *binder) tensor(name string, dims ...int64) ggml.Tensor {
	t, err := b.w.store.Tensor(name, dims...)
	b.keep(err)
	return t
}

func (b *binder) linear(name string, in, out int) linear {
	return linear{b.matrix(name+".weight", in, out), b.tensor(name+".bias", int64(out))}
}

func (b *binder) norm(name string, n int) norm {
	return norm{b.tensor(name+".weight", int64(n)), b.tensor(name+".bias", int64(n))}
}

func (b *binder) layer(name string, w int) encoderLayer {
	return encoderLayer{
		selfNorm: b.norm(name+".self.norm", w), mlpNorm: b.norm(name+".mlp.norm", w),
		qkv: b.linear(name+".self.qkv", w, 3*w), out: b.linear(name+".self.out", w, w),
		up: b.linear(name+".mlp.up", w, 4*w), down: b.linear(name+".mlp.down", 4*w, w),
	}
}

// bind finds every tensor of the network.
func (w *weights) bind(c config) error {
	b := &binder{w: w}
	w.conv1, w.conv2 = b.linear("encoder.conv1", 3*bands, c.width), b.linear("encoder.conv2", 2*c.width, c.width)
	w.before, w.encoderPos = b.matrix("encoder.conv2.before.weight", c.width, c.width), b.tensor("encoder.position", int64(c.width), maxStates)
	w.encoderNorm, w.decoderNorm = b.norm("encoder.norm", c.width), b.norm("decoder.norm", c.width)
	w.embedding = b.matrix("decoder.embedding", c.width, c.vocabulary)
	if b.tensor("decoder.position", int64(c.width), maxText); b.err == nil {
		w.decoderPos, b.err = w.store.Floats("decoder.position")
	}
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
	return b.err
}

// of returns weight·x + bias.
func (l linear) of(g *ggml.Graph, x ggml.Tensor) ggml.Tensor {
	return g.Linear(l.weight, x, l.bias, ggml.Tensor{}, false)
}

// gelu returns GELU(weight·x + bias).
func (l linear) gelu(g *ggml.Graph, x ggml.Tensor) ggml.Tensor {
	return g.Linear(l.weight, x, l.bias, ggml.Tensor{}, true)
}

// plus returns weight·x + bias + y.
func (l linear) plus(g *ggml.Graph, x, y ggml.Tensor) ggml.Tensor {
	return g.Linear(l.weight, x, l.bias, y, false)
}

func (n norm) of(g *ggml.Graph, x ggml.Tensor) ggml.Tensor {
	return g.Add(g.Mul(g.Norm(x, eps), n.weight), n.bias)
}

// perceptron is the last part of every layer: x + down·GELU(up·norm(x)).
func (l encoderLayer) perceptron(g *ggml.Graph, x ggml.Tensor) ggml.Tensor {
	return l.down.plus(g, l.up.gelu(g, l.mlpNorm.of(g, x)), x)
}

// third views one of the parts of qkv or kv, which are width wide.
func third(g *ggml.Graph, c config, x ggml.Tensor, i int) ggml.Tensor {
	w, row, n := int64(c.width), x.Dim(0), x.Dim(1)
	return g.View(x, [4]int64{w, n, 1, 1}, [3]int64{row, row * n, row * n}, int64(i)*w)
}
