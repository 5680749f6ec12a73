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
	top := make([]float32, channels)
	copy(top, scores)
	for i, v := range scores {
		top[i%channels] = max(top[i%channels], v)
	}
	all, out := make([]float64, channels), make([]float64, 2*channels)
	mean, square := out[:channels], out[channels:]
	for at := 0; at < len(x); at += channels { // frame by frame, as they lie
		for c, v := range x[at : at+channels] {
			a := math.Exp(float64(scores[at+c] - top[c]))
			all[c] += a
			mean[c] += a * float64(v)
			square[c] += a * float64(v) * float64(v)
		}
	}
	for c, a := range all {
		mean[c] /= a
		square[c] = math.Sqrt(max(square[c]/a-mean[c]*mean[c], 1e-9))
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
