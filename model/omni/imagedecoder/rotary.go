package imagedecoder

import (
	"math"

	"omnilive/model/ggml"
)

// turns are the rotary positions of a picture, [head, positions]: the cosine and the sine of each element's angle.
type turns struct{ cos, sin ggml.Tensor }

// turn turns the neighbouring pairs of x[head, heads, positions]: (a, b) becomes (a·cos − b·sin, b·cos + a·sin).
func (t turns) turn(g *ggml.Graph, x ggml.Tensor) ggml.Tensor {
	head, heads, n := x.Dim(0), x.Dim(1), x.Dim(2)
	half := func(at int64) ggml.Tensor {
		return g.Cont(g.View(g.Reshape(x, 2, head/2, heads*n), [4]int64{1, head / 2, heads * n, 1}, [3]int64{2, head, head * heads * n}, at))
	}
	a, b := half(0), half(1)
	swapped := g.Reshape(g.Concat(g.Scale(b, -1), a, 0), head, heads, n)
	angle := func(t ggml.Tensor) ggml.Tensor { return g.Reshape(t, head, 1, n) }
	return g.Add(g.Mul(x, angle(t.cos)), g.Mul(swapped, angle(t.sin)))
}

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
