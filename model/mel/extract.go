package mel

import (
	"fmt"
	"math"
)

// Compute returns the frames of pcm, Bands values each. It needs more samples than Mirror, and refuses any that is not a number.
func (e *Extractor) Compute(pcm []float32) ([]float32, error) {
	rows, _, err := e.Padded(pcm, len(pcm))
	return rows, err
}

// Padded returns the frames of pcm with silence behind it up to so many samples: those that hear anything of it, and what
// every value of every frame behind those, up to Frames(samples), is.
func (e *Extractor) Padded(pcm []float32, samples int) (rows []float32, rest float32, err error) {
	if samples < len(pcm) || samples <= e.o.Mirror {
		return nil, 0, fmt.Errorf("mel: %d samples in %d: more than %d are needed", len(pcm), samples, e.o.Mirror)
	}
	for i, v := range pcm {
		if v-v != 0 {
			return nil, 0, fmt.Errorf("mel: sample %d is %v", i, v)
		}
	}
	r := e.reader(pcm, samples)
	n := e.audible(len(pcm), samples)
	rows = make([]float32, n*e.o.Bands)
	for i := range n {
		r.frame(i, rows[i*e.o.Bands:(i+1)*e.o.Bands])
	}
	return rows, e.finish(rows), nil
}

// audible returns how many frames from the first on hear anything of n samples at the start of all.
func (e *Extractor) audible(n, all int) int {
	frames := e.Frames(all)
	if n > all-1-e.o.Mirror { // the mirror at the end shows some of it
		return frames
	}
	return min(frames, (n+e.o.Mirror+e.o.Hop-1)/e.o.Hop)
}

// finish brings the levels of rows into the form a network reads, and returns the value of silence.
func (e *Extractor) finish(rows []float32) float32 {
	silence := float32(e.o.Scale.level(0))
	if e.o.Scale != Decades {
		return silence
	}
	loudest := silence
	for _, v := range rows {
		loudest = max(loudest, v)
	}
	for i, v := range rows {
		rows[i] = (max(v, loudest-8) + 4) / 4
	}
	return (max(silence, loudest-8) + 4) / 4
}

// A reader walks over the windows of one clip.
type reader struct {
	*Extractor
	pcm                    []float32
	samples                int // with the silence behind
	scratch                *Scratch
	values, spectrum, sums []float64
}

func (e *Extractor) reader(pcm []float32, samples int) *reader {
	return &reader{
		Extractor: e, pcm: pcm, samples: samples, scratch: e.fourier.NewScratch(),
		values: make([]float64, e.o.Window), spectrum: make([]float64, e.fourier.Bins()), sums: make([]float64, e.o.Bands),
	}
}

// frame puts the levels of window i into out.
func (r *reader) frame(i int, out []float32) {
	r.load(i*r.o.Hop - r.o.Mirror)
	r.fourier.Power(r.scratch, r.values, r.spectrum)
	if r.o.Scale == Natural {
		for k, p := range r.spectrum {
			r.spectrum[k] = math.Sqrt(p + 1e-9)
		}
	}
	r.bank.Apply(r.spectrum, r.sums)
	for k, s := range r.sums {
		out[k] = float32(r.o.Scale.level(s))
	}
}

// load brings the window of samples from at on.
func (r *reader) load(at int) {
	if at >= 0 && at+r.o.Window <= len(r.pcm) {
		for i, v := range r.pcm[at : at+r.o.Window] {
			r.values[i] = float64(v) * r.window[i]
		}
		return
	}
	for i, w := range r.window {
		r.values[i] = 0
		if k := reflect(at+i, r.samples); k < len(r.pcm) {
			r.values[i] = float64(r.pcm[k]) * w
		}
	}
}

// reflect brings an index before or behind n values back into them by mirrors that stand on the first and the last.
func reflect(i, n int) int {
	if n == 1 {
		return 0
	}
	period := 2 * (n - 1)
	i = (i%period + period) % period
	return min(i, period-i)
}
