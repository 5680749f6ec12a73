package picture

import (
	"fmt"
	"math"

	"omnilive/model"
)

// Pillow's integer passes: fixed bits of a weight stand behind the point, and half is what rounds their sum.
const (
	fixed = 22
	half  = 1 << (fixed - 1)
)

// Pillow resizes p as Pillow's resize(BICUBIC) does on 8 bit channels, bit for bit: one pass, its result rounded to bytes,
// then the other; weights in fixed point. Rows are made wider or narrower first, except, as of Pillow 13, where the height
// shrinks by more than twice what the width does. p itself is not changed; the result of the same size is a copy.
func Pillow(p model.Picture, width, height int) (model.Picture, error) {
	if err := checkBoth(p, width, height); err != nil {
		return model.Picture{}, fmt.Errorf("resize: %w", err)
	}
	if height < p.Height && p.Height-height > 2*(p.Width-width) {
		return pillowAcross(pillowDown(p, height), width), nil
	}
	return pillowDown(pillowAcross(p, width), height), nil
}

// pillowAcross gives the rows of p another width.
func pillowAcross(p model.Picture, width int) model.Picture {
	out := model.Picture{Width: width, Height: p.Height, RGB: make([]byte, 3*width*p.Height)}
	across := cubic(p.Width, width)
	weights := make([][]int, width)
	for x, t := range across {
		weights[x] = t.integers()
	}
	for y := range p.Height {
		from, to := p.RGB[3*y*p.Width:][:3*p.Width], out.RGB[3*y*width:][:3*width]
		for x, t := range across {
			px := from[3*t.first:]
			r, g, b := int(half), int(half), int(half)
			for j, w := range weights[x] {
				r += w * int(px[3*j])
				g += w * int(px[3*j+1])
				b += w * int(px[3*j+2])
			}
			to[3*x], to[3*x+1], to[3*x+2] = clip(r>>fixed), clip(g>>fixed), clip(b>>fixed)
		}
	}
	return out
}

// pillowDown gives the columns of p another height.
func pillowDown(p model.Picture, height int) model.Picture {
	row := 3 * p.Width
	out := model.Picture{Width: p.Width, Height: height, RGB: make([]byte, row*height)}
	sums := make([]int, row)
	for y, t := range cubic(p.Height, height) {
		for x := range sums {
			sums[x] = half
		}
		for j, w := range t.integers() {
			for x, v := range p.RGB[(t.first+j)*row:][:row] {
				sums[x] += w * int(v)
			}
		}
		for x, v := range sums {
			out.RGB[y*row+x] = clip(v >> fixed)
		}
	}
	return out
}

func checkBoth(p model.Picture, width, height int) error {
	if err := Check(p); err != nil {
		return err
	}
	if err := checkSize(width, height); err != nil {
		return fmt.Errorf("from %dx%d: %w", p.Width, p.Height, err)
	}
	return checkSize(max(width, p.Width), max(height, p.Height)) // between the passes
}

func clip(v int) byte { return byte(min(max(v, 0), 255)) }

// taps are the source pixels that make one target pixel: weights, of sum 1, for those from first on.
type taps struct {
	first   int
	weights []float64
}

// cubic spreads n source pixels over m target pixels with Keys' kernel (a = -1/2), made wider where it makes smaller.
func cubic(n, m int) []taps {
	list := make([]taps, m)
	scale := float64(n) / float64(m)
	wide := max(scale, 1)
	narrow := 1 / wide
	for i := range list {
		centre := (float64(i) + 0.5) * scale
		first := max(int(centre-2*wide+0.5), 0)
		end := min(int(centre+2*wide+0.5), n)
		w := make([]float64, end-first)
		var sum float64
		for j := range w {
			w[j] = keys((float64(first+j) - centre + 0.5) * narrow)
			sum += w[j]
		}
		for j := range w {
			w[j] /= sum
		}
		list[i] = taps{first, w}
	}
	return list
}

// keys is the cubic convolution kernel with a = -1/2 (Keys 1981, equation 15).
func keys(x float64) float64 {
	x = math.Abs(x)
	switch {
	case x < 1:
		return (1.5*x-2.5)*x*x + 1
	case x < 2:
		return (((x-5)*x+8)*x - 4) * -0.5
	}
	return 0
}

// integers are the weights in fixed point, rounded half away from zero.
func (t taps) integers() []int {
	w := make([]int, len(t.weights))
	for i, v := range t.weights {
		w[i] = int(v*(1<<fixed) + math.Copysign(0.5, v))
	}
	return w
}
