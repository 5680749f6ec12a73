package cosyvoice

import (
	"math"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// weightNeeds names the tensors that a convolution's weight of this shape is made of: length and direction of each row of
// the first dimension (weight normalisation, Salimans and Kingma, 2016) in the newer or the older way of PyTorch, or the
// product of both.
func weightNeeds(p *checkpoint.Plan, name string, shape []int64) []checkpoint.Need {
	lengths := []int64{shape[0], 1, 1}
	for _, way := range [][2]string{{".parametrizations.weight.original0", ".parametrizations.weight.original1"}, {".weight_g", ".weight_v"}} {
		if _, ok := p.Find(name + way[1]); ok {
			return []checkpoint.Need{{Name: name + way[0], Shape: lengths}, {Name: name + way[1], Shape: shape}}
		}
	}
	return []checkpoint.Need{{Name: name + ".weight", Shape: shape}}
}

// weight multiplies the parts of weightNeeds out.
func weight(parts [][]float32) []float32 {
	if len(parts) == 1 {
		return parts[0]
	}
	lengths, v := parts[0], parts[1]
	w, row := make([]float32, len(v)), len(v)/len(lengths)
	for i, length := range lengths {
		sum := 0.0
		for _, x := range v[i*row : (i+1)*row] {
			sum += float64(x) * float64(x)
		}
		scale := float64(length) / math.Sqrt(sum)
		for j, x := range v[i*row : (i+1)*row] {
			w[i*row+j] = float32(float64(x) * scale)
		}
	}
	return w
}

// A filter is a convolution along time with its bias.
type filter struct {
	w    ggml.Matrix
	bias ggml.Tensor
	walk ggml.Conv
}

func (f filter) apply(g *ggml.Graph, x ggml.Tensor) ggml.Tensor {
	return g.Convolve(f.w, x, f.bias, f.walk)
}

// planFilter plans a convolution that may be weight-normed.
func planFilter(p *checkpoint.Plan, f *filter, name string, out, in int, walk ggml.Conv) {
	o, i, k := out, in, walk.Kernel
	f.walk = walk
	p.MadeConv(&f.w, int64(out), int64(in), int64(k), weightNeeds(p, name, []int64{int64(o), int64(i), int64(k)}), func(parts [][]float32) []float32 {
		w := weight(parts)
		taps := make([]float32, len(w))
		for row := range o {
			from, to := w[row*i*k:(row+1)*i*k], taps[row*i*k:]
			for c := range i {
				for tap := range k {
					to[tap*i+c] = from[c*k+tap]
				}
			}
		}
		return taps
	})
	p.Tensor(&f.bias, name+".bias", int64(out))
}

// same is a convolution that gives as many columns as it takes.
func same(kernel, dilation int) ggml.Conv {
	side := (kernel - 1) / 2 * dilation
	return ggml.Conv{Kernel: kernel, Stride: 1, Dilation: dilation, Left: side, Right: side}
}

// A spread is a transposed convolution: each column becomes rate columns. Output rate·m + r takes only every rate-th tap,
// from r on, of the columns m, m-1 …: so it is an ordinary convolution with rate times the outputs, whose result, read as
// [out, rate·n], lies in order already.
type spread struct {
	filter
	rate, kernel int
}

func planSpread(p *checkpoint.Plan, s *spread, name string, out, in, rate, kernel int) {
	taps := (kernel + rate - 1) / rate
	s.rate, s.kernel = rate, kernel
	s.walk = ggml.Conv{Kernel: taps, Stride: 1, Dilation: 1, Left: taps - 1, Right: taps - 1}
	needs := weightNeeds(p, name, []int64{int64(in), int64(out), int64(kernel)})
	p.MadeConv(&s.w, int64(rate*out), int64(in), int64(taps), needs, func(parts [][]float32) []float32 {
		w := weight(parts)
		phases := make([]float32, rate*out*taps*in)
		for r := range rate {
			for back := 0; rate*back+r < kernel; back++ {
				for o := range out {
					to := phases[(r*out+o)*taps*in+(taps-1-back)*in:]
					for i := range in {
						to[i] = w[(i*out+o)*kernel+rate*back+r]
					}
				}
			}
		}
		return phases
	})
	p.MadeTensor(&s.bias, []int64{int64(rate * out)}, []checkpoint.Need{{Name: name + ".bias", Shape: []int64{int64(out)}}}, func(parts [][]float32) []float32 {
		all := make([]float32, 0, rate*out)
		for range rate {
			all = append(all, parts[0]...)
		}
		return all
	})
}

// apply returns [out, rate·n] for x[in, n]; what the kernel reaches beyond is cut evenly at both ends.
func (s spread) apply(g *ggml.Graph, x ggml.Tensor) ggml.Tensor {
	n, rate := x.Dim(1), int64(s.rate)
	y := s.filter.apply(g, x)
	y = g.Reshape(y, s.w.Out()/rate, rate*y.Dim(1))
	cut := int64(s.kernel-s.rate) / 2
	return g.Rows(y, cut, cut+rate*n)
}
