package verify

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"omnilive/model/checkpoint"
	"omnilive/model/omni/bigvgan"
	"omnilive/model/torch"
)

// vocoder loads the vocoder of src and hands it to f.
func (r *Run) vocoder(ctx context.Context, src checkpoint.Source, c bigvgan.Config, f func(*bigvgan.Vocoder) error) error {
	p := checkpoint.NewPlan(src)
	v := bigvgan.Declare(p, c, r.Backend)
	defer v.Close()
	w, err := p.Load(ctx, checkpoint.Options{Backend: r.Backend, Type: r.Type})
	if err != nil {
		return err
	}
	defer w.Close()
	if err := f(v); err != nil {
		return err
	}
	return r.Err()
}

// bigVGAN checks a folder of a vocoder that has a table of speakers.
func bigVGAN(ctx context.Context, r *Run) error {
	var c bigvgan.Config
	if err := r.Config(&c); err != nil {
		return err
	}
	src, err := r.Source()
	if err != nil {
		return err
	}
	return r.vocoder(ctx, src, c, func(v *bigvgan.Vocoder) error {
		for _, name := range r.Cases() {
			if err := vocoderCase(ctx, r, v, name); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		if err := paddedCase(ctx, r, v); err != nil {
			return fmt.Errorf("case_pad: %w", err)
		}
		return streamCase(ctx, r, v)
	})
}

// bigVGANArchives checks every archive of a folder: all hold the same network.
func bigVGANArchives(ctx context.Context, r *Run) error {
	found, err := filepath.Glob(filepath.Join(r.Dir, "*.mar"))
	if err != nil || len(found) == 0 {
		return errors.Join(fmt.Errorf("no .mar in %s", r.Dir), err)
	}
	for _, path := range found {
		if err := archiveCases(ctx, r, path); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
	}
	return nil
}

func archiveCases(ctx context.Context, r *Run, path string) error {
	f, err := torch.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := f.Config()
	if err != nil {
		return err
	}
	c, err := bigvgan.Parse(text)
	if err != nil {
		return err
	}
	return r.vocoder(ctx, f, c, func(v *bigvgan.Vocoder) error {
		for _, name := range r.Cases() {
			if err := vocoderCase(ctx, r, v, name); err != nil {
				return err
			}
		}
		return nil
	})
}

// caseSpeaker is the speaker vector of a case: by its number in the table.
func caseSpeaker(r *Run, v *bigvgan.Vocoder, name string) ([]float32, error) {
	index := r.Ints(name + ".speaker_index")
	if r.Err() != nil || len(index) != 1 {
		return nil, errors.Join(r.Err(), fmt.Errorf("%s.speaker_index holds %d numbers, want one", name, len(index)))
	}
	speaker, err := v.Speaker(int(index[0]))
	if err != nil {
		return nil, err
	}
	if stored := name + ".speaker_embedding"; r.Has(stored) {
		r.NearBy(stored, speaker, 0)
	}
	return speaker, nil
}

func vocoderCase(ctx context.Context, r *Run, v *bigvgan.Vocoder, name string) error {
	speaker, err := caseSpeaker(r, v, name)
	if err != nil {
		return err
	}
	units := r.Ints(name + ".units")
	if err := v.AtOnce(max(1, len(units))); err != nil {
		return err
	}
	stages := map[string][]float32{}
	r.Backend.Observe(func(stage string, values []float32) { stages[stage] = append(stages[stage], values...) })
	defer r.Backend.Observe(nil)
	samples, err := v.Decode(ctx, units, speaker)
	if err != nil {
		return err
	}
	for _, stored := range r.Names() {
		stage, ours := strings.CutPrefix(stored, name+".")
		if values, ok := stages[stage]; ok && ours && len(r.Shape(stored)) == 2 {
			r.Near(stored, byBand(values, int(r.Shape(stored)[0]))) // stored channel by channel
		}
	}
	r.Near(name+".waveform", samples)
	if r.Has(name + ".pcm16") {
		r.pcm16(name+".pcm16", samples)
	}
	return r.Err()
}

// pcm16 compares samples as 16-bit numbers, each of which may be off by one.
func (r *Run) pcm16(name string, samples []float32) {
	pcm := bigvgan.PCM16(samples)
	got, want := make([]float32, len(pcm)), r.Ints(name)
	stored := make([]float32, len(want))
	for i, x := range pcm {
		got[i] = float32(x)
	}
	for i, x := range want {
		stored[i] = float32(x)
	}
	r.Values(name, got, stored, 1)
}

// paddedCase checks the optional padding, where it is stored. Its multiple and unit show in the padded list.
func paddedCase(ctx context.Context, r *Run, v *bigvgan.Vocoder) error {
	const name = "case_pad"
	if !r.Has(name + ".waveform") {
		return nil
	}
	speaker, err := caseSpeaker(r, v, name)
	if err != nil {
		return err
	}
	units, padded := r.Ints(name+".units"), r.Ints(name+".padded_units")
	if r.Err() != nil || len(padded) <= len(units) {
		return errors.Join(r.Err(), errors.New("its padded list is not longer"))
	}
	p := bigvgan.Padding{Multiple: len(padded), Unit: padded[len(padded)-1]}
	for d := 1; d < len(padded); d++ { // the smallest multiple that leads there
		if len(padded)%d == 0 && len(padded)-len(units) <= d && len(padded) != len(units) {
			p.Multiple = d
			break
		}
	}
	all, err := p.Pad(units)
	if err != nil {
		return err
	}
	r.Equal(name+".padded_units", all)
	samples, err := v.DecodePadded(ctx, units, speaker, p)
	if err != nil {
		return err
	}
	r.NearBy(name+".waveform", samples, r.waveformLimit(name+".waveform"))
	return r.Err()
}

// waveformLimit is the tolerance of a waveform, the widest of the other waveforms where it has none of its own.
func (r *Run) waveformLimit(name string) float64 {
	if limit, ok := r.tolerances[name]; ok {
		return limit
	}
	widest := 0.0
	for other, limit := range r.tolerances {
		if strings.HasSuffix(other, ".waveform") {
			widest = max(widest, limit)
		}
	}
	return widest
}

// streamCase checks that chunks give what the whole does.
func streamCase(ctx context.Context, r *Run, v *bigvgan.Vocoder) error {
	const name = "stream"
	if !r.Has(name + ".waveform") {
		return nil
	}
	speaker, err := caseSpeaker(r, v, name)
	if err != nil {
		return err
	}
	units := r.Ints(name + ".units")
	if r.Err() != nil {
		return r.Err()
	}
	s, err := v.Stream(speaker, bigvgan.StreamOptions{Chunk: 10})
	if err != nil {
		return err
	}
	var samples []float32
	for i := range units {
		part, err := s.Push(ctx, units[i:i+1])
		if err != nil {
			return err
		}
		samples = append(samples, part...)
	}
	rest, err := s.Flush(ctx)
	if err != nil {
		return err
	}
	r.Near(name+".waveform", append(samples, rest...))
	return r.Err()
}
