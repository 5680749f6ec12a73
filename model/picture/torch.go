package picture

import (
	"fmt"
	"math"

	"omnilive/model"
)

// Torch resizes p as PyTorch's antialiased bicubic interpolation does on a picture of bytes: the taps of Pillow in float32,
// rows first, products added with one rounding, nothing rounded to bytes between the passes, the result clipped to 0..255 and rounded half to even.
func Torch(p model.Picture, width, height int) (model.Picture, error) {
	if err := checkBoth(p, width, height); err != nil {
		return model.Picture{}, fmt.Errorf("resize: %w", err)
	}
	down := cubic32(p.Height, height)
	out := model.Picture{Width: width, Height: height, RGB: make([]byte, 3*width*height)}
	window := floatRows{p: p, across: cubic32(p.Width, width), kept: map[int][]float32{}}
	sums := make([]float32, 3*width)
	for i, t := range down {
		clear(sums)
		window.forget(t.first)
		for j, w := range t.weights {
			for x, v := range window.row(t.first + j) {
				sums[x] = fused(w, v, sums[x])
			}
		}
		for x, v := range sums {
			out.RGB[3*i*width+x] = byte(math.RoundToEven(float64(min(max(v, 0), 255))))
		}
	}
	return out, nil
}

// taps32 are taps in single precision.
type taps32 struct {
	first   int
	weights []float32
}

// cubic32 is cubic computed in single precision, as PyTorch does.
func cubic32(n, m int) []taps32 {
	list := make([]taps32, m)
	scale := float32(n) / float32(m)
	wide := max(scale, 1)
	narrow := 1 / wide
	for i := range list {
		centre := float32(float64(scale) * (float64(i) + 0.5))
		first := max(int(float64(centre-2*wide)+0.5), 0)
		end := min(int(float64(centre+2*wide)+0.5), n)
		w := make([]float32, end-first)
		var sum float32
		for j := range w {
			x := float32((float64(float32(first+j)-centre) + 0.5) * float64(narrow))
			w[j] = keys32(x)
			sum += w[j]
		}
		for j := range w {
			w[j] /= sum
		}
		list[i] = taps32{first, w}
	}
	return list
}

// keys32 is keys in single precision.
func keys32(x float32) float32 {
	if x < 0 {
		x = -x
	}
	switch {
	case x < 1:
		return fused(fused(x, 1.5, -2.5)*x, x, 1)
	case x < 2:
		return fused(fused(fused(x, -0.5, 2.5), x, -4), x, 2)
	}
	return 0
}

// fused is a·b + c, rounded once: PyTorch's kernels are compiled so, and the levels half way between two bytes show it.
func fused(a, b, c float32) float32 { return float32(float64(a)*float64(b) + float64(c)) }

// floatRows holds the source rows under the vertical kernel, made as wide as the result.
type floatRows struct {
	p      model.Picture
	across []taps32
	kept   map[int][]float32
	from   int // rows above it are gone
	spare  [][]float32
}

func (f *floatRows) row(y int) []float32 {
	if r, ok := f.kept[y]; ok {
		return r
	}
	var to []float32
	if n := len(f.spare); n > 0 {
		to, f.spare = f.spare[n-1], f.spare[:n-1]
	} else {
		to = make([]float32, 3*len(f.across))
	}
	line := f.p.RGB[3*y*f.p.Width:][:3*f.p.Width]
	for x, t := range f.across {
		var r, g, b float32
		px := line[3*t.first:][:3*len(t.weights)]
		for j, w := range t.weights {
			r = fused(w, float32(px[3*j]), r)
			g = fused(w, float32(px[3*j+1]), g)
			b = fused(w, float32(px[3*j+2]), b)
		}
		to[3*x], to[3*x+1], to[3*x+2] = r, g, b
	}
	f.kept[y] = to
	return to
}

func (f *floatRows) forget(above int) {
	for ; f.from < above; f.from++ {
		if r, ok := f.kept[f.from]; ok {
			f.spare = append(f.spare, r)
			delete(f.kept, f.from)
		}
	}
}
