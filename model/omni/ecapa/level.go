package ecapa

import (
	"errors"
	"math"
)

const (
	highPass = 70    // Hz
	level    = -26.0 // dB of full scale
	quiet    = 1e-8  // what is never louder is silence
)

// ErrSilent is returned for sound without anything in it.
var ErrSilent = errors.New("speaker vector: the sound is silent")

// Normalize returns samples without what lies below 70 Hz (a Butterworth filter of second order, from rest) at the level of
// -26 dB, or at less where the loudest sample would pass 1.
func Normalize(samples []float32, rate int) ([]float32, error) {
	x := make([]float64, len(samples))
	f := newFilter(rate)
	sum, peak := 0.0, 0.0
	for i, v := range samples {
		if v-v != 0 {
			return nil, errors.New("speaker vector: a sample is not a number")
		}
		x[i] = f.next(float64(v))
		sum += x[i] * x[i]
		peak = max(peak, math.Abs(x[i]))
	}
	if peak <= quiet {
		return nil, ErrSilent
	}
	gain := min(math.Pow(10, level/20)/math.Sqrt(sum/float64(len(x))), 1/peak)
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = float32(v * gain)
	}
	return out, nil
}

// A filter is one section of second order.
type filter struct{ b0, b1, b2, a1, a2, s1, s2 float64 }

// newFilter is the Butterworth high-pass by the bilinear transform, its corner bent back to where it should be.
func newFilter(rate int) filter {
	k := math.Tan(math.Pi * highPass / float64(rate))
	n := 1 / (1 + math.Sqrt2*k + k*k)
	return filter{b0: n, b1: -2 * n, b2: n, a1: 2 * (k*k - 1) * n, a2: (1 - math.Sqrt2*k + k*k) * n}
}

func (f *filter) next(x float64) float64 {
	y := f.b0*x + f.s1
	f.s1 = f.b1*x - f.a1*y + f.s2
	f.s2 = f.b2*x - f.a2*y
	return y
}
