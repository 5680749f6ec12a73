package cosyvoice

import "math"

// A transform is the short-time Fourier transform with a periodic Hann window, frames centred on every hop-th sample and
// the signal mirrored at its ends (PyTorch's stft and istft with center set). So short a one needs no fast algorithm.
type transform struct {
	size, hop int
	window    []float64
	cos, sin  []float64 // [bins][size]
}

func newTransform(f Fourier) *transform {
	bins := f.Size/2 + 1
	t := &transform{size: f.Size, hop: f.Hop, window: make([]float64, f.Size), cos: make([]float64, bins*f.Size), sin: make([]float64, bins*f.Size)}
	for i := range f.Size {
		t.window[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(f.Size))
	}
	for b := range bins {
		for i := range f.Size {
			t.sin[b*f.Size+i], t.cos[b*f.Size+i] = math.Sincos(2 * math.Pi * float64(b*i%f.Size) / float64(f.Size))
		}
	}
	return t
}

// forward returns [len(x)/hop + 1][bins real parts, bins imaginary parts].
func (t *transform) forward(x []float32) []float32 {
	bins, n := t.size/2+1, len(x)/t.hop+1
	out, frame := make([]float32, n*2*bins), make([]float64, t.size)
	for f := range n {
		for i := range frame {
			frame[i] = t.window[i] * float64(x[mirror(f*t.hop+i-t.size/2, len(x))])
		}
		row := out[f*2*bins:]
		for b := range bins {
			re, im := 0.0, 0.0
			for i, v := range frame {
				re += v * t.cos[b*t.size+i]
				im -= v * t.sin[b*t.size+i]
			}
			row[b], row[bins+b] = float32(re), float32(im)
		}
	}
	return out
}

// mirror returns i with what lies outside 0 to n-1 mirrored at the first or the last.
func mirror(i, n int) int {
	if i < 0 {
		i = -i
	}
	if i >= n {
		i = 2*(n-1) - i
	}
	return min(max(i, 0), n-1)
}

// loudest bounds the magnitude of a bin.
const loudest = 100

// inverse returns hop·(frames-1) samples, at most limit, of frames [frames][bins logarithms of magnitudes, bins numbers
// whose sines are the angles].
func (t *transform) inverse(frames []float32, limit float32) []float32 {
	bins := t.size/2 + 1
	n := len(frames) / (2 * bins)
	sum, weight := make([]float64, (n-1)*t.hop+t.size), make([]float64, (n-1)*t.hop+t.size)
	re, im := make([]float64, bins), make([]float64, bins)
	for f := range n {
		row := frames[f*2*bins : (f+1)*2*bins]
		for b := range bins {
			magnitude := min(math.Exp(float64(row[b])), loudest)
			sin, cos := math.Sincos(math.Sin(float64(row[bins+b])))
			re[b], im[b] = magnitude*cos, magnitude*sin
		}
		for i, w := range t.window {
			at := f*t.hop + i
			sum[at] += w * t.sample(re, im, i)
			weight[at] += w * w
		}
	}
	out := make([]float32, (n-1)*t.hop)
	for i := range out {
		at := i + t.size/2
		out[i] = min(max(float32(sum[at]/weight[at]), -limit), limit)
	}
	return out
}

// sample returns the i-th sample of a real signal with these bins; the first and the last count once.
func (t *transform) sample(re, im []float64, i int) float64 {
	last := t.size / 2
	v := re[0] + re[last]*t.cos[last*t.size+i]
	for b := 1; b < last; b++ {
		v += 2 * (re[b]*t.cos[b*t.size+i] - im[b]*t.sin[b*t.size+i])
	}
	return v / float64(t.size)
}
