package devices

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"time"

	"github.com/pion/mediadevices/pkg/codec"
	"github.com/pion/mediadevices/pkg/codec/openh264"
	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/frame"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"

	"omnilive/signaling/caller"
)

// What a camera is asked for: enough for a picture encoder, cheap to encode.
const (
	cameraWidth   = 640
	cameraHeight  = 480
	cameraRate    = 15 // pictures a second
	cameraBitrate = 600_000
	keyframeEvery = cameraRate // pictures: whoever lost one waits a second at most
)

// A Camera is one that is open.
type Camera struct {
	device driver.Driver
	source video.Reader
}

// OpenCamera opens the camera whose name contains the given one, in any case of letters, or the default camera for an
// empty name. Its error names the remedy; it is ErrNone when there is no such camera.
func OpenCamera(name string) (*Camera, error) {
	d, err := find(KindCamera, name)
	if err != nil {
		return nil, err
	}
	recorder, ok := d.(driver.VideoRecorder)
	if !ok {
		return nil, unknown(KindCamera, name)
	}
	if err := d.Open(); err != nil {
		return nil, unopened(KindCamera, title(d), err)
	}
	mode, ok := best(d.Properties())
	if !ok {
		_ = d.Close()
		return nil, fmt.Errorf("the camera %s has no picture format that can be read: use another (--list-devices)", title(d))
	}
	source, err := recorder.VideoRecord(mode)
	if err != nil {
		return nil, unopened(KindCamera, title(d), err)
	}
	return &Camera{device: d, source: source}, nil
}

// best is the mode nearest to what is asked for. Depth pictures are no pictures.
func best(modes []prop.Media) (nearest prop.Media, ok bool) {
	want := prop.MediaConstraints{VideoConstraints: prop.VideoConstraints{
		Width: prop.Int(cameraWidth), Height: prop.Int(cameraHeight), FrameRate: prop.Float(cameraRate),
		FrameFormat: prop.FrameFormatOneOf{
			frame.FormatI420, frame.FormatNV12, frame.FormatNV21, frame.FormatYUY2,
			frame.FormatYUYV, frame.FormatUYVY, frame.FormatMJPEG,
		},
	}}
	least := math.Inf(1)
	for _, m := range modes {
		if d, fits := want.FitnessDistance(m); fits && d < least {
			nearest, least, ok = m, d, true
		}
	}
	return nearest, ok
}

// Name is what the system calls the camera.
func (c *Camera) Name() string { return title(c.device) }

// Video is the camera as caller.Options takes it: H.264, at most 15 pictures a second.
func (c *Camera) Video() *caller.Video {
	return &caller.Video{MIME: "video/h264", Frames: c.frames}
}

func (c *Camera) frames(ctx context.Context, write func(frame []byte, d time.Duration) error) error {
	first, _, err := c.source.Read()
	if err != nil {
		return fmt.Errorf("read camera %s: %w", title(c.device), err)
	}
	enc, err := encoder(c.paced(first), first.Bounds())
	if err != nil {
		return fmt.Errorf("encode camera %s: %w", title(c.device), err)
	}
	defer enc.Close()
	for last := time.Now().Add(-time.Second / cameraRate); ; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		data, release, err := enc.Read()
		if err != nil {
			return fmt.Errorf("read camera %s: %w", title(c.device), err)
		}
		now := time.Now()
		if len(data) > 0 { // nothing when the encoder keeps to its bit rate by leaving a picture out
			err, last = write(data, now.Sub(last)), now
		}
		release()
		if err != nil {
			return err
		}
	}
}

// paced gives the first picture, then the camera's next ones, at most cameraRate a second.
func (c *Camera) paced(first image.Image) video.Reader {
	var due time.Time
	return video.ReaderFunc(func() (image.Image, func(), error) {
		if first != nil {
			picture := first
			first, due = nil, time.Now().Add(time.Second/cameraRate)
			return picture, func() {}, nil
		}
		for {
			picture, release, err := c.source.Read()
			now := time.Now()
			if err != nil || now.After(due.Add(-5*time.Millisecond)) {
				due = due.Add(time.Second / cameraRate)
				if due.Before(now) {
					due = now
				}
				return picture, release, err
			}
			release()
		}
	})
}

func encoder(pictures video.Reader, size image.Rectangle) (codec.ReadCloser, error) {
	p, err := openh264.NewParams()
	if err != nil {
		return nil, err
	}
	if size.Empty() {
		return nil, errors.New("its pictures are empty")
	}
	p.BitRate, p.IntraPeriod, p.MultipleThreadIdc = cameraBitrate, keyframeEvery, 1
	return p.BuildVideoEncoder(pictures, prop.Media{Video: prop.Video{Width: size.Dx(), Height: size.Dy(), FrameRate: cameraRate}})
}

// Close turns the camera off. A call that films must have ended.
func (c *Camera) Close() error { return c.device.Close() }
