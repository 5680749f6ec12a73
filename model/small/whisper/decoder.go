package whisper

import (
	"fmt"

	"omnilive/model/ggml"
)

// A cache is what the decoder remembers of the positions before.
type cache struct {
	store  *ggml.Store
	keys   []ggml.Tensor // per layer [width, maxText]
	values []ggml.Tensor
}

func newCache(c config) (*cache, error) {
	var specs []ggml.Spec
	for i := range c.decoders {
		for _, name := range []string{"k", "v"} {
			specs = append(specs, ggml.Spec{Name: fmt.Sprint(name, i), Type: ggml.F32, Shape: []int64{int64(c.width), maxText}})
		}
	}
	s, err := ggml.NewStore(specs)
	if err != nil {
		return nil, err
	}
	k := &cache{store: s}
	b := &binder{w: &weights{store: s}}
	for i := range c.decoders {
		k.keys, k.values = append(k.keys, b.tensor(fmt.Sprint("k", i))), append(k.values, b.tensor(fmt.Sprint("v", i)))
	}
	return k, b.err
}

func (k *cache) close() { k.store.Close() }

// remember keeps the keys and values of states [width, n] as the first n.
func (w *weights) remember(g *ggml.Graph, c config, cross []*ggml.Memory, states ggml.Tensor) {
	for i, l := range w.decoder {
		kv := l.crossKV.of(g, states) // [2·width, n]
		g.Do(g.Keep(cross[i], third(g, c, kv, 0), third(g, c, kv, 1)))
	}
}

// decode builds the decoder over x [width, n], embedded tokens behind past ones, attending to what cross holds.
// It returns the outputs of the last layer and the queries to the encoder's states per layer.
func (w *weights) decode(g *ggml.Graph, c config, k *cache, cross []*ggml.Memory, x ggml.Tensor, past int) (ggml.Tensor, []ggml.Tensor) {
	var queries []ggml.Tensor
	for i, l := range w.decoder {
		x = l.recall(g, c, k, i, past, x)
		q := l.crossQ.of(g, l.crossNorm.of(g, x))
		queries = append(queries, q)
		x = l.crossOut.plus(g, g.Recall(q, cross[i], maxStates, c.scale()), x)
		x = l.perceptron(g, x)
	}
	return x, queries
}

// recall is attention to the past and to itself; it adds its keys and values to the cache.
func (l decoderLayer) recall(g *ggml.Graph, c config, k *cache, i, past int, x ggml.Tensor) ggml.Tensor {
	all := int64(past) + x.Dim(1)
	qkv := l.qkv.of(g, l.selfNorm.of(g, x))
	g.Do(g.Copy(third(g, c, qkv, 1), g.Rows(k.keys[i], int64(past), all)))
	g.Do(g.Copy(third(g, c, qkv, 2), g.Rows(k.values[i], int64(past), all)))
	y := g.Attend(third(g, c, qkv, 0), g.Rows(k.keys[i], 0, all), g.Rows(k.values[i], 0, all), c.heads, c.scale(), true)
	return l.out.plus(g, y, x)
}

// predict returns the probabilities [vocabulary, rows] of what follows the rows of x, the outputs of the last layer.
func (w *weights) predict(g *ggml.Graph, x ggml.Tensor) ggml.Tensor {
	logits := g.Linear(w.embedding, w.decoderNorm.of(g, x), ggml.Tensor{}, ggml.Tensor{}, false)
	return g.SoftMax(logits, ggml.Tensor{}, 1)
}
