package imagedecoder

import (
	"math"

	"omnilive/model/ggml"
)

// turns are the rotary positions of a picture, [head, positions]: the cosine and the sine of the angle by which the pair of
// neighbours that an element belongs to is turned.
type turns struct{ cos, sin ggml.Tensor }

// rotary returns the cosines and sines for positions (three numbers each), axis by axis: elements 2i and 2i+1 of an axis
// of d turn by its number times theta^(−2i/d).
func rotary(positions []float32, axes []int64, theta float64) (cos, sin []float32) {
	for p := 0; p < len(positions); p += len(axes) {
		for a, d := range axes {
			for i := range d / 2 {
				angle := float64(positions[p+a]) * math.Pow(theta, -2*float64(i)/float64(d))
				c, s := float32(math.Cos(angle)), float32(math.Sin(angle))
				cos, sin = append(cos, c, c), append(sin, s, s)
			}
		}
	}
	return cos, sin
}
