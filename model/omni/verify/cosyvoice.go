package verify

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"omnilive/model/checkpoint"
	"omnilive/model/omni/cosyvoice"
)

// cosyVoiceFlow checks folder cosyvoice2_flow: whole utterances with their intermediate values, chunk-masked ones, and the
// chunks of one as they are made in turn.
func cosyVoiceFlow(ctx context.Context, r *Run) error {
	f, err := openFlow(ctx, r)
	if err != nil {
		return err
	}
	defer f.close()
	r.Values("t_span", f.net.Config.Matching.Times(), r.Floats("t_span"), 1e-6)
	for _, name := range r.Cases() {
		if err := f.check(ctx, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return r.Err()
}

// A flowRun is the flow network of a folder.
type flowRun struct {
	*Run
	net     *cosyvoice.Flow
	weights *checkpoint.Weights
	decoder *cosyvoice.Decoder
	prompt  *cosyvoice.Voice
	bare    *cosyvoice.Voice
	seen    stages
}

func openFlow(ctx context.Context, r *Run) (*flowRun, error) {
	f := &flowRun{Run: r}
	config := cosyvoice.DefaultFlow()
	src, err := r.Source()
	if err := errors.Join(err, r.Config(&config)); err != nil {
		return nil, err
	}
	p := checkpoint.NewPlan(src)
	f.net = cosyvoice.NewFlow(p, config)
	if f.weights, err = p.Load(ctx, checkpoint.Options{Backend: r.Backend, Type: r.Type}); err != nil {
		return nil, err
	}
	noise, err1 := cosyvoice.NoiseOf(r.Floats("noise"), config.Mel)
	speaker := r.Floats("embedding")
	var err2, err3 error
	f.prompt, err2 = config.NewVoice(speaker, r.Ints("prompt_token"), r.Floats("prompt_feat"))
	f.bare, err3 = config.NewVoice(speaker, nil, nil)
	if err = errors.Join(r.Err(), err1, err2, err3); err == nil {
		f.decoder, err = cosyvoice.NewDecoder(r.Backend, f.net, nil, cosyvoice.Noises{Mel: noise})
	}
	if err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

func (f *flowRun) close() {
	if f.decoder != nil {
		f.decoder.Close()
	}
	f.weights.Close()
}

func (f *flowRun) check(ctx context.Context, name string) error {
	units := f.Ints(name + ".token")
	if f.Has(name + ".mel") {
		if err := f.whole(ctx, name, units); err != nil {
			return err
		}
	}
	for _, run := range []struct {
		what    string
		chunked bool
	}{{".mel_streaming_full", true}, {".mel_offline", false}} {
		if !f.Has(name + run.what) {
			continue
		}
		f.seen.watch(f.Run, f.decoder)
		mel, err := f.decoder.Mel(ctx, f.prompt, units, run.chunked)
		f.seen.stop(f.Run, f.decoder)
		if err != nil {
			return err
		}
		f.Near(name+run.what, f.columns(mel))
		if run.chunked {
			f.intermediates(name)
		}
	}
	return f.chunks(ctx, name, units)
}

// whole checks an utterance in which every frame sees every other. Whether it follows the prompt shows in the length of
// its intermediate values; where there are none, the nearer of both counts.
func (f *flowRun) whole(ctx context.Context, name string, units []int32) error {
	voices := []*cosyvoice.Voice{f.prompt, f.bare}
	if shape := f.Shape(name + ".embedding"); len(shape) > 0 {
		voices = voices[:1]
		if shape[0] == int64(len(units)) {
			voices[0] = f.bare
		}
	}
	want := f.Floats(name + ".mel")
	var best []float32
	for _, v := range voices {
		f.seen.watch(f.Run, f.decoder)
		mel, err := f.decoder.Mel(ctx, v, units, false)
		f.seen.stop(f.Run, f.decoder)
		if err != nil {
			return err
		}
		mel = f.columns(mel)
		if best == nil || distance(mel, want) < distance(best, want) {
			best = mel
		}
	}
	f.intermediates(name)
	f.Near(name+".mel", best)
	return nil
}

var ofStep = regexp.MustCompile(`^(.+)_step([0-9]+)$`)

// intermediates compares what is stored of a case beside its outputs with what was seen.
func (f *flowRun) intermediates(name string) {
	c := f.net.Config
	for _, full := range f.Names() {
		stage, ok := strings.CutPrefix(full, name+".")
		if !ok {
			continue
		}
		at := 0
		if m := ofStep.FindStringSubmatch(stage); m != nil {
			stage = m[1]
			at, _ = strconv.Atoi(m[2])
		}
		switch stage {
		case "spk", "time_mlp":
			f.Near(full, f.seen.value(stage, at))
		case "embedding", "embed", "pre_lookahead", "encoder0", "encoder_last", "up_embed", "encoder_out", "mu":
			f.Near(full, f.seen.all(stage))
		case "up_layer":
			f.Near(full, turned(f.seen.all(stage), c.Encoder.Width))
		case "down_resnet":
			f.Near(full, turned(f.known(stage, at), c.Estimator.Channels[0]))
		case "down_attn":
			f.Near(full, f.known(stage, at))
		case "velocity":
			v := f.seen.value(stage, at)
			f.Near(full, append(turned(v[:len(v)/2], c.Mel), turned(v[len(v)/2:], c.Mel)...))
		case "x_steps":
			var steps []float32
			for _, x := range f.seen["x"] {
				steps = append(steps, turned(x, c.Mel)...)
			}
			f.Near(full, steps)
		}
	}
}

// known returns the row that knows what is to be said.
func (f *flowRun) known(stage string, at int) []float32 {
	v := f.seen.value(stage, at)
	return v[:len(v)/2]
}

// chunks checks the frames of an utterance made chunk by chunk; how many units each is of shows in its length.
func (f *flowRun) chunks(ctx context.Context, name string, units []int32) error {
	if !f.Has(name + ".chunk0.mel") {
		return nil
	}
	p, err := f.decoder.Begin(f.prompt, 0)
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.Push(units); err != nil {
		return err
	}
	for i := 0; ; i++ {
		chunk := fmt.Sprintf("%s.chunk%d.mel", name, i)
		shape := f.Shape(chunk)
		if len(shape) != 2 {
			return nil
		}
		mel, err := p.Next(ctx, int(shape[1])/f.net.Config.Ratio)
		if err != nil {
			return err
		}
		f.Near(chunk, f.columns(mel))
	}
}

// columns turns [frames][bands] into [bands][frames].
func (f *flowRun) columns(mel []float32) []float32 { return turned(mel, f.net.Config.Mel) }
