package vision

import (
	"context"
	"errors"
	"fmt"
	"time"

	"omnilive/model"
	"omnilive/model/picture"
)

// A Stream encodes the frames of a camera or a video as they come: those that a fixed clock picks, each temporal grid as soon
// as its frames are there. The first frame settles the size. What comes out equals Encode over the same frames.
type Stream struct {
	e       *Encoder
	limits  picture.Limits
	every   time.Duration
	next    time.Duration
	size    [2]int // height, width
	waiting []model.Picture
	grids   int
}

// Stream begins a video whose frames get sizes in limits, with fps frames a second picked of those given to Add; 0 picks all.
func (e *Encoder) Stream(limits picture.Limits, fps float64) (*Stream, error) {
	if e.patcher == nil {
		return nil, errors.New("vision encoder: not loaded")
	}
	if side := e.patcher.patch * e.patcher.merge; limits.Factor != side {
		return nil, fmt.Errorf("vision encoder: frames in multiples of %d, want %d", limits.Factor, side)
	}
	if !(fps >= 0 && fps <= 1000) {
		return nil, fmt.Errorf("vision encoder: %v frames a second, want 0 to 1000", fps)
	}
	s := &Stream{e: e, limits: limits}
	if fps > 0 {
		s.every = time.Duration(float64(time.Second) / fps)
	}
	return s, nil
}

// Add brings the frame that was taken at a moment of the stream's own time. The first frame of each tick of the clock is
// encoded, the others are left out: ticks without a frame stay empty. It returns rows as Take does.
func (s *Stream) Add(ctx context.Context, at time.Duration, frame model.Picture) ([]float32, error) {
	if s.every > 0 {
		if at < s.next {
			return nil, nil
		}
		s.next = (at/s.every + 1) * s.every
	}
	return s.Take(ctx, frame)
}

// Take has frame encoded, whatever the clock says. It returns the embeddings of the temporal grid that frame completes, and
// none while that wants more frames.
func (s *Stream) Take(ctx context.Context, frame model.Picture) ([]float32, error) {
	if err := picture.Check(frame); err != nil {
		return nil, fmt.Errorf("vision encoder: %w", err)
	}
	if s.size[0] == 0 {
		height, width, err := s.limits.Frame(frame.Height, frame.Width)
		if err == nil && (height == 0 || width == 0) {
			err = fmt.Errorf("a frame of %dx%d is too thin to be made %d pixels or less: cut it", frame.Width, frame.Height, s.limits.MaxPixels)
		}
		if err != nil {
			return nil, fmt.Errorf("vision encoder: %w", err)
		}
		s.size = [2]int{height, width}
	}
	fit, err := picture.Torch(frame, s.size[1], s.size[0])
	if err != nil {
		return nil, fmt.Errorf("vision encoder: %w", err)
	}
	if s.waiting = append(s.waiting, fit); len(s.waiting) < s.e.c.Tower.Temporal {
		return nil, nil
	}
	rows, _, err := s.e.whole(ctx, s.waiting)
	s.waiting = s.waiting[:0]
	if err == nil {
		s.grids++
	}
	return rows, err
}

// Finish encodes frames that still wait for others, the last one taken again in the place of those. The stream may go on.
func (s *Stream) Finish(ctx context.Context) ([]float32, error) {
	n := len(s.waiting)
	if n == 0 {
		return nil, nil
	}
	for len(s.waiting) < s.e.c.Tower.Temporal {
		s.waiting = append(s.waiting, s.waiting[n-1])
	}
	rows, _, err := s.e.whole(ctx, s.waiting)
	s.waiting = s.waiting[:0]
	if err == nil {
		s.grids++
	}
	return rows, err
}

// Grid returns the patches of what has been encoded so far.
func (s *Stream) Grid() Grid {
	return Grid{s.grids, s.size[0] / s.e.patcher.patch, s.size[1] / s.e.patcher.patch}
}
