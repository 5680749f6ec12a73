package mel

import (
	"fmt"
	"math"
)

// A Bank is a row of triangular filters over the bins of a spectrum.
type Bank struct{ filters []filter }

// A filter is one triangle, from bin first on.
type filter struct {
	first  int
	weight []float64
}

// NewBank returns Slaney's filters (Auditory Toolbox, 1998; the default of librosa): bands triangles on a scale that is linear
// below 1 kHz and logarithmic above, from low to high Hz, each of the same area, over the bins of a transform of length
// values at rate samples a second.
func NewBank(rate, length, bands int, low, high float64) (*Bank, error) {
	if rate < 1 || length < 2 || length > maxLength || bands < 1 || bands > length || !(low >= 0) || !(high > low) || high > float64(rate) {
		return nil, fmt.Errorf("%d mel bands from %v to %v Hz of %d values at %d Hz", bands, low, high, length, rate)
	}
	b := &Bank{filters: make([]filter, bands)}
	from, step := toMel(low), (toMel(high)-toMel(low))/float64(bands+1)
	edge := func(i int) float64 { return toHertz(from + step*float64(i)) }
	for i := range b.filters {
		b.filters[i] = triangle(edge(i), edge(i+1), edge(i+2), float64(rate)/float64(length), length/2+1)
	}
	return b, nil
}

// triangle rises from low to middle and falls to high, all in Hz; neighbouring bins lie spacing Hz apart.
func triangle(low, middle, high, spacing float64, bins int) (f filter) {
	for k := range bins {
		hz := float64(k) * spacing
		w := min((hz-low)/(middle-low), (high-hz)/(high-middle)) * 2 / (high - low)
		if !(w > 0) {
			continue
		}
		if f.weight == nil {
			f.first = k
		}
		f.weight = append(f.weight, w)
	}
	return f
}

// Bands returns the number of filters.
func (b *Bank) Bands() int { return len(b.filters) }

// Weight returns what filter band makes of bin.
func (b *Bank) Weight(band, bin int) float64 {
	f := &b.filters[band]
	if i := bin - f.first; i >= 0 && i < len(f.weight) {
		return f.weight[i]
	}
	return 0
}

// Apply puts the weighted sums of spectrum into out, one for each band.
func (b *Bank) Apply(spectrum, out []float64) {
	for i := range b.filters {
		f, sum := &b.filters[i], 0.0
		for j, s := range spectrum[f.first : f.first+len(f.weight)] {
			sum += s * f.weight[j]
		}
		out[i] = sum
	}
}

// The scale bends at 1 kHz, which is mel 15; 27 steps above it lie 6.4 kHz.
const bend, bendHertz, steps, octave = 15, 1000, 27, 6.4

func toMel(hertz float64) float64 {
	if hertz < bendHertz {
		return hertz * bend / bendHertz
	}
	return bend + steps*math.Log(hertz/bendHertz)/math.Log(octave)
}

func toHertz(mel float64) float64 {
	if mel < bend {
		return mel * bendHertz / bend
	}
	return bendHertz * math.Exp((mel-bend)/steps*math.Log(octave))
}

// Hann returns the periodic window of n values that Hann's name stands for: 0.5 - 0.5·cos(2πi/n).
func Hann(n int) []float64 {
	w := make([]float64, n)
	for i := range w {
		w[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(n))
	}
	return w
}
