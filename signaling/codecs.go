package signaling

import (
	"time"

	"omnilive/media"
)

// An AudioReceiver turns a microphone's RTP packets into frames.
type AudioReceiver interface {
	media.AudioReader
	Push(packet []byte) error
	Close() error
}

// An AudioSender turns frames into packets for the loudspeaker.
type AudioSender interface {
	media.AudioWriter
	Close() error
}

// A VideoReceiver turns a camera's RTP packets into its newest picture.
type VideoReceiver interface {
	media.PictureReader
	Push(packet []byte) error
	Close() error
}

// Codecs are the codecs a Hub uses: those of package media unless a test puts its own here.
type Codecs struct {
	Audio        func(payloadType uint8) (AudioReceiver, error)
	Speech       func(send func(packet []byte, d time.Duration) error) (AudioSender, error)
	Video        func(mime string, needKeyframe func()) (VideoReceiver, error)
	VideoTypes   []string // MIME types Video takes; nil means none
	ParseDataURI func(uri string) (mime string, data []byte, err error)
	DecodeImage  func(data []byte, maxPixels int) (media.Picture, error)
	DecodeSound  func(data []byte) ([]float32, error) // a recording, mono at media.OutputRate
}
