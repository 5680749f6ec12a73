package speechtokenizer

import (
	"math"

	"omnilive/model/ggml"
)

// A rotation turns elements of a head that lie half of it apart by angles that grow with the place (Su et al. 2021). The
// angles are those of the reference, a product rounded to f32; ggml's own operation multiplies its way to them and is off by
// up to 1e-4 rad at the end of a piece.
type rotation struct{ cos, sin ggml.Tensor } // [head, n]

// turns returns the cosines and sines of all places, head of each.
func turns(head, places int) (cos, sin []float32) {
	cos, sin = make([]float32, head*places), make([]float32, head*places)
	half := head / 2
	for i := range half {
		speed := 1 / float32(math.Pow(10000, float64(2*i)/float64(head)))
		for place := range places {
			s, c := math.Sincos(float64(float32(place) * speed))
			at := place*head + i
			cos[at], cos[at+half] = float32(c), float32(c)
			sin[at], sin[at+half] = float32(s), float32(s)
		}
	}
	return cos, sin
}

// turn turns x[heads·head, n].
func (r rotation) turn(g *ggml.Graph, x ggml.Tensor, heads int) ggml.Tensor {
	return g.Rotate(x, r.cos, r.sin, heads, true)
}
