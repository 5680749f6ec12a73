package speechtokenizer

import "math"

// squash brings a number between the outer levels; the factor keeps it from the edge beyond them.
func squash(v float32) float32 { return float32(math.Tanh(float64(v))) * 0.9990000128746033 }

// quantise rounds numbers in (-1, 1), halves to even, to -1, 0 or 1 and reads them as digits to the base 3, the first one
// the lowest. margin is the least distance of any of them from where it would round another way.
func quantise(h []float32) (unit int32, margin float32) {
	margin = 0.5
	place := int32(1)
	for _, v := range h {
		unit += place * int32(math.RoundToEven(float64(v))+1)
		place *= levels
		margin = min(margin, float32(math.Abs(math.Abs(float64(v))-0.5)))
	}
	return unit, margin
}
