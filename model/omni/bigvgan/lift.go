package bigvgan

import (
	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// A lift is the transposed convolution that lengthens a signal by its rate. Output rate·t+p is a sum over the inputs around
// t whose weights only p says: so it is an ordinary convolution with rate·out outputs, read as rate places of out each.
type lift struct {
	w           ggml.Matrix
	bias        ggml.Tensor
	rate        int64
	left, right int64 // inputs that an output looks at beside its own
}

func (l *lift) declare(p *checkpoint.Plan, name string, out, in, taps, rate int) {
	crop := (taps - rate + 1) / 2 // that PyTorch's padding takes off either end, the last output given back where odd
	l.rate = int64(rate)
	l.left, l.right = int64((taps-1-crop)/rate), int64((rate-1+crop)/rate)
	if taps-1 < crop {
		l.left = 0
	}
	wide := int(l.left + l.right + 1)
	o, i := int64(out), int64(in)
	p.MadeTensor(&l.bias, []int64{o * l.rate}, []checkpoint.Need{{Name: name + ".bias", Shape: []int64{o}}}, func(parts [][]float32) []float32 {
		var all []float32
		for range rate {
			all = append(all, parts[0]...)
		}
		return all
	})
	needs, fold := weight(p, name, i, o, int64(taps))
	p.Made(&l.w, o*l.rate, i*int64(wide), needs, func(parts [][]float32) []float32 {
		w := fold(parts)
		to := make([]float32, out*rate*wide*in)
		for phase := range rate {
			for t := range wide {
				k := phase + crop - (t-int(l.left))*rate
				if k < 0 || k >= taps {
					continue
				}
				for c := range out {
					row := to[((phase*out+c)*wide+t)*in:]
					for j := range in {
						row[j] = w[(j*out+c)*taps+k]
					}
				}
			}
		}
		return to
	})
}

// need returns the inputs of outputs s.
func (l *lift) need(s span) span {
	return span{floor(s.from, l.rate), -floor(-s.to, l.rate)}.widen(l.left, l.right)
}

func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// apply gives the outputs of all places of x whose neighbours are there.
func (l *lift) apply(g *ggml.Graph, x signal) signal {
	how := ggml.Conv{Kernel: int(l.left + l.right + 1), Stride: 1, Dilation: 1}
	s := x.span
	if x.first() {
		how.Left = int(l.left)
	} else {
		s.from += l.left
	}
	if x.last() {
		how.Right = int(l.right)
	} else {
		s.to -= l.right
	}
	n := int64(open)
	if x.n != open {
		n = x.n * l.rate
	}
	y := g.Convolve(l.w, x.t, l.bias, how)
	out := l.w.Out() / l.rate
	return signal{g.Reshape(y, out, (s.to-s.from)*l.rate), span{s.from * l.rate, s.to * l.rate}, n}
}
