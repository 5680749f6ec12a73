package cosyvoice

import "math"

// A source mixes sines of the harmonics into one signal.
type source struct{ weight, bias []float32 }

func (s source) mix(sines []float32) []float32 {
	n := len(s.weight)
	out := make([]float32, len(sines)/n)
	for i := range out {
		sum := float64(s.bias[0])
		for h, w := range s.weight {
			sum += float64(w) * float64(sines[i*n+h])
		}
		out[i] = float32(math.Tanh(sum))
	}
	return out
}

// sines returns [samples][harmonics]: for each harmonic of the frames' fundamental frequencies a sine, and noise.
//
// The reference sums, frame by frame, the part of a turn that a harmonic makes in one sample, and takes the phase of a
// sample from the line between the sums of the frames whose middles it lies between. Where there is no voice the noise is
// strong and the sine silent.
func (h *HiFT) sines(f0 []float32, breath *Noise) []float32 {
	c, per := h.Config, h.Config.Samples()
	n, last := c.Harmonics+1, len(f0)-1
	phase := make([]float64, len(f0)*n)
	for k := range n {
		sum := 0.0
		for i, f := range f0 {
			turns := float64(f) * float64(k+1) / float64(c.Rate)
			sum += turns - math.Floor(turns)
			phase[i*n+k] = 2 * math.Pi * float64(per) * sum
		}
	}
	out := make([]float32, len(f0)*per*n)
	for t := range len(f0) * per {
		voiced, noise := 0.0, c.Sine/3
		if float64(f0[t/per]) > c.Voiced {
			voiced, noise = c.Sine, c.Breath
		}
		u := max((float64(t)+0.5)/float64(per)-0.5, 0)
		i := int(u)
		part := u - float64(i)
		a, b := phase[i*n:(i+1)*n], phase[min(i+1, last)*n:]
		drawn := breath.row(t)
		for k := range n {
			angle := a[k] + part*(b[k]-a[k])
			s := noise * float64(drawn[k])
			if voiced > 0 {
				s += voiced * math.Sin(angle)
			}
			out[t*n+k] = float32(s)
		}
	}
	return out
}
