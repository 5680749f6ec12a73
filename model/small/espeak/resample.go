package espeak

import "math"

const (
	taps  = 32   // input samples that make one output sample
	guard = 0.94 // where the filter begins to cut, of half the lower rate
)

// resample brings pcm from rate to Rate by a windowed sinc (Hann), one filter per phase between the two rates.
func resample(pcm []float32, rate int) []float32 {
	if rate == Rate || len(pcm) == 0 {
		return pcm
	}
	d := gcd(rate, Rate)
	up, down := Rate/d, rate/d
	filters := phases(up, down)
	out := make([]float32, len(pcm)*up/down)
	for n := range out {
		at, phase := n*down/up, n*down%up
		var sum float32
		for k, h := range filters[phase*taps:][:taps] {
			if i := at + k - taps/2 + 1; i >= 0 && i < len(pcm) {
				sum += h * pcm[i]
			}
		}
		out[n] = sum
	}
	return out
}

// phases returns up filters of taps coefficients; filter p makes the sample p/up after an input sample.
func phases(up, down int) []float32 {
	cut := guard * min(1, float64(up)/float64(down))
	f := make([]float32, up*taps)
	for p := range up {
		h := f[p*taps:][:taps]
		sum := 0.0
		for k := range h {
			x := float64(k-taps/2+1) - float64(p)/float64(up)
			w := 0.5 + 0.5*math.Cos(math.Pi*x/(taps/2+1))
			v := w * sinc(cut*x)
			h[k] = float32(v)
			sum += v
		}
		for k := range h {
			h[k] /= float32(sum)
		}
	}
	return f
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

func gcd(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

// trim cuts the silence off the start, but for 20 ms, and off the end, but for 200 ms.
func trim(pcm []float32) []float32 {
	const floor = 1e-3
	first, last := 0, len(pcm)
	for first < last && math.Abs(float64(pcm[first])) < floor {
		first++
	}
	for last > first && math.Abs(float64(pcm[last-1])) < floor {
		last--
	}
	return pcm[max(first-Rate/50, 0):min(last+Rate/5, len(pcm))]
}
