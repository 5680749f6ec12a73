package cosyvoice

import "fmt"

// noiseFrames is how many frames the reference's noise lasts: 300 s.
const noiseFrames = 15000

// A Noise is where the mel frames start from, [frames][bands]. It is fixed, so that the same units always sound the same
// and a frame does not change while the prefix grows.
type Noise struct {
	values []float32
	bands  int
}

// SeededNoise returns the noise of the reference: what torch.manual_seed(0) and randn(bands, 15000) give.
func SeededNoise(bands int) (*Noise, error) {
	if bands < 1 || bands > 1024 {
		return nil, fmt.Errorf("noise of %d bands", bands)
	}
	drawn := make([]float32, bands*noiseFrames)
	newGenerator(0).normal(drawn)
	return NoiseOf(drawn, bands)
}

// NoiseOf returns noise given as values [bands][frames].
func NoiseOf(values []float32, bands int) (*Noise, error) {
	if bands < 1 || len(values) == 0 || len(values)%bands != 0 {
		return nil, fmt.Errorf("noise: %d values for %d bands", len(values), bands)
	}
	return &Noise{values: transposed(values, bands, len(values)/bands), bands: bands}, nil
}

// Frames returns how many frames there are: an utterance and its prompt cannot be longer.
func (n *Noise) Frames() int { return len(n.values) / n.bands }

// frames returns frames from to to-1, [to-from][bands].
func (n *Noise) frames(from, to int) []float32 { return n.values[from*n.bands : to*n.bands] }

// row returns the i-th frame; after the last they begin again.
func (n *Noise) row(i int) []float32 {
	at := i % n.Frames() * n.bands
	return n.values[at : at+n.bands]
}

// NoiseRows returns noise given as rows of width values: what a vocoder adds to its sines, a row a sample, from the first
// on in every call, and again where there are too few.
func NoiseRows(values []float32, width int) (*Noise, error) {
	if width < 1 || len(values) == 0 || len(values)%width != 0 {
		return nil, fmt.Errorf("noise: %d values in rows of %d", len(values), width)
	}
	return &Noise{values: values, bands: width}, nil
}

// SeededRows returns normal noise for a vocoder of so many sines: two seconds of it at 24 kHz.
func SeededRows(width int) (*Noise, error) {
	if width < 1 || width > 1024 {
		return nil, fmt.Errorf("noise of %d sines", width)
	}
	drawn := make([]float32, width*48000)
	newGenerator(1).normal(drawn)
	return NoiseRows(drawn, width)
}

// transposed turns rows [rows][columns] into [columns][rows].
func transposed(v []float32, rows, columns int) []float32 {
	out := make([]float32, len(v))
	for i := range rows {
		for j := range columns {
			out[j*rows+i] = v[i*columns+j]
		}
	}
	return out
}
