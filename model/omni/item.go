package omni

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"omnilive/model"
	"omnilive/model/omni/audio"
	"omnilive/model/omni/prompt"
	"omnilive/model/omni/vision"
	"omnilive/model/picture"
)

// An Item is what the encoders made of a picture, a sound or a video: its place in a prompt, and the rows of features that
// go there.
type Item struct {
	Kind  prompt.Kind
	Media prompt.Media
	Rows  []float32 // [Media.Rows, width of the language model]
	Sound []float32 // [Media.Sound, width]: a video's soundtrack
}

// absent says that a checkpoint lacks what is needed.
func absent(component string) error { return &AbsentError{component} }

// An AbsentError says that the checkpoint does not have what was asked for.
type AbsentError struct{ Component string }

// Error implements error.
func (e *AbsentError) Error() string { return "this checkpoint has no " + e.Component }

// Width returns the values of a row of features.
func (m *Model) Width() int { return m.language.model.NEmbd() }

// Image encodes a picture, its rows and its codes.
func (m *Model) Image(ctx context.Context, p model.Picture) (Item, error) {
	if m.nets.vision == nil {
		return Item{}, absent(VisionModel)
	}
	unlock := m.at(VisionModel).lock(ctx)
	rows, _, err := m.nets.vision.Image(ctx, p)
	unlock()
	if err != nil {
		return Item{}, fmt.Errorf("encode the picture: %w", err)
	}
	it := Item{Kind: prompt.Image, Rows: rows, Media: prompt.Media{Rows: len(rows) / m.nets.vision.Width(), Width: p.Width, Height: p.Height}}
	if m.nets.images != nil {
		defer m.at(ImageTokenizer).lock(ctx)()
		if it.Media.Codes, err = m.nets.images.Encode(ctx, p); err != nil {
			return Item{}, fmt.Errorf("tokenize the picture: %w", err)
		}
	}
	return it, nil
}

// Audio encodes sound, 16 kHz mono in [-1, 1), its rows and its units.
func (m *Model) Audio(ctx context.Context, samples []float32) (Item, error) {
	if m.nets.audio == nil {
		return Item{}, absent(AudioModel)
	}
	if len(samples) == 0 {
		return Item{}, errors.New("encode the sound: it has no samples")
	}
	rows, err := m.listen(ctx, samples)
	if err != nil {
		return Item{}, fmt.Errorf("encode the sound: %w", err)
	}
	if len(rows) == 0 {
		return Item{}, fmt.Errorf("encode the sound: %d samples are too few", len(samples))
	}
	it := Item{Kind: prompt.Audio, Rows: rows, Media: prompt.Media{
		Rows: len(rows) / m.nets.audio.Width(), Duration: prompt.AudioDuration(len(samples), model.InputRate),
	}}
	if m.nets.speech != nil {
		defer m.at(SpeechTokenizer).lock(ctx)()
		if it.Media.Codes, err = m.nets.speech.Encode(ctx, samples); err != nil {
			return Item{}, fmt.Errorf("tokenize the sound: %w", err)
		}
	}
	return it, nil
}

// A Clip is a video: the frames that vision.SampleFrames picked, how many a second they are, and the sound at 16 kHz, which
// may be none.
type Clip struct {
	Frames []model.Picture
	FPS    float64
	Sound  []float32
	Limits picture.Limits // the sizes that frames may have; the zero ones are the reference's service's
}

// Video encodes a clip: its frames, and its soundtrack through the compressor.
func (m *Model) Video(ctx context.Context, c Clip) (Item, error) {
	if m.nets.vision == nil {
		return Item{}, absent(VisionModel)
	}
	if len(c.Frames) == 0 || !(c.FPS > 0) {
		return Item{}, fmt.Errorf("encode the video: %d frames, %v a second", len(c.Frames), c.FPS)
	}
	limits := vision.FrameLimits(m.nets.vision.Side())
	if c.Limits.MaxPixels > 0 {
		limits.MinPixels, limits.MaxPixels = c.Limits.MinPixels, c.Limits.MaxPixels
	}
	rows, err := m.watch(ctx, c.Frames, limits)
	if err != nil {
		return Item{}, fmt.Errorf("encode the video: %w", err)
	}
	it := Item{Kind: prompt.Video, Rows: rows, Media: prompt.Media{
		Rows: len(rows) / m.nets.vision.Width(), Duration: prompt.VideoDuration(len(c.Frames), c.FPS),
	}}
	if it.Sound, err = m.soundtrack(ctx, c.Sound); err != nil {
		return Item{}, fmt.Errorf("encode the video's sound: %w", err)
	}
	it.Media.Sound = len(it.Sound) / max(1, m.nets.vision.Width())
	return it, nil
}

// watch encodes frames; between two temporal grids others may use the device.
func (m *Model) watch(ctx context.Context, frames []model.Picture, limits picture.Limits) ([]float32, error) {
	s, err := m.nets.vision.Stream(limits, 0)
	if err != nil {
		return nil, err
	}
	at := m.at(VisionModel)
	defer at.lock(ctx)()
	var rows []float32
	for i, f := range frames {
		if i > 0 {
			at.giveWay()
		}
		more, err := s.Take(ctx, f)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	more, err := s.Finish(ctx)
	return append(rows, more...), err
}

// soundtrack encodes sound at one row a second.
func (m *Model) soundtrack(ctx context.Context, samples []float32) ([]float32, error) {
	if len(samples) == 0 || m.nets.audio == nil || m.nets.compressor == nil {
		return nil, nil
	}
	rows, err := m.listen(ctx, samples)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	defer m.at(Compressor).lock(ctx)()
	return m.nets.compressor.Compress(ctx, rows)
}

// listen encodes sound at 25 rows a second; between two pieces others may use the device.
func (m *Model) listen(ctx context.Context, samples []float32) ([]float32, error) {
	if len(samples) > audio.MaxSamples {
		return nil, fmt.Errorf("%d samples, at most %d", len(samples), audio.MaxSamples)
	}
	e, at := m.nets.audio, m.at(AudioModel)
	defer at.lock(ctx)()
	rows := make([]float32, 0, e.Config().Rows(len(samples))*e.Width())
	for piece := range slices.Chunk(samples, e.Config().PieceSamples()) {
		more, err := e.Piece(ctx, piece)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
		at.giveWay()
	}
	return rows, nil
}

// Frames picks the frames of a video of total frames that its encoding takes, and how many a second they are.
func (m *Model) Frames(total int, fps float64) (index []int, rate float64, err error) {
	s, err := vision.SampleFrames(total, fps)
	return s.Index, s.FPS, err
}

// Clock is the time between two frames of a live video.
const Clock = time.Second / vision.SampleRate
