package verify

import (
	"context"
	"fmt"

	"omnilive/model/checkpoint"
	"omnilive/model/omni/speechtokenizer"
)

// speechEdge is how near a number must lie to the middle of two levels for one to be taken for the other.
const speechEdge = 2e-5

// speechTokenizer checks discrete_audio_model: the spectrogram, every block, the numbers before rounding, and the units.
func speechTokenizer(ctx context.Context, r *Run) error {
	var config speechtokenizer.Config
	if err := r.Config(&config); err != nil {
		return err
	}
	src, err := r.Source()
	if err != nil {
		return err
	}
	p := checkpoint.NewPlan(src)
	t := speechtokenizer.Declare(p.At("model.discrete_audio_model."), config, r.Backend)
	defer t.Close()
	w, err := p.Load(ctx, checkpoint.Options{Backend: r.Backend, Type: r.Type})
	if err != nil {
		return err
	}
	defer w.Close()
	for _, name := range r.Cases() {
		if err := speechCase(ctx, r, t, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return r.Err()
}

func speechCase(ctx context.Context, r *Run, t *speechtokenizer.Tokenizer, name string) error {
	samples := r.Floats(name + ".waveform")
	if r.Err() != nil {
		return r.Err()
	}
	stages := map[string][]float32{}
	r.Backend.Observe(func(stage string, values []float32) { stages[stage] = append(stages[stage], values...) })
	defer r.Backend.Observe(nil)
	u, err := t.EncodeFully(ctx, samples)
	if err != nil {
		return err
	}
	if shape := r.Shape(name + ".mel"); len(shape) == 2 {
		stages["mel"] = byBand(stages["mel"], int(shape[0])) // stored band by band
	}
	stages["fsq_h"] = u.Numbers
	discreteStages(r, name+".", stages)
	if r.Has(name + ".codes") {
		r.EqualBut(name+".codes", u.Index, r.Floats(name+".margin"), speechEdge)
	}
	return r.Err()
}

// byBand turns rows of so many values into columns.
func byBand(rows []float32, width int) []float32 {
	out := make([]float32, 0, len(rows))
	for c := range width {
		for i := c; i < len(rows); i += width {
			out = append(out, rows[i])
		}
	}
	return out
}
