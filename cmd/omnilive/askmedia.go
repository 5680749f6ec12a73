package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"omnilive/media"
	"omnilive/model"
	"omnilive/model/omni"
	"omnilive/model/omni/vision"
	"omnilive/model/picture"
)

// Limits of the files of a question.
const (
	mostSound   = time.Hour
	mostPicture = 256 << 20 // bytes of a file
)

// read decodes the files of the question.
func (a *asking) read(ctx context.Context) error {
	for _, in := range a.f.inputs {
		part, err := a.input(ctx, in)
		if err != nil {
			return err
		}
		a.q.Inputs = append(a.q.Inputs, part)
	}
	return nil
}

func (a *asking) input(ctx context.Context, in askInput) (part omni.Input, err error) {
	switch in.kind {
	case 'i':
		p, err := readPicture(in.text)
		if err != nil {
			return part, fmt.Errorf("-i %s: %w", in.text, err)
		}
		return omni.Input{Picture: &p}, nil
	case 'a':
		if part.Sound, err = media.ReadSoundFile(ctx, in.text, media.InputRate, mostSound); err != nil {
			return part, fmt.Errorf("-a: %w", err)
		}
		if a.first == "" {
			a.first = in.text
		}
		return part, nil
	case 'v':
		if part.Clip, err = a.clip(ctx, in.text); err != nil {
			return part, fmt.Errorf("-v: %w", err)
		}
		return part, nil
	}
	return omni.Input{Text: in.text}, nil
}

func readPicture(path string) (model.Picture, error) {
	st, err := os.Stat(path)
	switch {
	case err != nil:
		return model.Picture{}, err
	case !st.Mode().IsRegular():
		return model.Picture{}, errors.New("it is no file")
	case st.Size() > mostPicture:
		return model.Picture{}, fmt.Errorf("%d bytes, at most %d", st.Size(), mostPicture)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		return model.Picture{}, err
	}
	return picture.Decode(file)
}

// clip decodes the frames of a video that its encoding takes, and its soundtrack.
func (a *asking) clip(ctx context.Context, path string) (*omni.Clip, error) {
	v, err := media.OpenVideoFile(ctx, path, media.VideoLimits{})
	if err != nil {
		return nil, err
	}
	s, err := vision.SampleFrames(v.Frames, v.FPS)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	frames, err := v.Pictures(ctx, s.Index)
	if err != nil {
		return nil, err
	}
	clip := &omni.Clip{FPS: s.FPS}
	for _, p := range frames {
		clip.Frames = append(clip.Frames, model.Picture{Width: p.Width, Height: p.Height, RGB: p.RGB})
	}
	clip.Sound, err = media.ReadSoundFile(ctx, path, media.InputRate, mostSound)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, media.ErrNoSound):
		a.out.note("%s: %d of %d frames, no sound", path, len(frames), v.Frames)
	case err != nil:
		a.out.note("%s: %d of %d frames, without the sound: %v", path, len(frames), v.Frames, err)
	default:
		a.out.note("%s: %d of %d frames, %.1f s of sound", path, len(frames), v.Frames, float64(len(clip.Sound))/media.InputRate)
	}
	return clip, nil
}
