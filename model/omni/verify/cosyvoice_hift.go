package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"omnilive/model/checkpoint"
	"omnilive/model/omni/cosyvoice"
)

// cosyVoiceHiFT checks folder cosyvoice2_hift: pitch, source and samples, each from the stored value before it.
func cosyVoiceHiFT(ctx context.Context, r *Run) error {
	h, err := openHiFT(ctx, r)
	if err != nil {
		return err
	}
	defer h.close()
	mel := ""
	for _, name := range r.Cases() {
		mel = name + ".mel"
		if err := h.check(ctx, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if r.Has("case_cache.waveform") {
		source := append([]float32(nil), r.Floats(strings.TrimSuffix(mel, "mel")+"source")...)
		copy(source, r.Floats("case_cache.cache_source"))
		samples, err := h.decoder.Decode(ctx, turned(r.Floats(mel), int(r.Shape(mel)[1])), source)
		if err != nil {
			return fmt.Errorf("case_cache: %w", err)
		}
		r.Near("case_cache.waveform", samples)
	}
	return r.Err()
}

// A hiftRun is the vocoder of a folder.
type hiftRun struct {
	*Run
	net     *cosyvoice.HiFT
	weights *checkpoint.Weights
	decoder *cosyvoice.Decoder
	seen    stages
}

func openHiFT(ctx context.Context, r *Run) (*hiftRun, error) {
	h := &hiftRun{Run: r}
	config := cosyvoice.DefaultHiFT()
	src, err := r.Source()
	if err := errors.Join(err, r.Config(&config)); err != nil {
		return nil, err
	}
	p := checkpoint.NewPlan(src)
	h.net = cosyvoice.NewHiFT(p, config)
	if h.weights, err = p.Load(ctx, checkpoint.Options{Backend: r.Backend, Type: r.Type}); err != nil {
		return nil, err
	}
	noise, err := cosyvoice.NoiseRows(r.Floats("noise_table"), config.Harmonics+1)
	if err = errors.Join(r.Err(), err); err == nil {
		h.decoder, err = cosyvoice.NewDecoder(r.Backend, nil, h.net, cosyvoice.Noises{Sine: noise})
	}
	if err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

func (h *hiftRun) close() {
	if h.decoder != nil {
		h.decoder.Close()
	}
	h.weights.Close()
}

func (h *hiftRun) check(ctx context.Context, name string) error {
	mel := turned(h.Floats(name+".mel"), int(h.Shape(name + ".mel")[1]))
	h.seen.watch(h.Run, h.decoder)
	defer h.seen.stop(h.Run, h.decoder)
	f0, err := h.decoder.Pitch(ctx, mel)
	if err != nil {
		return err
	}
	h.Near(name+".f0", f0)
	source, err := h.decoder.Source(ctx, mel)
	if err != nil {
		return err
	}
	h.Near(name+".source", source)
	samples, err := h.decoder.Decode(ctx, mel, h.Floats(name+".source"))
	if err != nil {
		return err
	}
	c := h.net.Config
	bins := c.Fourier.Size + 2
	for stage, width := range map[string]int{
		"sine": 1, "source_stft": bins, "conv_pre": c.Channels, "up0": c.Channels / 2, "source_down0": c.Channels / 2,
		"source_res0": c.Channels / 2, "resblock0": c.Channels / 2, "conv_post": bins,
	} {
		if h.Has(name + "." + stage) {
			h.Near(name+"."+stage, turned(h.seen.value(stage, 0), width))
		}
	}
	h.Near(name+".waveform", samples)
	return h.Err()
}
