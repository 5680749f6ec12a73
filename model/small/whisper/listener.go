package whisper

import (
	"context"
	"fmt"

	"omnilive/model/ggml"
	"omnilive/model/gguf"
)

// A listener is the network with its scratch: it encodes one window of sound and predicts words of it.
// It belongs to one goroutine at a time.
type listener struct {
	c       config
	vocab   *vocabulary
	mel     melBank
	backend *ggml.Backend
	w       *weights
	encoder *ggml.Graph
	decoder *ggml.Graph
	around  *surroundings
	cache   *cache
}

func openListener(path string, o Options) (*listener, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	l := &listener{}
	if l.mel, err = newMelBank(); err != nil {
		return nil, err
	}
	if err := l.load(f, o); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *listener) load(f *gguf.File, o Options) (err error) {
	if l.c, err = readConfig(f); err != nil {
		return err
	}
	if l.vocab, err = readVocabulary(f); err != nil {
		return err
	}
	if len(l.vocab.words) != l.c.vocabulary {
		return fmt.Errorf("%d words for an embedding of %d", len(l.vocab.words), l.c.vocabulary)
	}
	if l.backend, err = ggml.NewBackend(max(o.Threads, 1)); err != nil {
		return err
	}
	if l.w, err = loadWeights(f, l.c, o.kind); err != nil {
		return err
	}
	if l.around, err = newSurroundings(l.c); err != nil {
		return err
	}
	if l.cache, err = newCache(l.c); err != nil {
		return err
	}
	if l.encoder, err = ggml.NewGraph(l.backend, 64*(l.c.encoders+l.c.decoders)+64); err != nil {
		return err
	}
	if l.decoder, err = ggml.NewGraph(l.backend, 96*l.c.decoders+64); err != nil {
		return err
	}
	return l.learnSilence()
}

func (l *listener) close() {
	for _, g := range []*ggml.Graph{l.encoder, l.decoder} {
		if g != nil {
			g.Close()
		}
	}
	if l.cache != nil {
		l.cache.close()
	}
	if l.around != nil {
		l.around.close()
	}
	if l.w != nil {
		l.w.close()
	}
	if l.backend != nil {
		l.backend.Close()
	}
}

// hear encodes mel, frames of bands values, and silence behind it up to n frames, into the cache. The rest of
// the window is the silence that was learned.
func (l *listener) hear(ctx context.Context, mel []float32, n int) error {
	n = min((n+1)/2*2, maxFrames)
	if err := l.around.prepare(n / 2); err != nil {
		return err
	}
	return l.encode(ctx, mel, n)
}

// encode is hear without regard to what is in the window. n is even.
func (l *listener) encode(ctx context.Context, mel []float32, n int) error {
	g := l.encoder
	g.Reset()
	in := g.Input(ggml.F32, 3*bands, int64(n))
	states := l.w.encode(g, l.c, in, l.around.encoder)
	l.w.remember(g, l.c, l.around.cross, states)
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
	embedded, err := l.embed(tokens, past)
	if err != nil {
		return nil, err
	}
	g := l.decoder
	g.Reset()
	in, at := g.Input(ggml.F32, int64(l.c.width), int64(n)), g.Input(ggml.I32, int64(len(rows)))
	x, _ := l.w.decode(g, l.c, l.cache, l.around.cross, in, past)
	probs := g.Output(l.w.predict(g, g.GetRows(x, at)))
	if err := g.Compute(ctx, func() { ggml.Put(g, in, embedded); ggml.Put(g, at, rows) }); err != nil {
		return nil, err
	}
	out := make([][]float32, len(rows))
	for i := range out {
		out[i] = make([]float32, l.c.vocabulary)
		if err := ggml.Take(g, probs, int64(i*l.c.vocabulary), out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// embed returns the embeddings of tokens behind past ones, positions added.
func (l *listener) embed(tokens []int32, past int) ([]float32, error) {
	w := l.c.width
	out := make([]float32, len(tokens)*w)
	for i, t := range tokens {
		x := out[i*w : (i+1)*w]
		if err := l.w.embedding.Row(int64(t), x); err != nil {
			return nil, fmt.Errorf("token %d: %w", t, err)
		}
		for j := range x {
			x[j] += l.w.decoderPos[(past+i)*w+j]
		}
	}
	return out, nil
}
