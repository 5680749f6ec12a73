package signaling

import (
	"time"

	"omnilive/media"
)

// DefaultCodecs are those of package media.
func DefaultCodecs() *Codecs {
	return &Codecs{
		Audio: func(pt uint8) (AudioReceiver, error) { return media.NewOpusReader(pt) },
		Speech: func(send func([]byte, time.Duration) error) (AudioSender, error) {
			return media.NewOpusWriter(send)
		},
		Video: func(mime string, need func()) (VideoReceiver, error) {
			return media.NewVideoReader(mime, media.VideoOptions{NeedKeyframe: need})
		},
		VideoTypes:   media.VideoCodecs(),
		ParseDataURI: media.ParseDataURI,
		DecodeImage:  media.DecodeImage,
	}
}
