package omni

import (
	"context"
	"fmt"
	"time"

	"omnilive/model"
	"omnilive/model/omni/bigvgan"
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
					defer m.at(SpeechTokenizer).lock()()
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
			defer m.at(Compressor).lock()()
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
					defer m.at(VisionModel).lock()()
					_, _, err := m.nets.vision.Video(ctx, []model.Picture{one, two}, limits)
					return err
				},
			},
			probe{
				Measurement: Measurement{Part: "vision encoder", What: "a still " + size},
				run: func(ctx context.Context) error {
					defer m.at(VisionModel).lock()()
					_, _, err := m.nets.vision.Image(ctx, one)
					return err
				},
			})
	}
	if m.nets.images != nil {
		all = append(all, probe{
			Measurement: Measurement{Part: "image tokenizer", What: "a still " + size},
			run: func(ctx context.Context) error {
				defer m.at(ImageTokenizer).lock()()
				_, err := m.nets.images.Encode(ctx, one)
				return err
			},
		})
	}
	return all, nil
}

// How the vocoder is fed here: a first chunk as small as a call's, then chunks of two fifths of a second.
const (
	measureFirst = 5
	measureAhead = 10
	measureChunk = 10
)

// voiceProbes are of what turns units into sound, and a recording into a voice.
func (m *Model) voiceProbes(ctx context.Context, o MeasureOptions) (all []probe, err error) {
	if _, err := m.folder.vocoderPath(NamedVoices); err != nil {
		return nil, nil // a checkpoint without a voice has nothing to measure here
	}
	v, err := m.Voice(ctx, "")
	if err != nil {
		return nil, err
	}
	first := make([]int32, measureFirst+measureAhead)
	rest := make([]int32, 50)
	if o.Quick {
		rest = rest[:20]
	}
	for i := range rest {
		rest[i] = int32(i*37) % int32(v.vocoder.Units())
	}
	copy(first, rest)
	var speech *Speech
	begin := func(ctx context.Context) error {
		speech, err = m.Speech(v, bigvgan.StreamOptions{Chunk: measureFirst, Short: true, Ahead: measureAhead})
		if err != nil {
			return err
		}
		_, err = speech.Push(ctx, first)
		return err
	}
	all = append(all,
		probe{
			Measurement: Measurement{Part: "vocoder", What: fmt.Sprintf("the first chunk: %d units, %d more looked at", measureFirst, measureAhead), Call: units(measureFirst)},
			run:         begin,
		},
		probe{
			Measurement: Measurement{Part: "vocoder", What: fmt.Sprintf("%d units in chunks of %d", len(rest), measureChunk), Call: units(len(rest)), Count: len(rest), Unit: "units"},
			run: func(ctx context.Context) error {
				if err := speech.Options(bigvgan.StreamOptions{Chunk: measureChunk}); err != nil {
					return err
				}
				for i := 0; i < len(rest); i += measureChunk {
					if _, err := speech.Push(ctx, rest[i:i+measureChunk]); err != nil {
						return err
					}
				}
				return nil
			},
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
				defer m.at(DecoderPlace).lock()()
				latent, err = d.Denoise(ctx, codes, way)
				return err
			},
		},
		{
			Measurement: Measurement{Part: "image decoder", What: "painting " + size + " when the steps are done"},
			run: func(ctx context.Context) error {
				defer m.at(DecoderPlace).lock()()
				_, err := d.Render(ctx, latent)
				return err
			},
		},
	}, nil
}
