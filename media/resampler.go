package media

import (
	"fmt"
	"math"
)

// Shape of the resampling filter: a sinc with so many zero crossings on a side, under a Kaiser window, cut off below
// the half of the lower rate. Stop band -80 dB, pass band flat to 0.9 of it.
const (
	crossings  = 24
	kaiserBeta = 8
	cutoff     = 0.945
	maxTable   = 4 << 20 // coefficients
)

// A Resampler changes the sample rate of a stream by any ratio of whole numbers, with a polyphase windowed sinc
// (J. O. Smith, Digital Audio Resampling). Output sample k stands exactly at input time k·from/to: there is no delay
// in the data, only in when it can be computed. It does not allocate once its buffers have grown to the size of
// the stretches it is given. One goroutine uses it.
type Resampler struct {
	up, down int       // to and from, without common divisors
	half     int       // input samples on either side of an output sample
	table    []float32 // [up][2*half]
	buffer   []float32 // input from position-half+1 on
	phase    int       // of the next output sample behind buffer's centre, in 1/up input samples
	owed     int64     // input samples given, times up, less output samples given, times down
}

// NewResampler makes a Resampler between two rates in samples per second, each from 1000 to 384000.
func NewResampler(from, to int) (*Resampler, error) {
	if from < 1000 || from > 384_000 || to < 1000 || to > 384_000 {
		return nil, fmt.Errorf("resample from %d to %d Hz: rates must be from 1000 to 384000", from, to)
	}
	d := divisor(from, to)
	r := &Resampler{up: to / d, down: from / d}
	if from == to {
		return r, nil
	}
	scale := min(1, float64(to)/float64(from)) * cutoff // of the input's half rate
	r.half = int(math.Ceil(crossings / scale))
	if r.up*2*r.half > maxTable {
		return nil, fmt.Errorf("resample from %d to %d Hz: the ratio is too odd", from, to)
	}
	r.table = make([]float32, 0, r.up*2*r.half)
	for p := range r.up {
		r.table = append(r.table, r.row(float64(p)/float64(r.up), scale)...)
	}
	r.buffer = make([]float32, r.half-1, r.half+4096)
	return r, nil
}

// row computes the filter for an output sample that stands frac behind an input sample. Its sum is 1.
func (r *Resampler) row(frac, scale float64) []float32 {
	row := make([]float32, 2*r.half)
	exact := make([]float64, 2*r.half)
	sum := 0.0
	for i := range exact {
		x := float64(i-r.half+1) - frac
		y := x / float64(r.half)
		w := 0.0
		if math.Abs(y) < 1 {
			w = bessel(kaiserBeta*math.Sqrt(1-y*y)) / bessel(kaiserBeta)
		}
		s := 1.0
		if a := math.Pi * x * scale; a != 0 {
			s = math.Sin(a) / a
		}
		exact[i] = w * s
		sum += exact[i]
	}
	for i, v := range exact {
		row[i] = float32(v / sum)
	}
	return row
}

// bessel is the modified Bessel function of the first kind and order zero.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > 1e-12*sum; k++ {
		term *= x * x / (4 * k * k)
		sum += term
	}
	return sum
}

func divisor(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// Resample takes the next stretch of input and appends to dst what output it completes.
func (r *Resampler) Resample(dst, src []float32) []float32 {
	if r.table == nil {
		return append(dst, src...)
	}
	r.owed += int64(len(src)) * int64(r.up)
	return r.run(dst, src)
}

// Flush appends the end of the output, as if silence followed, and makes r ready for a new stream. Of n input
// samples, n·to/from output samples, rounded up, come out in all.
func (r *Resampler) Flush(dst []float32) []float32 {
	if r.table == nil {
		return dst
	}
	var zeros [256]float32
	for r.owed > 0 {
		dst = r.run(dst, zeros[:])
	}
	clear(r.buffer[:r.half-1])
	r.buffer, r.phase, r.owed = r.buffer[:r.half-1], 0, 0
	return dst
}

func (r *Resampler) run(dst, src []float32) []float32 {
	r.buffer = append(r.buffer, src...)
	width := 2 * r.half
	at := 0
	for at+width <= len(r.buffer) && r.owed > 0 {
		x := r.buffer[at : at+width]
		h := r.table[r.phase*width:][:width]
		var sum float32
		for i, v := range x {
			sum += v * h[i]
		}
		dst = append(dst, sum)
		r.owed -= int64(r.down)
		r.phase += r.down
		at += r.phase / r.up
		r.phase %= r.up
	}
	at = min(at, len(r.buffer))
	r.buffer = r.buffer[:copy(r.buffer, r.buffer[at:])]
	return dst
}

// Resample converts a whole stretch of sound.
func Resample(pcm []float32, from, to int) ([]float32, error) {
	r, err := NewResampler(from, to)
	if err != nil {
		return nil, err
	}
	out := make([]float32, 0, int64(len(pcm))*int64(to)/int64(from)+1)
	return r.Flush(r.Resample(out, pcm)), nil
}
