package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"omnilive/model/checkpoint"
	"omnilive/model/omni/bigvgan"
	"omnilive/model/omni/ecapa"
)

// speaker loads the speaker encoder of the folder and hands it to f.
func (r *Run) speaker(ctx context.Context, src checkpoint.Source, f func(*ecapa.Encoder) error) error {
	var c ecapa.Config
	if err := r.Config(&c); err != nil {
		return err
	}
	p := checkpoint.NewPlan(src)
	e := ecapa.Declare(p.At("spk_emb."), c, r.Backend)
	defer e.Close()
	w, err := p.Load(ctx, checkpoint.Options{Backend: r.Backend, Type: r.Type})
	if err != nil {
		return err
	}
	defer w.Close()
	if err := f(e); err != nil {
		return err
	}
	return r.Err()
}

// ecapaTDNN checks ecapa_tdnn.
func ecapaTDNN(ctx context.Context, r *Run) error {
	src, err := r.Source()
	if err != nil {
		return err
	}
	return r.speaker(ctx, src, func(e *ecapa.Encoder) error {
		for _, name := range r.Cases() {
			if _, err := speakerCase(ctx, r, e, name); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	})
}

// speakerCase compares the vector of a stored sound, and everything on the way to it that is stored.
func speakerCase(ctx context.Context, r *Run, e *ecapa.Encoder, name string) ([]float32, error) {
	samples := r.Floats(name + ".waveform24k")
	if r.Err() != nil {
		return nil, r.Err()
	}
	stages := map[string][]float32{}
	r.Backend.Observe(func(stage string, values []float32) { stages[stage] = append(stages[stage], values...) })
	defer r.Backend.Observe(nil)
	v, err := e.EmbedFully(ctx, samples)
	if err != nil {
		return nil, err
	}
	if r.Has(name + ".normalized") {
		leveled, err := ecapa.Normalize(samples, e.Rate())
		if err != nil {
			return nil, err
		}
		r.Near(name+".normalized", leveled)
	}
	stages["mel"] = v.Mel
	for _, stored := range r.Names() {
		stage, ours := strings.CutPrefix(stored, name+".")
		if values, ok := stages[stage]; ok && ours && len(r.Shape(stored)) == 2 {
			r.Near(stored, byBand(values, int(r.Shape(stored)[0]))) // stored channel by channel
		}
	}
	for i, stage := range []string{"pooling", "bn", "linear", "embedding"} {
		if stored := name + "." + stage; r.Has(stored) {
			r.Near(stored, [][]float32{v.Pooling, v.BN, v.Linear, v.Final}[i])
		}
	}
	return v.Final, r.Err()
}

// bigVGANClone checks a vocoder whose speaker vector comes from sound.
func bigVGANClone(ctx context.Context, r *Run) error {
	src, err := r.Source()
	if err != nil {
		return err
	}
	var vector []float32
	err = r.speaker(ctx, src, func(e *ecapa.Encoder) (err error) {
		vector, err = speakerCase(ctx, r, e, "ref")
		return err
	})
	if err != nil {
		return fmt.Errorf("ref: %w", err)
	}
	var c bigvgan.Config
	if err := r.Config(&c); err != nil {
		return err
	}
	return r.vocoder(ctx, src, c, func(v *bigvgan.Vocoder) error {
		for _, name := range r.Cases() {
			units := r.Ints(name + ".units")
			samples, err := v.Decode(ctx, units, vector)
			if err = errors.Join(r.Err(), err); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			r.Near(name+".waveform", samples)
		}
		return nil
	})
}
