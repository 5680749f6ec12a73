package whisper

import (
	"fmt"

	"omnilive/model/ggml"
)

// A cache is what the decoder remembers of one utterance: keys and values of the encoder's states and of its own past.
type cache struct {
	cross        []*ggml.Memory // per layer, maxStates positions
	store        *ggml.Store
	selfK, selfV []ggml.Tensor // per layer [width, maxText]
}

func newCache(c config) (*cache, error) {
	k := &cache{}
	var specs []ggml.Spec
	for i := range c.decoders {
		m, err := ggml.NewMemory(maxStates, c.heads, c.headSize)
		if err != nil {
			k.close()
			return nil, err
		}
		k.cross = append(k.cross, m)
		for _, name := range []string{"k", "v"} {
			specs = append(specs, ggml.Spec{Name: fmt.Sprint(name, i), Type: ggml.F32, Shape: []int64{int64(c.width), maxText}})
		}
	}
	var err error
	if k.store, err = ggml.NewStore(specs); err != nil {
		k.close()
		return nil, err
	}
	b := &binder{w: &weights{store: k.store}}
	for i := range c.decoders {
		k.selfK, k.selfV = append(k.selfK, b.tensor(fmt.Sprint("k", i))), append(k.selfV, b.tensor(fmt.Sprint("v", i)))
	}
	return k, b.err
}

func (k *cache) close() {
	for _, m := range k.cross {
		m.Close()
	}
	if k.store != nil {
		k.store.Close()
	}
}

// remember keeps the keys and values of states [width, n] as the first n.
func (w *weights) remember(g *ggml.Graph, c config, k *cache, states ggml.Tensor) {
	for i, l := range w.decoder {
		kv := l.crossKV.of(g, states) // [2·width, n]
		g.Do(g.Keep(k.cross[i], third(g, c, kv, 0), third(g, c, kv, 1)))
	}
}

// decode builds the decoder over x [width, n], embedded tokens behind past ones, attending to the first states states.
// It returns the outputs of the last layer and the queries to the encoder's states per layer.
func (w *weights) decode(g *ggml.Graph, c config, k *cache, x ggml.Tensor, past, states int) (ggml.Tensor, []ggml.Tensor) {
	var queries []ggml.Tensor
	for i, l := range w.decoder {
		x = l.recall(g, c, k, i, past, x)
		q := l.crossQ.of(g, l.crossNorm.of(g, x))
		queries = append(queries, q)
		x = l.crossOut.plus(g, g.Recall(q, k.cross[i], states, c.scale()), x)
		x = l.perceptron(g, x)
	}
	return x, queries
}

// recall is attention to the past and to itself; it adds its keys and values to the cache.
func (l decoderLayer) recall(g *ggml.Graph, c config, k *cache, i, past int, x ggml.Tensor) ggml.Tensor {
	all := int64(past) + x.Dim(1)
	qkv := l.qkv.of(g, l.selfNorm.of(g, x))
	g.Do(g.Copy(third(g, c, qkv, 1), g.Rows(k.selfK[i], int64(past), all)))
	g.Do(g.Copy(third(g, c, qkv, 2), g.Rows(k.selfV[i], int64(past), all)))
	y := g.Attend(third(g, c, qkv, 0), g.Rows(k.selfK[i], 0, all), g.Rows(k.selfV[i], 0, all), c.heads, c.scale(), true)
	return l.out.plus(g, y, x)
}

// predict returns the probabilities [vocabulary, rows] of what follows the rows of x, the outputs of the last layer.
func (w *weights) predict(g *ggml.Graph, x ggml.Tensor) ggml.Tensor {
	logits := g.Linear(w.embedding, w.decoderNorm.of(g, x), ggml.Tensor{}, ggml.Tensor{}, false)
	return g.SoftMax(logits, ggml.Tensor{}, 1)
}
