package whisper

import (
	"fmt"

	"omnilive/model/ggml"
)

// A cache is what the decoder remembers of one utterance: the keys and values of the encoder's states and of its own
// past positions. Values lie transposed, so that a product can run along positions.
type cache struct {
	store          *ggml.Store
	crossK, crossV []ggml.Tensor // per layer [width, maxStates] and [maxStates, width]
	selfK, selfV   []ggml.Tensor // per layer [width, maxText] both
}

func newCache(c config) (*cache, error) {
	var specs []ggml.Spec
	w := int64(c.width)
	for i := range c.decoders {
		specs = append(specs,
			ggml.Spec{Name: fmt.Sprint("ck", i), Type: ggml.F16, Shape: []int64{w, maxStates}},
			ggml.Spec{Name: fmt.Sprint("cv", i), Type: ggml.F16, Shape: []int64{maxStates, w}},
			ggml.Spec{Name: fmt.Sprint("sk", i), Type: ggml.F32, Shape: []int64{w, maxText}},
			ggml.Spec{Name: fmt.Sprint("sv", i), Type: ggml.F32, Shape: []int64{w, maxText}})
	}
	s, err := ggml.NewStore(specs)
	if err != nil {
		return nil, err
	}
	k, b := &cache{store: s}, &binder{s: s}
	for i := range c.decoders {
		k.crossK, k.crossV = append(k.crossK, b.tensor(fmt.Sprint("ck", i))), append(k.crossV, b.tensor(fmt.Sprint("cv", i)))
		k.selfK, k.selfV = append(k.selfK, b.tensor(fmt.Sprint("sk", i))), append(k.selfV, b.tensor(fmt.Sprint("sv", i)))
	}
	return k, b.err
}

// remember copies the keys and values of states [width, n] into the cache, as its first n.
func (w *weights) remember(g *ggml.Graph, c config, k *cache, states ggml.Tensor) {
	n, width := states.Dim(1), int64(c.width)
	for i, l := range w.decoder {
		kv := l.crossKV.of(g, states) // [2·width, n]
		keys := g.View(kv, [4]int64{width, n, 1, 1}, [3]int64{2 * width, 2 * width * n, 2 * width * n}, 0)
		values := g.View(kv, [4]int64{width, n, 1, 1}, [3]int64{2 * width, 2 * width * n, 2 * width * n}, width)
		g.Do(g.Copy(keys, g.Rows(k.crossK[i], 0, n)))
		g.Do(g.Copy(g.Permute(values, [4]int{1, 0, 2, 3}), columns(g, k.crossV[i], 0, n)))
	}
}

// columns views columns from to to-1 of a[k, n].
func columns(g *ggml.Graph, a ggml.Tensor, from, to int64) ggml.Tensor {
	return g.View(a, [4]int64{to - from, a.Dim(1), 1, 1}, [3]int64{a.Dim(0), a.Dim(0) * a.Dim(1), a.Dim(0) * a.Dim(1)}, from)
}

// A step is one pass of the decoder over some tokens.
type step struct {
	tokens, rows ggml.Tensor   // i32 inputs: the tokens, and which of them to predict from
	mask         ggml.Tensor   // f32 [past+n, n], where n > 1
	probs        ggml.Tensor   // [vocabulary, rows]
	attention    []ggml.Tensor // of the aligned heads, where asked for: [states, n]
}

// decode builds the decoder over n tokens behind past ones, attending to the first states states of the cache, and
// predicts what follows rows of them.
func (w *weights) decode(g *ggml.Graph, c config, k *cache, n, past, states, rows int, align bool) step {
	s := step{tokens: g.Input(ggml.I32, int64(n)), rows: g.Input(ggml.I32, int64(rows))}
	if n > 1 {
		s.mask = g.Input(ggml.F32, int64(past+n), int64(n))
	}
	x := g.Add(g.GetRows(w.embedding, s.tokens), g.Rows(w.decoderPos, int64(past), int64(past+n))) // [width, n]
	for i, l := range w.decoder {
		x = g.Add(x, l.recall(g, c, k, i, past, s.mask, l.selfNorm.of(g, x)))
		y, p := l.listen(g, c, k, i, states, l.crossNorm.of(g, x))
		if align {
			s.attention = append(s.attention, c.alignedHeads(g, i, p)...)
		}
		x = g.Add(x, y)
		x = g.Add(x, l.perceptron(g, x))
	}
	if rows != n {
		x = g.GetRows(x, s.rows)
	}
	x = w.decoderNorm.of(g, x)
	s.probs = g.Output(g.SoftMax(g.MulMat(w.output, x), ggml.Tensor{}, 1))
	return s
}

// recall is self attention to the past and to itself; it adds its keys and values to the cache.
func (l decoderLayer) recall(g *ggml.Graph, c config, k *cache, i, past int, mask, x ggml.Tensor) ggml.Tensor {
	n, all := x.Dim(1), int64(past)+x.Dim(1)
	qkv := l.qkv.of(g, x)
	width := int64(c.width)
	third := func(at int64) ggml.Tensor {
		return g.View(qkv, [4]int64{width, n, 1, 1}, [3]int64{3 * width, 3 * width * n, 3 * width * n}, at*width)
	}
	g.Do(g.Copy(third(1), g.Rows(k.selfK[i], int64(past), all)))
	g.Do(g.Copy(third(2), g.Rows(k.selfV[i], int64(past), all)))
	keys, values := split(g, c, k.selfK[i], all), split(g, c, k.selfV[i], all)
	p := g.SoftMax(g.MulMat(keys, heads(g, c, qkv, 0)), mask, c.scale()) // [all, n, heads]
	vt := g.Cont(g.Permute(values, [4]int{1, 0, 2, 3}))
	return l.out.of(g, merge(g, c, g.MulMat(vt, p)))
}

// listen is attention to the encoder's states; it returns the probabilities [states, n, heads] too.
func (l decoderLayer) listen(g *ggml.Graph, c config, k *cache, i, states int, x ggml.Tensor) (y, p ggml.Tensor) {
	n, h := int64(states), int64(c.headSize)
	q := l.crossQ.of(g, x) // [width, tokens]
	q = g.View(q, [4]int64{h, q.Dim(1), int64(c.heads), 1}, [3]int64{int64(c.width), h, int64(c.width)}, 0)
	keys := split(g, c, k.crossK[i], n)
	p = g.SoftMax(g.MulMat(keys, q), ggml.Tensor{}, c.scale())
	values := g.View(k.crossV[i], [4]int64{n, h, int64(c.heads), 1}, [3]int64{maxStates, maxStates * h, maxStates * int64(c.width)}, 0)
	return l.crossOut.of(g, merge(g, c, g.MulMat(values, p))), p
}

// split views the first n rows of a cache [width, ...] as [headSize, n, heads].
func split(g *ggml.Graph, c config, a ggml.Tensor, n int64) ggml.Tensor {
	h, w := int64(c.headSize), int64(c.width)
	return g.View(a, [4]int64{h, n, int64(c.heads), 1}, [3]int64{w, h, w}, 0)
}

// alignedHeads picks those of layer's heads out of p [states, n, heads] that follow the sound.
func (c config) alignedHeads(g *ggml.Graph, layer int, p ggml.Tensor) (out []ggml.Tensor) {
	n, m := p.Dim(0), p.Dim(1)
	for _, a := range c.aligned {
		if a[0] == layer {
			head := g.View(p, [4]int64{n, m, 1, 1}, [3]int64{n, n * m, n * m}, int64(a[1])*n*m)
			out = append(out, g.Output(g.Cont(head)))
		}
	}
	return out
}
