package signaling

import (
	"time"

	"omnilive/media"
)

// maxReferenceTime is the longest recording that is decoded; what a voice can be made of, the model says.
const maxReferenceTime = 3 * time.Minute

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
		DecodeSound: func(data []byte) ([]float32, error) {
			return media.DecodeSound(data, media.OutputRate, maxReferenceTime)
		},
	}
}
