package whisper

import (
	"context"
	"fmt"
	"math"

	"omnilive/model/ggml"
	"omnilive/model/gguf"
)

// A listener is the network with its scratch: it encodes one window of sound and predicts words of it.
// It belongs to one goroutine at a time.
type listener struct {
	c       config
	vocab   *vocabulary
	mel     *melBank
	backend *ggml.Backend
	store   *ggml.Store
	w       *weights
	encoder *ggml.Graph
	decoder *ggml.Graph
	cache   *cache
	states  int // encoder states that the decoder attends to
}

func openListener(path string, threads int) (*listener, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	l := &listener{mel: newMelBank()}
	if err := l.load(f, threads); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *listener) load(f *gguf.File, threads int) (err error) {
	if l.c, err = readConfig(f); err != nil {
		return err
	}
	if l.vocab, err = readVocabulary(f); err != nil {
		return err
	}
	if len(l.vocab.words) != l.c.vocabulary {
		return fmt.Errorf("%d words for an embedding of %d", len(l.vocab.words), l.c.vocabulary)
	}
	if l.backend, err = ggml.NewBackend(threads); err != nil {
		return err
	}
	if l.store, err = ggml.LoadStore(f, nil); err != nil {
		return err
	}
	if l.w, err = bind(l.store, l.c); err != nil {
		return err
	}
	if l.cache, err = newCache(l.c); err != nil {
		return err
	}
	if l.encoder, err = ggml.NewGraph(l.backend, 64*(l.c.encoders+l.c.decoders)+64); err != nil {
		return err
	}
	l.decoder, err = ggml.NewGraph(l.backend, 96*l.c.decoders+64)
	return err
}

func (l *listener) close() {
	for _, g := range []*ggml.Graph{l.encoder, l.decoder} {
		if g != nil {
			g.Close()
		}
	}
	if l.cache != nil {
		l.cache.store.Close()
	}
	if l.store != nil {
		l.store.Close()
	}
	if l.backend != nil {
		l.backend.Close()
	}
}

// hear encodes mel, frames of bands values, filled up with silence to n frames, into the cache.
func (l *listener) hear(ctx context.Context, mel []float32, n int) error {
	n = min((n+1)/2*2, maxFrames)
	g := l.encoder
	g.Reset()
	in := g.Input(ggml.F32, 3*bands, int64(n))
	states := l.w.encode(g, l.c, in)
	l.w.remember(g, l.c, l.cache, states)
	l.states = n / 2
	return g.Compute(ctx, func() { ggml.Put(g, in, triples(mel, n)) })
}

// triples lays every frame beside its two neighbours: n rows of 3·bands values. Frames that mel lacks are zero.
func triples(mel []float32, n int) []float32 {
	out := make([]float32, n*3*bands)
	for i := range n {
		from, to := max(i-1, 0)*bands, min((i+2)*bands, len(mel))
		if from < to {
			at := i * 3 * bands
			if i == 0 {
				at += bands
			}
			copy(out[at:(i+1)*3*bands], mel[from:to])
		}
	}
	return out
}

// predict runs tokens, which stand behind past ones, through the decoder and returns the probabilities of what
// follows each of rows.
func (l *listener) predict(ctx context.Context, tokens []int32, past int, rows []int32) ([][]float32, error) {
	n := len(tokens)
	if n == 0 || past < 0 || past+n > maxText || len(rows) == 0 || len(rows) > n {
		return nil, fmt.Errorf("decode %d tokens behind %d and predict from %d", n, past, len(rows))
	}
	g := l.decoder
	g.Reset()
	s := l.w.decode(g, l.c, l.cache, n, past, l.states, len(rows), false)
	err := g.Compute(ctx, func() {
		ggml.Put(g, s.tokens, tokens)
		if len(rows) != n {
			ggml.Put(g, s.rows, rows)
		}
		if n > 1 {
			ggml.Put(g, s.mask, causal(n, past))
		}
	})
	if err != nil {
		return nil, err
	}
	out := make([][]float32, len(rows))
	for i := range out {
		out[i] = make([]float32, l.c.vocabulary)
		if err := ggml.Take(g, s.probs, int64(i*l.c.vocabulary), out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// causal is the mask that hides from each of n tokens what comes after it.
func causal(n, past int) []float32 {
	mask := make([]float32, n*(past+n))
	for i := range n {
		for j := past + i + 1; j < past+n; j++ {
			mask[i*(past+n)+j] = hidden
		}
	}
	return mask
}

var hidden = float32(math.Inf(-1))
