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
	rate, taps  int64
	crop        int64 // that PyTorch's padding takes off the left end
	left, right int64 // inputs that a step of rate outputs looks at beside its own
}

func (l *lift) declare(p *checkpoint.Plan, name string, out, in, taps, rate int) {
	crop := (taps - rate + 1) / 2
	l.rate, l.taps, l.crop = int64(rate), int64(taps), int64(crop)
	l.left, l.right = int64((taps-1-crop)/rate), int64((rate-1+crop)/rate)
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
	p.MadeConv(&l.w, o*l.rate, i, int64(wide), needs, func(parts [][]float32) []float32 {
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

// need returns the inputs of outputs s: input i goes to the outputs from i·rate-crop on, taps of them.
func (l *lift) need(s span) span {
	return span{-floor(-(s.from + l.crop - l.taps + 1), l.rate), floor(s.to-1+l.crop, l.rate) + 1}
}

// ready returns how many outputs the first inputs are enough for.
func (l *lift) ready(in int64) int64 { return in*l.rate - l.crop }

func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// apply gives the outputs all of whose inputs are in x. A step at its border may have outputs that want none of what is
// missing: so zeros stand for that, and what they spoil is cut off.
func (l *lift) apply(g *ggml.Graph, x signal) signal {
	how := ggml.Conv{Kernel: int(l.left + l.right + 1), Stride: 1, Dilation: 1, Left: int(l.left), Right: int(l.right)}
	n := int64(open)
	if x.n != open {
		n = x.n * l.rate
	}
	y := g.Convolve(l.w, x.t, l.bias, how)
	all := span{x.from * l.rate, x.to * l.rate}
	whole := all
	if !x.first() {
		whole.from = (x.from-1)*l.rate + l.taps - l.crop
	}
	if !x.last() {
		whole.to = l.ready(x.to)
	}
	return signal{g.Reshape(y, l.w.Out()/l.rate, all.to-all.from), all, n}.cut(g, whole)
}
