// Package media turns network packets into samples and pictures, and back.
// It knows RTP and codecs; it knows no peer connection, no model and no conversation.
//
// # Concurrency
//
// A reader or writer of this package is used by one goroutine at a time. Close may be called once, by its owner,
// after the goroutines that use it have returned. OpusReader and VideoReader have a second side, Push, for the
// goroutine that receives from the network, and may be closed by either. All else is plain functions.
package media

import (
	"context"
	"time"
)

// Sample rates and the length of a frame.
const (
	InputRate   = 16000 // samples per second of decoded microphone sound
	OutputRate  = 24000 // samples per second of sound to be encoded
	FrameTime   = 20 * time.Millisecond
	OutputFrame = OutputRate / 50 // samples in FrameTime at OutputRate
)

// A Frame is a short stretch of mono sound.
type Frame struct {
	PTS int64     // position of the first sample since the track began, in samples
	PCM []float32 // samples in [-1, 1]; the owner of the Frame owns it
}

// A Picture is one decoded camera picture: RGB, 8 bits a channel, rows from the top, no padding.
type Picture struct {
	PTS           time.Duration // since the track began
	Width, Height int
	RGB           []byte // len = 3*Width*Height
}

// An AudioReader is the microphone side of a call.
type AudioReader interface {
	// ReadFrame waits for the next frame and copies it into f, reusing f.PCM's memory. Lost sound is filled in:
	// PTS has no gaps. It returns io.EOF when the track has ended.
	ReadFrame(ctx context.Context, f *Frame) error
}

// An AudioWriter is the loudspeaker side of a call. The caller keeps the pace: one frame each FrameTime.
type AudioWriter interface {
	// WriteFrame sends OutputFrame samples, or, when f.PCM is empty, a frame of silence. It does not keep f.
	WriteFrame(ctx context.Context, f *Frame) error
}

// A PictureReader is the camera side of a call.
type PictureReader interface {
	// Look waits for a picture taken after the call to Look began, until ctx ends.
	Look(ctx context.Context) (Picture, error)
}
