package verify

import (
	"context"
	"errors"
	"fmt"

	"omnilive/model/checkpoint"
	"omnilive/model/omni/compressor"
)

// compressorCases checks video_audio_compressor: whole, second by second, and what it carries from one to the next.
func compressorCases(ctx context.Context, r *Run) error {
	var cases struct {
		Tolerance map[string]float64 `json:"tolerance"`
	}
	src, err := r.Source()
	if err := errors.Join(err, r.JSON("cases.json", &cases)); err != nil {
		return err
	}
	p := checkpoint.NewPlan(src)
	c := compressor.Declare(p.At("model.video_audio_compressor."), r.Backend)
	defer c.Close()
	w, err := p.Load(ctx, checkpoint.Options{Backend: r.Backend, Type: r.Type})
	if err != nil {
		return err
	}
	defer w.Close()
	alpha, gate := c.Weights()
	for name, v := range map[string][]float32{"alpha": alpha, "gate": {gate}} {
		if r.Has(name) {
			r.NearBy(name, v, cases.Tolerance["state"])
		}
	}
	for _, name := range r.Cases() {
		if err := compressorCase(ctx, r, c, name, cases.Tolerance); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return r.Err()
}

func compressorCase(ctx context.Context, r *Run, c *compressor.Compressor, name string, limits map[string]float64) error {
	rows := r.Floats(name + ".input")
	if r.Err() != nil {
		return r.Err()
	}
	whole, err := c.Compress(ctx, rows)
	if err != nil {
		return err
	}
	r.NearBy(name+".output", whole, limits["output"])
	s, streamed := c.Start(), []float32(nil)
	second := c.Shape().Chunk * c.Shape().In
	for i := 0; len(rows) > 0; i++ {
		n := min(second, len(rows))
		row, err := c.Finish(ctx, s, rows[:n])
		if err != nil {
			return err
		}
		streamed, rows = append(streamed, row...), rows[n:]
		for what, v := range map[string][]float32{"ssm_state": s.Memory(), "conv_tail": s.Tail()} {
			if stored := fmt.Sprintf("%s.%s_after_chunk%d", name, what, i); r.Has(stored) {
				r.NearBy(stored, v, limits["state"])
			}
		}
	}
	r.Values(name+".output, second by second", streamed, whole, limits["output"])
	return r.Err()
}
