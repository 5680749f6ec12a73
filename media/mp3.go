package media

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hajimehoshi/go-mp3"
)

// mp3Time is the most time spent on one file; decoding runs fifty times faster than the sound.
const mp3Time = 30 * time.Second

// ReadMP3 decodes an MPEG-1 or MPEG-2 layer III stream, averaging its channels. It returns samples in [-1, 1] and
// their rate, or an error when the stream is malformed, longer than most, or has no sound in it.
func ReadMP3(r io.Reader, most time.Duration) (pcm []float32, rate int, err error) {
	defer func() {
		if p := recover(); p != nil { // the decoder indexes out of range on corrupt files
			pcm, rate, err = nil, 0, fmt.Errorf("read MP3: malformed stream (%v)", p)
		}
	}()
	d, err := mp3.NewDecoder(struct{ io.Reader }{r}) // not a Seeker: that would read it all first
	if err != nil {
		return nil, 0, fmt.Errorf("read MP3: %w", err)
	}
	rate = d.SampleRate()
	limit := int(most.Seconds() * float64(rate))
	deadline := time.Now().Add(mp3Time)
	var b [4096]byte // 16 bit stereo
	for {
		n, err := io.ReadFull(d, b[:])
		for i := 0; i+4 <= n; i += 4 {
			left, right := int16(uint16(b[i])|uint16(b[i+1])<<8), int16(uint16(b[i+2])|uint16(b[i+3])<<8)
			pcm = append(pcm, (float32(left)+float32(right))/65536)
		}
		switch {
		case len(pcm) > limit:
			return nil, 0, fmt.Errorf("read MP3: sound is longer than %v", most)
		case time.Now().After(deadline):
			return nil, 0, errors.New("read MP3: decoding takes too long")
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			if len(pcm) == 0 {
				return nil, 0, errors.New("read MP3: no sound in it")
			}
			return pcm, rate, nil
		case err != nil:
			return nil, 0, fmt.Errorf("read MP3: %w", err)
		}
	}
}
