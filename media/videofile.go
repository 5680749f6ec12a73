package media

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"omnilive/media/gst"
)

// Limits of a video file where VideoLimits leaves them open.
const (
	maxVideoTime   = 4 * time.Hour
	maxVideoPixels = 8192 * 4352 // of a frame: 8K
	maxVideoKept   = 512         // frames that are kept at once
)

// VideoLimits bound what is taken of a video file; zeros mean the package's own.
type VideoLimits struct {
	Duration time.Duration
	Pixels   int // of a frame
}

func (l VideoLimits) filled() VideoLimits {
	if l.Duration <= 0 {
		l.Duration = maxVideoTime
	}
	if l.Pixels <= 0 {
		l.Pixels = maxVideoPixels
	}
	return l
}

// A VideoFile is a file whose frames have been counted.
type VideoFile struct {
	Frames        int     // that it decodes to
	FPS           float64 // frames a second, on average
	Width, Height int     // of the first frame

	path   string
	kind   string
	limits VideoLimits
}

// OpenVideoFile decodes a file once to count its frames. Their rate is what the file states, where the times of the frames
// bear that out, else what these come to.
func OpenVideoFile(ctx context.Context, path string, l VideoLimits) (*VideoFile, error) {
	v := &VideoFile{path: path, limits: l.filled()}
	if err := v.count(ctx); err != nil {
		return nil, fmt.Errorf("read the video %s: %w", path, err)
	}
	return v, nil
}

func (v *VideoFile) count(ctx context.Context) (err error) {
	if v.kind, err = checkFile(v.path); err != nil {
		return err
	}
	c := videoCount{v: v, first: -1}
	if err := v.decode(ctx, gst.Decoding{Sink: c.take}); err != nil {
		return err
	}
	if c.long {
		return fmt.Errorf("it is longer than %v", v.limits.Duration)
	}
	if v.Frames == 0 {
		return ErrNoVideo
	}
	v.FPS = c.rate()
	if !(v.FPS > 0 && v.FPS <= 1e6) {
		return fmt.Errorf("its %d frames carry no times", v.Frames)
	}
	return nil
}

// decode goes through the pictures of the file.
func (v *VideoFile) decode(ctx context.Context, d gst.Decoding) error {
	d.Path, d.Push, d.Video, d.Pixels = v.path, pushed(v.kind, true), true, v.limits.Pixels
	err := gst.Decode(ctx, d)
	switch {
	case errors.Is(err, gst.ErrNoStream):
		return ErrNoVideo
	case errors.Is(err, gst.ErrTooLarge):
		return fmt.Errorf("its pictures have more than %d pixels", v.limits.Pixels)
	}
	return err
}

// videoCount sees every frame go by.
type videoCount struct {
	v           *VideoFile
	stated      float64
	first, last time.Duration
	long        bool
}

func (c *videoCount) take(_ []byte, pts time.Duration, f gst.Format) bool {
	if c.v.Frames == 0 {
		c.v.Width, c.v.Height, c.stated = f.Width, f.Height, f.FPS
	}
	c.v.Frames++
	if pts >= 0 {
		if c.first < 0 {
			c.first = pts
		}
		c.last = max(c.last, pts)
	}
	c.long = pts-max(0, c.first) > c.v.limits.Duration || c.v.Frames > int(c.v.limits.Duration.Seconds()*1000)
	return !c.long
}

// rate is the frames a second. Times of frames are often rounded, so that a stated rate is better where it agrees.
func (c *videoCount) rate() float64 {
	measured := 0.0
	if c.v.Frames > 1 && c.last > c.first && c.first >= 0 {
		measured = float64(c.v.Frames-1) / (c.last - c.first).Seconds()
	}
	if c.stated > 0 && (measured == 0 || math.Abs(measured-c.stated) <= 0.02*c.stated) {
		return c.stated
	}
	return measured
}

// Pictures decodes the file again and returns the frames of these numbers, which ascend and may repeat: RGB exactly as
// decoded, turned upright where the file says how.
func (v *VideoFile) Pictures(ctx context.Context, index []int) ([]Picture, error) {
	if len(index) == 0 || len(index) > maxVideoKept {
		return nil, fmt.Errorf("read the video %s: %d frames are wanted, want 1 to %d", v.path, len(index), maxVideoKept)
	}
	p := videoPick{index: index, limit: v.limits.Pixels}
	shape := "videoconvert ! video/x-raw,format=RGB ! "
	if gst.Has("videoflip") {
		shape += "videoflip video-direction=auto ! "
	}
	err := v.decode(ctx, gst.Decoding{Shape: shape + "video/x-raw,format=RGB", Keep: p.keep, Sink: p.take})
	if err == nil {
		err = p.err
	}
	if err == nil && len(p.out) < len(index) {
		err = fmt.Errorf("frame %d is not there a second time", index[len(p.out)])
	}
	if err != nil {
		return nil, fmt.Errorf("read the video %s: %w", v.path, err)
	}
	return p.out, nil
}

// videoPick gathers the frames that are wanted.
type videoPick struct {
	index []int
	at    int // number of the next decoded frame
	next  int // place in index of the next frame to let through
	limit int
	out   []Picture
	err   error
}

// keep is asked for every decoded frame.
func (p *videoPick) keep() bool {
	at := p.at
	p.at++
	if p.next == len(p.index) || p.index[p.next] != at {
		return false
	}
	for p.next < len(p.index) && p.index[p.next] == at {
		p.next++
	}
	return true
}

// take copies a frame that was let through, without the padding of its rows.
func (p *videoPick) take(data []byte, pts time.Duration, f gst.Format) bool {
	stride := (3*f.Width + 3) &^ 3
	if f.Width < 1 || f.Height < 1 || f.Width > p.limit/f.Height || len(data) < stride*(f.Height-1)+3*f.Width {
		p.err = fmt.Errorf("a frame of %dx%d in %d bytes", f.Width, f.Height, len(data))
		return false
	}
	one := Picture{PTS: pts, Width: f.Width, Height: f.Height, RGB: make([]byte, 0, 3*f.Width*f.Height)}
	for y := range f.Height {
		one.RGB = append(one.RGB, data[y*stride:y*stride+3*f.Width]...)
	}
	number := p.index[len(p.out)]
	for len(p.out) < len(p.index) && p.index[len(p.out)] == number {
		p.out = append(p.out, one)
	}
	return len(p.out) < len(p.index)
}
