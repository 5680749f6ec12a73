package verify

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"omnilive/model/omni/cosyvoice"
)

// cosyVoiceStream checks folder cosyvoice2_stream: sound as it streams, call by call, and of the whole utterance.
func cosyVoiceStream(ctx context.Context, r *Run) error {
	var config streamConfig
	if err := r.Config(&config); err != nil {
		return err
	}
	s, err := openStream(ctx, r, config)
	if err != nil {
		return err
	}
	defer s.close()
	units := r.Ints("token")
	if err := s.calls(ctx, units, config); err != nil {
		return err
	}
	if r.Has("offline.speech") {
		mel, err := s.decoder.Mel(ctx, s.flow.prompt, units, false)
		if err != nil {
			return err
		}
		samples, _, err := s.decoder.Vocode(ctx, mel, nil)
		if err != nil {
			return err
		}
		r.Near("offline.speech", samples)
	}
	return r.Err()
}

type streamConfig struct {
	Flow, HiFT string
	Frames     int `json:"mel_cache_len"`
	Schedule   []struct {
		Offset   int  `json:"token_offset"`
		Given    int  `json:"tokens_given"`
		Stream   bool `json:"stream"`
		Finalize bool `json:"finalize"`
	}
}

// A streamRun is a flow network and a vocoder of other folders.
type streamRun struct {
	*Run
	flow    *flowRun
	hift    *hiftRun
	runs    []*Run
	decoder *cosyvoice.Decoder
}

func openStream(ctx context.Context, r *Run, config streamConfig) (s *streamRun, err error) {
	s = &streamRun{Run: r}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	for _, dir := range []string{config.Flow, config.HiFT} {
		if !filepath.IsLocal(filepath.Base(dir)) {
			return s, fmt.Errorf("folder %q", dir)
		}
		beside, err := open(filepath.Join(r.Dir, dir), r.name, Options{Backend: r.Backend, Type: r.Type})
		if err != nil {
			return s, err
		}
		s.runs = append(s.runs, beside)
	}
	if s.flow, err = openFlow(ctx, s.runs[0]); err != nil {
		return s, err
	}
	if s.hift, err = openHiFT(ctx, s.runs[1]); err != nil {
		return s, err
	}
	noise, err1 := cosyvoice.NoiseOf(s.flow.Floats("noise"), s.flow.net.Config.Mel)
	sine, err2 := cosyvoice.NoiseRows(s.hift.Floats("noise_table"), s.hift.net.Config.Harmonics+1)
	if err = errors.Join(err1, err2); err != nil {
		return s, err
	}
	s.decoder, err = cosyvoice.NewDecoder(r.Backend, s.flow.net, s.hift.net, cosyvoice.Noises{Mel: noise, Sine: sine})
	return s, err
}

func (s *streamRun) close() {
	if s.decoder != nil {
		s.decoder.Close()
	}
	if s.flow != nil {
		s.flow.close()
	}
	if s.hift != nil {
		s.hift.close()
	}
	for _, r := range s.runs {
		r.close()
	}
}

// calls checks the calls of the schedule: what was given to each but the last, the look-ahead left out, is its hop.
func (s *streamRun) calls(ctx context.Context, units []int32, config streamConfig) error {
	o, ahead := cosyvoice.StreamOptions{Whole: true, Overlap: config.Frames}, s.flow.net.Config.Lookahead
	for _, c := range config.Schedule {
		if c.Finalize {
			o.Whole = !c.Stream
			continue
		}
		o.Hops = append(o.Hops, c.Given-ahead-c.Offset)
	}
	stream, err := s.decoder.Stream(s.flow.prompt, o)
	if err != nil {
		return err
	}
	defer stream.Close()
	given := 0
	for i, c := range config.Schedule {
		if c.Given < given || c.Given > len(units) {
			return fmt.Errorf("call %d is given %d units of %d", i, c.Given, len(units))
		}
		samples, err := stream.Push(ctx, units[given:c.Given])
		if err == nil && c.Finalize {
			samples, err = stream.Flush(ctx)
		}
		if err != nil {
			return fmt.Errorf("call %d: %w", i, err)
		}
		given = c.Given
		s.Near(fmt.Sprintf("chunk%d.speech", i), samples)
	}
	return s.Err()
}
