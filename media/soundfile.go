package media

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"time"

	"omnilive/media/gst"
)

// ErrNoSound and ErrNoVideo are within the errors for files that have no stream of that kind.
var (
	ErrNoSound = errors.New("it has no sound")
	ErrNoVideo = errors.New("it has no pictures")
)

// maxChannels bounds what is mixed down to one.
const maxChannels = 64

// ReadSoundFile decodes the sound of a file, the first track of a video's, to mono samples in [-1, 1] at a rate. A plain
// WAV file of 16-bit numbers at that rate gives these numbers divided by 32768, and nothing else. Channels are averaged,
// other rates resampled (see Resampler: flat to 0.9 of the lower band, -80 dB beyond). Sound longer than most is refused; a
// file cut short gives what is there. Everything but WAV is decoded by GStreamer.
func ReadSoundFile(ctx context.Context, path string, rate int, most time.Duration) ([]float32, error) {
	pcm, err := readSoundFile(ctx, path, rate, most)
	if err == nil && len(pcm) == 0 {
		err = ErrNoSound
	}
	if err != nil {
		return nil, fmt.Errorf("read the sound of %s: %w", path, err)
	}
	return pcm, nil
}

func readSoundFile(ctx context.Context, path string, rate int, most time.Duration) ([]float32, error) {
	kind, err := checkFile(path)
	if err != nil {
		return nil, err
	}
	if kind == "WAV" {
		if pcm, from, err := readWAVFile(path, most); err == nil {
			return Resample(pcm, from, rate)
		}
		// a coding that only GStreamer knows, or an error that it words as well
	}
	s := soundFile{rate: rate, limit: int(most.Seconds() * float64(rate))}
	err = gst.Decode(ctx, gst.Decoding{
		Path: path, Push: pushed(kind, false), Shape: "audioconvert dithering=none noise-shaping=none ! audio/x-raw,format=F32LE,layout=interleaved", Sink: s.take,
	})
	switch {
	case errors.Is(err, gst.ErrNoStream):
		return nil, ErrNoSound
	case err != nil:
		return nil, err
	case s.err != nil:
		return nil, s.err
	}
	if s.resampler != nil {
		s.pcm = s.resampler.Flush(s.pcm)
	}
	return s.pcm, nil
}

func readWAVFile(path string, most time.Duration) ([]float32, int, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	return ReadWAV(f, most)
}

// A soundFile gathers sound from GStreamer, mono at one rate.
type soundFile struct {
	rate, limit int
	from        int // rate of the resampler's input
	resampler   *Resampler
	mono, pcm   []float32
	err         error
}

// take is gst.Decoding's Sink.
func (s *soundFile) take(data []byte, _ time.Duration, f gst.Format) bool {
	if s.err = s.begin(f); s.err != nil {
		return false
	}
	width := 4 * f.Channels
	s.mono = s.mono[:0]
	for ; len(data) >= width; data = data[width:] {
		var sum float32
		for c := range f.Channels {
			sum += math.Float32frombits(binary.LittleEndian.Uint32(data[4*c:]))
		}
		s.mono = append(s.mono, bounded(sum/float32(f.Channels)))
	}
	s.pcm = s.resampler.Resample(s.pcm, s.mono)
	if len(s.pcm) > s.limit {
		s.err = fmt.Errorf("it is longer than %v", time.Duration(s.limit/s.rate)*time.Second)
	}
	return s.err == nil
}

// begin makes the resampler, again where the stream changes its rate.
func (s *soundFile) begin(f gst.Format) (err error) {
	if f.Channels < 1 || f.Channels > maxChannels {
		return fmt.Errorf("it has %d channels", f.Channels)
	}
	if s.resampler != nil && s.from == f.Rate {
		return nil
	}
	if s.resampler != nil {
		s.pcm = s.resampler.Flush(s.pcm)
	}
	s.from = f.Rate
	s.resampler, err = NewResampler(f.Rate, s.rate)
	return err
}
