// Package vocoder makes sound of what the hibari network predicts: per frame of 12.5 ms a filter for a train of pulses,
// the loudness of noise, and a part with phases of its own, all on 601 bins of a short-time Fourier transform (window
// of 1200 samples, hop of 300, 24 kHz). Per bin
//
//	S = exp(lh)·exp(iπ·tanh θ)·E + exp(ln)·Z + exp(lr)·exp(iφ)
//
// where E is the transform of the pulses divided by 300 and Z complex Gaussian noise; the sound is the inverse transform
// of S (hibari-tts 0.2.1, README, "ONNX interface"). Exponents are cut off at 7.
//
// # Concurrency
//
// A Vocoder is scratch memory: one goroutine uses it at a time.
package vocoder

import (
	"fmt"
	"math"
	"slices"
)

const (
	// Bins is the number of frequencies from 0 to half the sample rate.
	Bins = window/2 + 1
	// Hop is how many samples a frame stands for.
	Hop = 300

	window = 1200
	tile   = 16 // frames filtered together: a cache line of every row of the network's output
)

// Spectrum is what the network predicts for F frames. All matrices are [Bins, F].
type Spectrum struct {
	Frames           int       // F
	Harmonic, Turn   []float32 // lh and θ: the filter of the pulses
	Noise            []float32 // ln
	Residual, Phase  []float32 // lr and φ
	FundamentalPitch []float32 // [F] Hz, 0 where unvoiced
}

func (s *Spectrum) check() error {
	for name, m := range map[string][]float32{"lh": s.Harmonic, "theta": s.Turn, "ln": s.Noise, "lr": s.Residual, "phi": s.Phase} {
		if len(m) != Bins*s.Frames {
			return fmt.Errorf("vocoder: %s holds %d numbers, %d wanted for %d frames", name, len(m), Bins*s.Frames, s.Frames)
		}
	}
	if len(s.FundamentalPitch) != s.Frames || s.Frames < 3 {
		return fmt.Errorf("vocoder: %d pitches for %d frames; as many wanted, at least 3", len(s.FundamentalPitch), s.Frames)
	}
	return nil
}

// A Noise fills z with the Gaussian noise of one frame: Bins pairs of real and imaginary part, each of variance 1.
type Noise func(z []float32, frame int)

// A Vocoder keeps the memory that a synthesis needs.
type Vocoder struct {
	fft      *fft
	pulses   []float32 // the pulse train, one sample each
	excite   []complex64
	spectra  [tile][]complex64 // [tile][Bins]
	voiced   [tile]bool
	frame    []float32 // [window]
	noise    []float32 // [2*Bins]
	overlap  []float32 // [F+3 hops]
	analysis [window]float32
	window   [window]float32
}

// New returns a Vocoder.
func New() *Vocoder {
	v := &Vocoder{fft: newFFT(), frame: make([]float32, window), noise: make([]float32, 2*Bins), excite: make([]complex64, Bins)}
	for i := range v.spectra {
		v.spectra[i] = make([]complex64, Bins)
	}
	for i := range v.window {
		v.window[i] = hann(i)
		v.analysis[i] = hann(i) / Hop
	}
	return v
}

// Synthesize appends the sound of frames from to to (exclusive), Hop samples each, to dst. They sound as they do in the
// middle of the whole.
func (v *Vocoder) Synthesize(dst []float32, s *Spectrum, from, to int, noise Noise) ([]float32, error) {
	if err := s.check(); err != nil {
		return dst, err
	}
	if from < 0 || to > s.Frames || from > to {
		return dst, fmt.Errorf("vocoder: frames %d to %d wanted of %d", from, to, s.Frames)
	}
	v.pulses = pulses(v.pulses[:0], s.FundamentalPitch)
	v.overlap = zeroed(v.overlap, (s.Frames+window/Hop-1)*Hop)
	const reach = window / Hop / 2 // how many frames a frame's window goes beyond it
	end := min(to+reach, s.Frames)
	for first := max(from-reach, 0); first < end; first += tile {
		n := min(tile, end-first)
		for k := range n {
			v.voiced[k] = v.analyze(v.spectra[k], first+k)
		}
		v.filter(s, first, n)
		for k := range n {
			noise(v.noise, first+k)
			v.addNoise(s, v.spectra[k], first+k)
			v.fft.inverse(v.frame, v.spectra[k])
			at := v.overlap[(first+k)*Hop:][:window]
			for i, x := range v.frame {
				at[i] += x * v.window[i]
			}
		}
	}
	return v.normalized(dst, s.Frames, from, to), nil
}

// analyze puts the transform of the pulses around frame f into e and says whether there are any. Beyond both ends the
// pulses are mirrored.
func (v *Vocoder) analyze(e []complex64, f int) bool {
	var any uint32 // the bits of all samples
	from, n := f*Hop-window/2, len(v.pulses)
	if from >= 0 && from+window <= n {
		for i, x := range v.pulses[from : from+window] {
			v.frame[i] = x * v.analysis[i]
			any |= math.Float32bits(x)
		}
	} else {
		for i := range v.frame {
			x := v.pulses[mirror(from+i, n)]
			v.frame[i] = x * v.analysis[i]
			any |= math.Float32bits(x)
		}
	}
	if any == 0 {
		return false
	}
	v.fft.forward(e, v.frame)
	return true
}

func mirror(i, n int) int {
	if i < 0 {
		i = -i
	}
	if i >= n {
		i = 2*n - 2 - i
	}
	return min(max(i, 0), n-1)
}

// filter shapes the pulses' transform of n frames and adds the residual.
func (v *Vocoder) filter(s *Spectrum, first, n int) {
	for bin := range Bins {
		row := bin*s.Frames + first
		lh, theta := s.Harmonic[row:row+n], s.Turn[row:row+n]
		lr, phi := s.Residual[row:row+n], s.Phase[row:row+n]
		for k := range n {
			sin, cos := sincos(phi[k])
			a := loudness(lr[k])
			out := complex(a*cos, a*sin)
			if v.voiced[k] {
				sin, cos = sincosTurn(tanh(theta[k]))
				a = loudness(lh[k])
				e := v.spectra[k][bin]
				re, im := a*cos, a*sin
				out += complex(real(e)*re-imag(e)*im, real(e)*im+imag(e)*re)
			}
			v.spectra[k][bin] = out
		}
	}
}

// addNoise adds the noise of frame f, which v.noise holds, to spectrum.
func (v *Vocoder) addNoise(s *Spectrum, spectrum []complex64, f int) {
	z := v.noise[:2*Bins]
	for bin := range spectrum {
		a := loudness(s.Noise[bin*s.Frames+f])
		spectrum[bin] += complex(a*z[2*bin], a*z[2*bin+1])
	}
}

// normalized appends the overlapped windows of frames from to to to dst, each sample divided by the squared windows it
// got. A frame's samples lie half a window behind the start of its window.
func (v *Vocoder) normalized(dst []float32, frames, from, to int) []float32 {
	const blocks = window / Hop
	var inner, edge [Hop]float32
	dst = slices.Grow(dst, (to-from)*Hop)
	for block := from + blocks/2; block < to+blocks/2; block++ {
		sum := &edge
		if block >= blocks-1 && block < frames {
			sum = &inner
		}
		if sum == &edge || inner[0] == 0 {
			v.windowSum(sum, block, frames)
		}
		for i, x := range v.overlap[block*Hop : (block+1)*Hop] {
			dst = append(dst, x*sum[i])
		}
	}
	return dst
}

// windowSum puts into sum the inverse of the squared windows that overlap in a block of Hop samples.
func (v *Vocoder) windowSum(sum *[Hop]float32, block, frames int) {
	clear(sum[:])
	for k := range window / Hop {
		if f := block - k; f < 0 || f >= frames {
			continue
		}
		for i := range sum {
			w := v.window[k*Hop+i]
			sum[i] += w * w
		}
	}
	for i := range sum {
		sum[i] = 1 / max(sum[i], 1e-11)
	}
}

// zeroed returns s with n zeros, in the same memory where it is large enough.
func zeroed(s []float32, n int) []float32 {
	if cap(s) < n {
		return make([]float32, n)
	}
	s = s[:n]
	clear(s)
	return s
}
