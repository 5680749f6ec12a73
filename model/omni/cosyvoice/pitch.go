package cosyvoice

import (
	"context"
	"fmt"
	"math"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// A pitch predictor tells the fundamental frequency of each mel frame.
type pitch struct {
	layers   [5]filter
	classify ggml.Affine
}

func planPitch(p *checkpoint.Plan, f *pitch, c HiFTConfig) {
	in := c.Mel
	for i := range f.layers { // every other module of the reference's list is an activation
		planFilter(p, &f.layers[i], fmt.Sprintf("condnet.%d", 2*i), c.PitchChannels, in, same(3, 1))
		in = c.PitchChannels
	}
	p.Linear(&f.classify, "classifier", 1, int64(c.PitchChannels))
}

// Pitch returns the fundamental frequency in Hz of each of mel's frames.
func (d *Decoder) Pitch(ctx context.Context, mel []float32) ([]float32, error) {
	n, err := d.mels(mel)
	if err != nil {
		return nil, err
	}
	if err := d.roomFor(256); err != nil {
		return nil, err
	}
	g, f := d.graph, &d.hift.pitch
	in := g.Input(ggml.F32, int64(d.hift.Config.Mel), int64(n))
	x := in
	for _, l := range f.layers {
		x = g.ELU(l.apply(g, x))
	}
	y := g.Output(g.Apply(f.classify, x))
	if err := g.Compute(ctx, func() { ggml.Put(g, in, mel) }); err != nil {
		return nil, fmt.Errorf("pitch: %w", err)
	}
	f0 := make([]float32, n)
	if err := ggml.Take(g, y, 0, f0); err != nil {
		return nil, err
	}
	for i, x := range f0 {
		f0[i] = float32(math.Abs(float64(x)))
	}
	return f0, nil
}
