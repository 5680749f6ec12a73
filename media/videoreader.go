package media

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"omnilive/media/gst"
)

// Limits of a VideoReader.
const (
	videoPackets = 3000                   // taken in a second: 28 Mbit/s
	videoFrames  = 120                    // decoded in a second
	maxSide      = 4096                   // of a camera's picture, in pixels
	keyframeWait = 500 * time.Millisecond // between requests for a key frame
	restartWait  = 2 * time.Second        // between restarts of a decoder that gave up
)

// videoIn decodes every picture, for the next needs it, but converts and shows only those that pass the valve. The
// placeholders are caps, decoder, width and height.
const videoIn = "appsrc name=src is-live=true format=time do-timestamp=false max-buffers=60 max-bytes=0 " +
	"leaky-type=downstream caps=%s ! %s ! valve name=gate drop=true drop-mode=forward-sticky-events ! " +
	"videoconvertscale add-borders=true ! video/x-raw,format=RGB,width=%d,height=%d,pixel-aspect-ratio=1/1 ! " +
	"appsink name=out sync=false max-buffers=2 drop=true"

// VideoOptions configure a VideoReader.
type VideoOptions struct {
	Width, Height int    // of the pictures, which are fitted in with black borders; 0 means 448
	NeedKeyframe  func() // asks the sender for a key frame; called by Push at most twice a second; nil: nobody to ask
}

// A VideoReader is a PictureReader over the RTP packets of a camera track.
//
// One goroutine pushes packets and one looks; Close may be called by either or by a third.
type VideoReader struct {
	codec   *codec
	options VideoOptions
	began   time.Time
	done    chan struct{} // closed by Close
	counts  videoCounts

	// The pushing goroutine's alone.
	assembler assembler
	needKey   bool
	asked     time.Time // for a key frame
	packets   limit
	frames    limit
	restarted time.Time

	look look
}

// look is what the looking goroutine, the pushing one and the decoder's thread share. mu is never held while a
// pipeline is freed, for its thread may be waiting for mu.
type look struct {
	pictures chan Picture // holds one

	mu     sync.Mutex
	pipe   *gst.Pipeline
	want   bool
	since  time.Duration // pictures pushed before do not count
	closed bool
}

type videoCounts struct{ packets, invalid, flooded, lost, decoded, refused, restarts atomic.Uint64 }

// VideoStats counts what a VideoReader did.
type VideoStats struct {
	Packets  uint64 // taken
	Invalid  uint64 // packets dropped because they are not RTP
	Flooded  uint64 // packets dropped because too many came in a second
	Lost     uint64 // packets that never came or were given up with their picture
	Decoded  uint64 // pictures given to the decoder
	Refused  uint64 // pictures dropped: no key frame yet, too large, malformed
	Restarts uint64 // of a decoder that gave up
}

// NewVideoReader makes a reader for a codec that VideoCodecs lists.
func NewVideoReader(mime string, o VideoOptions) (*VideoReader, error) {
	if o.Width == 0 {
		o.Width = 448
	}
	if o.Height == 0 {
		o.Height = 448
	}
	if o.Width < 16 || o.Height < 16 || o.Width > 2048 || o.Height > 2048 {
		return nil, fmt.Errorf("open video reader: size %dx%d is not within 16 and 2048", o.Width, o.Height)
	}
	c, err := findCodec(mime)
	if err != nil {
		return nil, fmt.Errorf("open video reader: %w", err)
	}
	v := &VideoReader{
		codec: c, options: o, began: time.Now(), done: make(chan struct{}), needKey: true,
		packets: limit{most: videoPackets}, frames: limit{most: videoFrames},
	}
	v.assembler.codec = c
	v.look.pictures = make(chan Picture, 1)
	if v.look.pipe, err = v.open(); err != nil {
		return nil, fmt.Errorf("open video reader: %w", err)
	}
	return v, nil
}

// open starts a decoder with its valve shut.
func (v *VideoReader) open() (*gst.Pipeline, error) {
	o := v.options
	desc := fmt.Sprintf(videoIn, v.codec.caps, v.codec.decoder, o.Width, o.Height)
	p, err := gst.New(desc, map[string]gst.Sink{"out": v.decoded}, "gate")
	if err != nil {
		return nil, err
	}
	if err := p.Play(); err != nil {
		p.Free()
		return nil, err
	}
	return p, nil
}

// decoded runs on the decoder's thread. It shuts the valve first and opens it again if the picture was too old, so
// that it cannot shut it behind the back of the next Look.
func (v *VideoReader) decoded(rgb []byte, pts time.Duration) {
	l := &v.look
	l.mu.Lock()
	pipe := l.pipe
	l.mu.Unlock()
	_ = pipe.Set("gate", "drop", true) // fails only when the pipeline is being freed
	l.mu.Lock()
	if l.want && pts >= l.since {
		l.want = false
		select {
		case l.pictures <- pack(rgb, v.options.Width, v.options.Height, pts):
		default:
		}
	}
	want := l.want
	l.mu.Unlock()
	if want {
		_ = pipe.Set("gate", "drop", false)
	}
}

// pack copies a picture without the padding that GStreamer puts after rows, to a multiple of 4 bytes.
func pack(rgb []byte, width, height int, pts time.Duration) Picture {
	p := Picture{PTS: pts, Width: width, Height: height, RGB: make([]byte, 0, 3*width*height)}
	stride := (3*width + 3) &^ 3
	for y := 0; y < height && y*stride+3*width <= len(rgb); y++ {
		p.RGB = append(p.RGB, rgb[y*stride:y*stride+3*width]...)
	}
	p.RGB = p.RGB[:3*width*height]
	return p
}

// Look waits for the next picture that arrives, until ctx ends. After Close it returns ErrClosed.
func (v *VideoReader) Look(ctx context.Context) (Picture, error) {
	l := &v.look
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return Picture{}, ErrClosed
	}
	select {
	case <-l.pictures: // of a Look that was given up
	default:
	}
	l.want, l.since = true, time.Since(v.began)
	pipe := l.pipe
	l.mu.Unlock()
	_ = pipe.Set("gate", "drop", false) // a freed pipeline has a successor with an open valve, or done is closed
	select {
	case p := <-l.pictures:
		return p, nil
	case <-v.done:
		return Picture{}, ErrClosed
	case <-ctx.Done():
		l.mu.Lock()
		l.want = false
		pipe = l.pipe
		l.mu.Unlock()
		_ = pipe.Set("gate", "drop", true)
		return Picture{}, fmt.Errorf("look: %w", context.Cause(ctx))
	}
}

// Push takes one RTP packet as it came from the network, copying it. Packets that cannot be used are dropped and
// counted; an error means that the reader has ended.
func (v *VideoReader) Push(packet []byte) error {
	h, payload, err := parseRTP(packet)
	now := time.Now()
	switch {
	case err != nil:
		v.counts.invalid.Add(1)
		return v.alive()
	case !v.packets.allow(now):
		v.counts.flooded.Add(1)
		v.needKey = true
		return v.alive()
	}
	v.counts.packets.Add(1)
	v.assembler.push(h, payload, now)
	for p := v.assembler.pop(now); p != nil; p = v.assembler.pop(now) {
		if err := v.decode(p, now); err != nil {
			return err
		}
	}
	if v.assembler.torn() {
		v.needKey = true
	}
	v.counts.lost.Store(v.assembler.given)
	v.ask(now)
	return v.alive()
}

func (v *VideoReader) alive() error {
	select {
	case <-v.done:
		return ErrClosed
	default:
		return nil
	}
}

// ask requests a key frame when only that helps.
func (v *VideoReader) ask(now time.Time) {
	if !v.needKey || v.options.NeedKeyframe == nil || now.Sub(v.asked) < keyframeWait {
		return
	}
	v.asked = now
	v.options.NeedKeyframe()
}

// decode gives a whole picture to the decoder, unless that could not or should not decode it.
func (v *VideoReader) decode(picture []byte, now time.Time) error {
	if v.assembler.torn() {
		v.needKey = true
	}
	h, err := v.codec.inspect(picture)
	if err != nil || h.width > maxSide || h.height > maxSide || !v.frames.allow(now) {
		v.counts.refused.Add(1)
		v.needKey = true
		return nil
	}
	if v.needKey && !h.key {
		v.counts.refused.Add(1)
		return nil
	}
	v.needKey = false
	v.counts.decoded.Add(1)
	v.look.mu.Lock()
	pipe := v.look.pipe
	v.look.mu.Unlock()
	err = pipe.Push(picture, time.Since(v.began))
	switch {
	case errors.Is(err, gst.ErrFreed):
		return ErrClosed
	case err != nil:
		return v.restart(now)
	}
	return nil
}

// restart replaces a decoder that gave up.
func (v *VideoReader) restart(now time.Time) error {
	v.needKey = true
	if now.Sub(v.restarted) < restartWait {
		return nil
	}
	v.restarted = now
	v.counts.restarts.Add(1)
	pipe, err := v.open()
	if err != nil {
		return fmt.Errorf("restart video decoder: %w", err)
	}
	l := &v.look
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		pipe.Free()
		return ErrClosed
	}
	old := l.pipe
	l.pipe = pipe
	want := l.want
	l.mu.Unlock()
	old.Free()
	if want {
		_ = pipe.Set("gate", "drop", false) // fails only when Close has freed it
	}
	return nil
}

// Stats tells what the reader did so far. Any goroutine may call it.
func (v *VideoReader) Stats() VideoStats {
	c := &v.counts
	return VideoStats{
		Packets: c.packets.Load(), Invalid: c.invalid.Load(), Flooded: c.flooded.Load(), Lost: c.lost.Load(),
		Decoded: c.decoded.Load(), Refused: c.refused.Load(), Restarts: c.restarts.Load(),
	}
}

// Close ends the track and frees the decoder. A Look that waits gets ErrClosed.
func (v *VideoReader) Close() error {
	l := &v.look
	l.mu.Lock()
	closed := l.closed
	l.closed = true
	pipe := l.pipe
	l.mu.Unlock()
	if !closed {
		close(v.done)
		pipe.Free()
	}
	return nil
}
