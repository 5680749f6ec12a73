package ecapa

import (
	"fmt"
	"math"

	"omnilive/model/checkpoint"
)

// A tail is what is done here: the sums over time, and a linear layer between two norms.
type tail struct {
	scale, shift       []float32 // of the first norm
	w, bias            []float32
	scaleOut, shiftOut []float32
}

func (t *tail) declare(p *checkpoint.Plan, channels, speaker int64) {
	needs := normNeeds(p, "bn", 2*channels)
	p.MadeFloats(&t.scale, needs, normScale)
	p.MadeFloats(&t.shift, needs, normShift)
	p.Floats(&t.w, "linear.weight", speaker, 2*channels)
	p.Floats(&t.bias, "linear.bias", speaker)
	needs = normNeeds(p, "bn_out", speaker)
	p.MadeFloats(&t.scaleOut, needs, normScale)
	p.MadeFloats(&t.shiftOut, needs, normShift)
}

// pool weighs the frames of x by the softmax over time of scores, both channel by channel, and returns every channel's
// mean, then every channel's deviation.
func pool(x, scores []float32, channels int) []float64 {
	n := len(x) / channels
	out := make([]float64, 2*channels)
	for c := range channels {
		top := math.Inf(-1)
		for i := range n {
			top = max(top, float64(scores[i*channels+c]))
		}
		var all, mean, square float64
		for i := range n {
			a := math.Exp(float64(scores[i*channels+c]) - top)
			v := float64(x[i*channels+c])
			all += a
			mean += a * v
			square += a * v * v
		}
		mean, square = mean/all, square/all
		out[c], out[channels+c] = mean, math.Sqrt(max(square-mean*mean, 1e-9))
	}
	return out
}

// Vector is what comes of a sound, with the values on the way to it.
type Vector struct {
	Mel                        []float32 // frame by frame
	Pooling, BN, Linear, Final []float32
}

// finish makes the vector of pooled values.
func (t *tail) finish(pooled []float64, v *Vector) error {
	v.Pooling, v.BN = make([]float32, len(pooled)), make([]float32, len(pooled))
	normed := make([]float64, len(pooled))
	for i, x := range pooled {
		normed[i] = x*float64(t.scale[i]) + float64(t.shift[i])
		v.Pooling[i], v.BN[i] = float32(x), float32(normed[i])
	}
	v.Linear, v.Final = make([]float32, len(t.bias)), make([]float32, len(t.bias))
	for i, b := range t.bias {
		sum := float64(b)
		for j, x := range normed {
			sum += x * float64(t.w[i*len(normed)+j])
		}
		v.Linear[i], v.Final[i] = float32(sum), float32(sum*float64(t.scaleOut[i])+float64(t.shiftOut[i]))
		if f := v.Final[i]; f-f != 0 {
			return fmt.Errorf("speaker vector: value %d is %v; the weights are damaged", i, f)
		}
	}
	return nil
}
