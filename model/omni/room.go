package omni

import (
	"fmt"

	"omnilive/model"
	"omnilive/model/omni/vision"
)

// perQuestion is room for the template's words, a tool's among them.
const perQuestion = 2048

// Positions is about how many positions of a window a request takes, its answer included: never fewer than it does take,
// as long as MaxTokens bounds the answer. It tells sizes that no picture can be brought to.
func (f *Folder) Positions(q Request) (int, error) {
	n := perQuestion + len(q.System) + q.Answer.MaxTokens + q.Answer.Free + len(q.Answer.Begin)
	for _, m := range q.Before {
		for _, p := range m.Parts {
			n += len(p.Text)
		}
	}
	for i, in := range q.Inputs {
		taken, err := f.positions(in)
		if err != nil {
			return 0, fmt.Errorf("input %d: %w", i+1, err)
		}
		n += taken
	}
	return n, nil
}

// positions is what an input takes.
func (f *Folder) positions(in Input) (int, error) {
	still := f.Config.Pictures.Limits()
	second := 25 // rows of features, and as many units
	switch {
	case in.Picture != nil:
		h, w, err := still.Still(in.Picture.Height, in.Picture.Width)
		if err != nil {
			return 0, err
		}
		side := f.Config.IDs.Side()
		return 256 + h*w/(still.Factor*still.Factor) + side*(side+1), nil
	case in.Clip != nil:
		if len(in.Clip.Frames) == 0 {
			return 0, nil
		}
		limits := vision.FrameLimits(still.Factor)
		if in.Clip.Limits.MaxPixels > 0 {
			limits.MinPixels, limits.MaxPixels = in.Clip.Limits.MinPixels, in.Clip.Limits.MaxPixels
		}
		h, w, err := limits.Frame(in.Clip.Frames[0].Height, in.Clip.Frames[0].Width)
		if err != nil {
			return 0, err
		}
		rows := (len(in.Clip.Frames) + 1) / 2 * h * w / (still.Factor * still.Factor)
		return 256 + rows + len(in.Clip.Sound)/model.InputRate + 2, nil
	case in.Sound != nil:
		return 256 + 2*second*(len(in.Sound)/model.InputRate+2), nil
	}
	return 2 + len(in.Text), nil
}
