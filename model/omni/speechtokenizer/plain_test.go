package speechtokenizer

import "math"

// plain is the network in loops and float64, written from the description and not from the code beside it.
type plain struct {
	*fake
	s     shape
	heads int
}

type rows [][]float64

func (p plain) at(name string) []float64 {
	t, ok := p.shapes[prefix+name]
	if !ok {
		return make([]float64, 1<<12) // a bias that is not there
	}
	w := make([]float64, 0, t[0])
	for _, v := range p.values(prefix + name) {
		w = append(w, float64(v))
	}
	return w
}

func (p plain) linear(name string, x rows) rows {
	w, b := p.at(name+".weight"), p.at(name+".bias")
	y := make(rows, len(x))
	for i, r := range x {
		for o := range len(w) / len(r) {
			sum := b[o]
			for j, v := range r {
				sum += w[o*len(r)+j] * v
			}
			y[i] = append(y[i], sum)
		}
	}
	return y
}

func (p plain) norm(name string, x rows, eps float64) rows {
	w, b := p.at(name+".weight"), p.at(name+".bias")
	y := make(rows, len(x))
	for i, r := range x {
		var mean, square float64
		for _, v := range r {
			mean += v / float64(len(r))
		}
		for _, v := range r {
			square += (v - mean) * (v - mean) / float64(len(r))
		}
		for j, v := range r {
			y[i] = append(y[i], (v-mean)/math.Sqrt(square+eps)*w[j]+b[j])
		}
	}
	return y
}

func gelu(x rows) rows {
	for i := range x {
		for j, v := range x[i] {
			x[i][j] = v / 2 * (1 + math.Erf(v/math.Sqrt2))
		}
	}
	return x
}

// convolve is a convolution of three taps over every second place.
func (p plain) convolve(name string, x rows) (y rows) {
	w, b := p.at(name+".weight"), p.at(name+".bias")
	for at := 0; at < len(x); at += 2 {
		r := make([]float64, p.s.hidden)
		for o := range r {
			r[o] = b[o]
			for k := range 3 {
				if i := at + k - 1; i >= 0 && i < len(x) {
					for c, v := range x[i] {
						r[o] += w[(o*len(x[i])+c)*3+k] * v
					}
				}
			}
		}
		y = append(y, r)
	}
	return y
}

func (p plain) rotate(x rows) rows {
	size := int(p.s.hidden) / p.heads
	y := make(rows, len(x))
	for i, r := range x {
		y[i] = make([]float64, len(r))
		for j := range r {
			d := j % size
			angle := float64(i) * math.Pow(10000, -2*float64(d%(size/2))/float64(size))
			other := -1.0
			partner := j + size/2
			if d >= size/2 {
				other, partner = 1, j-size/2
			}
			y[i][j] = r[j]*math.Cos(angle) + other*r[partner]*math.Sin(angle)
		}
	}
	return y
}

func (p plain) attend(q, k, v rows) rows {
	size := len(q[0]) / p.heads
	y := make(rows, len(q))
	for i := range q {
		y[i] = make([]float64, len(q[i]))
		for h := range p.heads {
			score, sum := make([]float64, len(k)), 0.0
			for j := range k {
				for d := h * size; d < (h+1)*size; d++ {
					score[j] += q[i][d] * k[j][d]
				}
				score[j] = math.Exp(score[j] / math.Sqrt(float64(size)))
				sum += score[j]
			}
			for j := range k {
				for d := h * size; d < (h+1)*size; d++ {
					y[i][d] += score[j] / sum * v[j][d]
				}
			}
		}
	}
	return y
}

// numbers returns what is rounded, for a spectrogram.
func (p plain) numbers(x rows) rows {
	x = gelu(p.convolve("encoder.conv2", gelu(p.convolve("encoder.conv1", x))))
	for i := range int(p.s.layers) {
		b := blockName(i)
		n := p.norm(b+"attn_ln", x, 1e-6)
		v := p.linear(b+"attn.value", n)
		out := p.linear(b+"attn.out", p.attend(p.rotate(p.linear(b+"attn.query", n)), p.rotate(p.linear(b+"attn.key", n)), v))
		w, taps := p.at(b+"attn.fsmn_block.weight"), int(p.s.memory)
		for at := range x {
			for c := range x[at] {
				x[at][c] += out[at][c] + v[at][c]
				for k := range taps {
					if j := at + k - (taps-1)/2; j >= 0 && j < len(v) {
						x[at][c] += w[c*taps+k] * v[j][c]
					}
				}
			}
		}
		wide := p.linear(b+"mlp.2", gelu(p.linear(b+"mlp.0", p.norm(b+"mlp_ln", x, 1e-5))))
		for at := range x {
			for c := range x[at] {
				x[at][c] += wide[at][c]
			}
		}
	}
	h := p.linear("quantizer._codebook.project_down", x)
	for i := range h {
		for j, v := range h[i] {
			h[i][j] = math.Tanh(v) * 0.9990000128746033
		}
	}
	return h
}
