package imagetokenizer

import (
	"math"

	"omnilive/model"
)

// plain is the network in loops and float64, written from the description and not from the code beside it.
type plain struct {
	*fake
	s           shape
	side, heads int
}

type rows [][]float64

func (p plain) at(name string) []float64 {
	v := p.values(prefix + name)
	w := make([]float64, len(v))
	for i := range v {
		w[i] = float64(v[i])
	}
	return w
}

func (p plain) linear(name string, x rows) rows {
	w, b := p.at(name+".weight"), p.at(name+".bias")
	y := make(rows, len(x))
	for i, r := range x {
		for o := range b {
			sum := b[o]
			for j, v := range r {
				sum += w[o*len(r)+j] * v
			}
			y[i] = append(y[i], sum)
		}
	}
	return y
}

func (p plain) norm(name string, x rows) rows {
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
			y[i] = append(y[i], (v-mean)/math.Sqrt(square+1e-6)*w[j]+b[j])
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

func sum(a, b rows) rows {
	for i := range a {
		for j := range a[i] {
			a[i][j] += b[i][j]
		}
	}
	return a
}

func each(x rows, f func(float64) float64) rows {
	for i := range x {
		for j := range x[i] {
			x[i][j] = f(x[i][j])
		}
	}
	return x
}

// units returns z before it is compared and, for each token, its cosine with each row of the codebook.
func (p plain) units(pic model.Picture, layers, pool int) (cosines rows) {
	grid, patch := int(p.s.grid), int(p.s.patch)
	w, b, shift, scale := p.at("encoder.embeddings.patch_embedding.weight"), p.at("encoder.embeddings.patch_embedding.bias"), p.at("scale_layer.shift"), p.at("scale_layer.scale")
	position := p.at("encoder.embeddings.position_embedding.weight")
	var x rows
	for i := range grid * grid {
		r := make([]float64, len(b))
		for o := range b {
			r[o] = b[o] + position[i*len(b)+o]
			for c := range 3 {
				for v := range patch {
					for u := range patch {
						level := float64(pic.RGB[3*((i/grid*patch+v)*pic.Width+i%grid*patch+u)+c]) / 255
						r[o] += w[((o*3+c)*patch+v)*patch+u] * (level - shift[c]) / scale[c]
					}
				}
			}
		}
		x = append(x, r)
	}
	for i := range layers {
		l := layerName(i)
		n := p.norm(l+"layer_norm1", x)
		x = sum(x, p.linear(l+"self_attn.out_proj", p.attend(p.linear(l+"self_attn.q_proj", n), p.linear(l+"self_attn.k_proj", n), p.linear(l+"self_attn.v_proj", n))))
		wide := each(p.linear(l+"mlp.fc1", p.norm(l+"layer_norm2", x)), func(v float64) float64 {
			return v / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v)))
		})
		x = sum(x, p.linear(l+"mlp.fc2", wide))
	}
	z := p.linear("bottleneck.in_linear", each(p.linear("encode_task_layer.0", pooledMean(x, grid, pool)), math.Tanh))
	table := p.at("bottleneck.regularizer.embedding.weight")
	var book rows
	for i := range p.s.codes {
		book = append(book, table[i*p.s.dim:(i+1)*p.s.dim])
	}
	book = unit(p.linear("bottleneck.regularizer.embedding_proj", book))
	for _, a := range unit(z) {
		var r []float64
		for _, b := range book {
			dot := 0.0
			for j := range a {
				dot += a[j] * b[j]
			}
			r = append(r, dot)
		}
		cosines = append(cosines, r)
	}
	return cosines
}

func unit(x rows) rows {
	for i, r := range x {
		var square float64
		for _, v := range r {
			square += v * v
		}
		for j := range r {
			x[i][j] /= math.Sqrt(square)
		}
	}
	return x
}

func pooledMean(x rows, grid, pool int) (y rows) {
	n := grid / pool
	for i := range n * n {
		r := make([]float64, len(x[0]))
		for k := range pool * pool {
			for j, v := range x[(i/n*pool+k/pool)*grid+i%n*pool+k%pool] {
				r[j] += v / float64(pool*pool)
			}
		}
		y = append(y, r)
	}
	return y
}
