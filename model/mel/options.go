package mel

import (
	"fmt"
	"math"
)

// Options are the choices of a front end.
type Options struct {
	Rate      int     // samples a second
	Window    int     // samples in a window, which is Hann's, and the length of the transform
	Hop       int     // samples from one window to the next
	Bands     int     // mel filters
	Low, High float64 // Hz: where the first filter begins and the last ends
	Mirror    int     // samples reflected at either end before the windows are laid
	DropLast  bool    // the last window is laid and thrown away
	Scale     Scale
}

// A Scale is how sums of the spectrum become the values a network reads.
type Scale int

const (
	// Decades takes powers: log10(max(x, 1e-10)), cut 8 below the loudest of the whole spectrogram, then (x + 4)/4.
	Decades Scale = iota
	// Natural takes magnitudes sqrt(|X|² + 1e-9): ln(max(x, 1e-5)).
	Natural
)

// Whisper is the front end of Whisper (Radford et al. 2022), at 16 kHz with 80 or 128 bands. With padded pieces of 30 s it is
// that of Qwen2-Audio, with the whole clip as it is that of the S3 speech tokenizer.
func Whisper(bands int) Options {
	return Options{Rate: 16000, Window: 400, Hop: 160, Bands: bands, High: 8000, Mirror: 200, DropLast: true}
}

// Vocoder is the front end of HiFi-GAN and its kin (Kong et al. 2020): BigVGAN's speaker encoder with (24000, 1024, 256,
// 100, 0, high), CosyVoice2's prompt with (24000, 1920, 480, 80, 0, 8000).
func Vocoder(rate, window, hop, bands int, low, high float64) Options {
	return Options{Rate: rate, Window: window, Hop: hop, Bands: bands, Low: low, High: high, Mirror: (window - hop) / 2, Scale: Natural}
}

// An Extractor makes spectrograms by its options.
type Extractor struct {
	o       Options
	window  []float64
	fourier *Transform
	bank    *Bank
}

// New returns an extractor, or says which option is impossible.
func New(o Options) (*Extractor, error) {
	if o.Hop < 1 || o.Hop > maxLength || o.Mirror < 0 || o.Mirror > maxLength || o.Scale != Decades && o.Scale != Natural {
		return nil, fmt.Errorf("mel: a hop of %d samples, %d mirrored, scale %d", o.Hop, o.Mirror, o.Scale)
	}
	fourier, err := NewTransform(o.Window)
	if err != nil {
		return nil, fmt.Errorf("mel: %w", err)
	}
	bank, err := NewBank(o.Rate, o.Window, o.Bands, o.Low, o.High)
	if err != nil {
		return nil, fmt.Errorf("mel: %w", err)
	}
	return &Extractor{o: o, window: Hann(o.Window), fourier: fourier, bank: bank}, nil
}

// Options returns what the extractor was made by.
func (e *Extractor) Options() Options { return e.o }

// Frames returns how many frames so many samples give.
func (e *Extractor) Frames(samples int) int {
	n := samples + 2*e.o.Mirror - e.o.Window
	if n < 0 {
		return 0
	}
	n = n/e.o.Hop + 1
	if e.o.DropLast {
		n--
	}
	return n
}

// level turns a weighted sum into its logarithm.
func (s Scale) level(x float64) float64 {
	if s == Natural {
		return math.Log(max(x, 1e-5))
	}
	return math.Log(max(x, 1e-10)) / math.Ln10
}
