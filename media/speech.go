package media

import (
	"bytes"
	"errors"
	"time"
)

// maxSpeech is the longest recording that DecodeSpeech takes.
const maxSpeech = 10 * time.Minute

// DecodeSpeech decodes a recording of at most ten minutes, WAV or MP3 as its first bytes tell, to mono samples in
// [-1, 1] at the rate of the file.
func DecodeSpeech(data []byte) (pcm []float32, rate int, err error) {
	return decodeSpeech(data, maxSpeech)
}

func decodeSpeech(data []byte, most time.Duration) (pcm []float32, rate int, err error) {
	switch {
	case bytes.HasPrefix(data, []byte("RIFF")):
		return ReadWAV(bytes.NewReader(data), most)
	case bytes.HasPrefix(data, []byte("ID3")), len(data) > 1 && data[0] == 0xff && data[1]&0xe0 == 0xe0:
		return ReadMP3(bytes.NewReader(data), most)
	}
	return nil, 0, errors.New("decode speech: neither a WAV nor an MP3 file")
}

// DecodeSound is DecodeSpeech at a rate of the caller's choice, for recordings of at most so long.
func DecodeSound(data []byte, rate int, most time.Duration) ([]float32, error) {
	pcm, from, err := decodeSpeech(data, most)
	if err != nil {
		return nil, err
	}
	return Resample(pcm, from, rate)
}
