package ecapa

import (
	"context"
	"fmt"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
	"omnilive/model/mel"
)

// maxSeconds bounds the sound: a speaker is known after a few seconds, and every second takes memory.
const maxSeconds = 120

// An Encoder makes speaker vectors.
type Encoder struct {
	config  Config
	backend *ggml.Backend
	graph   *ggml.Graph
	front   *mel.Extractor
	first   unit
	blocks  [3]block
	join    ggml.Affine // over the three blocks
	attend  [2]ggml.Affine
	tail    tail
}

// Declare names the tensors of the encoder in p, whose names begin behind "spk_emb.". What is wrong with c becomes a mistake
// of p. Once p is loaded the Encoder runs on b, on which it was loaded.
func Declare(p *checkpoint.Plan, c Config, b *ggml.Backend) *Encoder {
	e := &Encoder{config: c, backend: b}
	err := c.check()
	if err == nil {
		e.front, err = mel.New(c.front())
	}
	if err != nil {
		p.Fail(fmt.Errorf("config of the speaker encoder: %w", err))
		return e
	}
	hidden := int64(c.Hidden)
	e.first.declare(p, "layer1.conv.weight", "layer1.bn", hidden, int64(c.Mels), 1)
	for i := range e.blocks {
		e.blocks[i].declare(p, fmt.Sprintf("layer%d", i+2), hidden, i+2)
	}
	channels := outputs(p, "conv.weight", 3*hidden)
	flat := func(dst *ggml.Affine, name string, out, in int64) {
		p.Conv(&dst.W, name+".weight", out, in, 1)
		p.Tensor(&dst.Bias, name+".bias", out)
	}
	flat(&e.join, "conv", channels, 3*hidden)
	inner := outputs(p, "pooling.linear1.weight", 128)
	flat(&e.attend[0], "pooling.linear1", inner, channels)
	flat(&e.attend[1], "pooling.linear2", channels, inner)
	e.tail.declare(p, channels, int64(c.Speaker))
	return e
}

// Close frees what was computed in; the weights are the plan's. It is safe to call it twice.
func (e *Encoder) Close() {
	if e.graph != nil {
		e.graph.Close()
	}
	e.graph = nil
}

// Rate returns the samples a second that Embed reads.
func (e *Encoder) Rate() int { return e.config.Rate }

// Width returns the length of a vector.
func (e *Encoder) Width() int { return e.config.Speaker }

// MinSamples returns how many samples Embed needs: as many as the mirror at the ends of the spectrogram shows, and one.
func (e *Encoder) MinSamples() int { return e.front.Options().Mirror + 1 }

// Embed returns the speaker's vector of sound at Rate (24 kHz), in [-1, 1]. It fails with ErrSilent where nothing is heard,
// and where the sound is shorter than MinSamples or longer than two minutes.
func (e *Encoder) Embed(ctx context.Context, samples []float32) ([]float32, error) {
	v, err := e.EmbedFully(ctx, samples)
	return v.Final, err
}

// EmbedFully is Embed with the values on the way.
func (e *Encoder) EmbedFully(ctx context.Context, samples []float32) (v Vector, err error) {
	if len(samples) < e.MinSamples() {
		return v, fmt.Errorf("speaker vector: %d samples, %d are needed", len(samples), e.MinSamples())
	}
	if len(samples) > maxSeconds*e.config.Rate {
		return v, fmt.Errorf("speaker vector: %d s of sound, %d are read at most", len(samples)/e.config.Rate, maxSeconds)
	}
	leveled, err := Normalize(samples, e.config.Rate)
	if err != nil {
		return v, err
	}
	if v.Mel, err = e.front.Compute(leveled); err != nil {
		return v, fmt.Errorf("speaker vector: %w", err)
	}
	if e.graph == nil {
		if e.graph, err = ggml.NewGraph(e.backend, 2048); err != nil {
			return v, fmt.Errorf("speaker vector: %w", err)
		}
	}
	x, scores, err := e.frames(ctx, v.Mel)
	if err != nil {
		return v, fmt.Errorf("speaker vector: %w", err)
	}
	return v, e.tail.finish(pool(x, scores, int(e.join.W.Out())), &v)
}

// frames runs all layers that keep the frames: what is pooled, and by which scores.
func (e *Encoder) frames(ctx context.Context, rows []float32) (x, scores []float32, err error) {
	g, n := e.graph, int64(len(rows)/e.config.Mels)
	g.Reset()
	in, mean := g.Input(ggml.F32, int64(e.config.Mels), n), g.Input(ggml.F32, n)
	y := g.Stage("layer1", e.first.apply(g, in))
	var all ggml.Tensor
	for i := range e.blocks {
		y = e.blocks[i].apply(g, y, mean)
		if i == 0 {
			all = y
		} else {
			all = g.Concat(all, y, 0)
		}
	}
	joined := g.Output(g.LeakyReLU(g.Stage("conv", g.Apply(e.join, all)), 0))
	marks := g.Output(g.Apply(e.attend[1], g.Tanh(g.Apply(e.attend[0], joined))))
	part := make([]float32, n)
	for i := range part {
		part[i] = 1 / float32(n)
	}
	err = g.Compute(ctx, func() {
		ggml.Put(g, in, rows)
		ggml.Put(g, mean, part)
	})
	if err != nil {
		return nil, nil, err
	}
	x, scores = make([]float32, joined.Elements()), make([]float32, marks.Elements())
	if err := ggml.Take(g, joined, 0, x); err != nil {
		return nil, nil, err
	}
	return x, scores, ggml.Take(g, marks, 0, scores)
}
