package omni

import (
	"context"
	"fmt"
	"time"

	"omnilive/model"
	"omnilive/model/omni/imagedecoder"
	"omnilive/model/omni/vision"
)

// camera is the side of the pictures that are measured.
const camera = 512

func (o MeasureOptions) side() int {
	if o.Quick {
		return camera / 8
	}
	return camera
}

// hearingProbes are of what turns sound into rows and units.
func (m *Model) hearingProbes(_ context.Context, o MeasureOptions) (all []probe, _ error) {
	lengths := []int{1, 5, 30}
	if o.Quick {
		lengths = lengths[:1]
	}
	for _, s := range lengths {
		d := time.Duration(s) * time.Second
		pcm := MeasureSound(d, model.InputRate)
		if m.nets.audio != nil {
			all = append(all, probe{
				Measurement: Measurement{Part: "audio encoder", What: fmt.Sprintf("%d s of sound", s), Call: d},
				run:         func(ctx context.Context) error { _, err := m.listen(ctx, pcm); return err },
			})
		}
		if m.nets.speech != nil {
			all = append(all, probe{
				Measurement: Measurement{Part: "speech tokenizer", What: fmt.Sprintf("%d s of sound", s), Call: d},
				run: func(ctx context.Context) error {
					defer m.at(SpeechTokenizer).lock(ctx)()
					_, err := m.nets.speech.Encode(ctx, pcm)
					return err
				},
			})
		}
	}
	if m.nets.compressor != nil {
		all = append(all, m.compressorProbe())
	}
	return all, nil
}

func (m *Model) compressorProbe() probe {
	c := m.nets.compressor
	shape, state := c.Shape(), c.Start()
	rows := make([]float32, shape.Chunk*shape.In)
	for i := range rows {
		rows[i] = float32(i%17)/17 - 0.5
	}
	return probe{
		Measurement: Measurement{Part: "compressor", What: fmt.Sprintf("%d rows, a second of soundtrack", shape.Chunk), Call: time.Second},
		run: func(ctx context.Context) error {
			defer m.at(Compressor).lock(ctx)()
			_, err := c.Step(ctx, state, rows)
			return err
		},
	}
}

// seeingProbes are of what turns pictures into rows and codes.
func (m *Model) seeingProbes(_ context.Context, o MeasureOptions) (all []probe, _ error) {
	side := o.side()
	one, two := MeasurePicture(side, side, 1), MeasurePicture(side, side, 2)
	size := fmt.Sprintf("%d×%d", side, side)
	if m.nets.vision != nil {
		limits := vision.FrameLimits(m.nets.vision.Side())
		all = append(all,
			probe{
				Measurement: Measurement{Part: "vision encoder", What: "a pair of camera frames " + size + ", a second", Call: time.Second},
				run: func(ctx context.Context) error {
					defer m.at(VisionModel).lock(ctx)()
					_, _, err := m.nets.vision.Video(ctx, []model.Picture{one, two}, limits)
					return err
				},
			},
			probe{
				Measurement: Measurement{Part: "vision encoder", What: "a still " + size},
				run: func(ctx context.Context) error {
					defer m.at(VisionModel).lock(ctx)()
					_, _, err := m.nets.vision.Image(ctx, one)
					return err
				},
			})
	}
	if m.nets.images != nil {
		all = append(all, probe{
			Measurement: Measurement{Part: "image tokenizer", What: "a still " + size},
			run: func(ctx context.Context) error {
				defer m.at(ImageTokenizer).lock(ctx)()
				_, err := m.nets.images.Encode(ctx, one)
				return err
			},
		})
	}
	return all, nil
}

// voiceProbes are of what turns units into sound, as a live voice does it, and a recording into a voice.
func (m *Model) voiceProbes(ctx context.Context, o MeasureOptions) (all []probe, err error) {
	if _, err := m.folder.vocoderPath(NamedVoices); err != nil {
		return nil, nil // a checkpoint without a voice has nothing to measure here
	}
	v, err := m.Voice(ctx, "")
	if err != nil {
		return nil, err
	}
	n := 50
	if o.Quick {
		n = 20
	}
	u := &utterance{m: m, v: v}
	first, err := u.begin(ctx)
	if err != nil {
		return nil, err
	}
	all = append(all,
		probe{
			Measurement: Measurement{
				Part: "vocoder", What: fmt.Sprintf("the first sound, %v of it, which takes %d units", first.Round(time.Millisecond), u.pushed), Call: first,
			},
			run: func(ctx context.Context) error { _, err := u.begin(ctx); return err },
		},
		probe{
			Measurement: Measurement{Part: "vocoder", What: fmt.Sprintf("%d units more", n), Call: units(n), Count: n, Unit: "units"},
			run:         func(ctx context.Context) error { return u.goOn(ctx, n) },
			close:       u.close,
		})
	if m.Clones() {
		recording := MeasureSound(5*time.Second, model.OutputRate)
		all = append(all, probe{
			Measurement: Measurement{Part: "speaker encoder", What: "a recording of 5 s"},
			run:         func(ctx context.Context) error { _, err := m.VoiceLike(ctx, recording); return err },
		})
	}
	return all, nil
}

// An utterance is speech under measurement.
type utterance struct {
	m      *Model
	v      Voice
	s      *Speech
	pushed int
}

// begin begins anew and returns how long the first sound is.
func (u *utterance) begin(ctx context.Context) (time.Duration, error) {
	u.close()
	var err error
	if u.s, err = u.m.Speech(u.v, SpeechOptions{}); err != nil {
		return 0, err
	}
	const most = 250 // ten seconds
	for u.pushed = 1; u.pushed <= most; u.pushed++ {
		pcm, err := u.s.Push(ctx, u.unit())
		if err != nil || len(pcm) > 0 {
			return time.Duration(len(pcm)) * time.Second / model.OutputRate, err
		}
	}
	return 0, fmt.Errorf("%d units made no sound", most)
}

// goOn speaks n more units.
func (u *utterance) goOn(ctx context.Context, n int) error {
	for range n {
		u.pushed++
		if _, err := u.s.Push(ctx, u.unit()); err != nil {
			return err
		}
	}
	return nil
}

func (u *utterance) unit() int32 { return int32(u.pushed*37) % u.m.Vocabulary.Units.Count }

func (u *utterance) close() {
	if u.s != nil {
		u.s.Close()
		u.s = nil
	}
}

// units is how long so many units of speech last.
func units(n int) time.Duration { return time.Duration(n) * time.Second / 25 }

// drawingProbes are of what turns codes into a picture.
func (m *Model) drawingProbes(ctx context.Context, o MeasureOptions) ([]probe, error) {
	if !o.Draw || !m.Draws() {
		return nil, nil
	}
	d, err := m.Painter(ctx)
	if err != nil {
		return nil, err
	}
	codes := make([]int32, d.Config().Embedder.Tokens)
	way := imagedecoder.Options{Width: 768, Height: 768, Steps: 1, Guidance: imagedecoder.Standard().Guidance}
	if o.Quick {
		way.Width, way.Height = 64, 64
	}
	size := fmt.Sprintf("%d×%d", way.Width, way.Height)
	var latent imagedecoder.Latent
	return []probe{
		{
			Measurement: Measurement{Part: "image decoder", What: "a step at " + size, Count: 1, Unit: "steps"},
			run: func(ctx context.Context) (err error) {
				defer m.at(DecoderPlace).lock(ctx)()
				latent, err = d.Denoise(ctx, codes, way)
				return err
			},
		},
		{
			Measurement: Measurement{Part: "image decoder", What: "painting " + size + " when the steps are done"},
			run: func(ctx context.Context) error {
				defer m.at(DecoderPlace).lock(ctx)()
				_, err := d.Render(ctx, latent)
				return err
			},
		},
	}, nil
}
