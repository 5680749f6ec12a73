package compressor

import "math"

// plainly is the network as it is specified, row by row in float64, with nothing left out and nothing precomputed.
func plainly(s Shape, w map[string][]float32, rows []float32) (out []float64) {
	for len(rows)%(s.Chunk*s.In) != 0 {
		rows = append(rows, 0)
	}
	var entered, normed [][]float64
	add := func(row []float64) {
		row = layerNorm(row, w["input_norm.weight"], w["input_norm.bias"])
		entered = append(entered, row)
		normed = append(normed, rms(row, w[layer+"norm.weight"]))
	}
	for i := 0; i < len(rows); i += s.In {
		add(apply(w["input_proj.weight"], w["input_proj.bias"], widened(rows[i:i+s.In])))
		if (i/s.In+1)%s.Chunk == 0 {
			add(widened(w["query_token"]))
			pooled(s, w, normed[len(normed)-s.Chunk-1:])
		}
	}
	for t, y := range mixed(s, w, normed) {
		if t%(s.Chunk+1) != s.Chunk {
			continue
		}
		for i := range y {
			y[i] += entered[t][i]
		}
		out = append(out, apply(w["output_proj.weight"], w["output_proj.bias"], rms(y, w["model.norm_f.weight"]))...)
	}
	return out
}

// pooled changes the last row of a second, the query.
func pooled(s Shape, w map[string][]float32, second [][]float64) {
	q := second[s.Chunk]
	alpha := softmax(apply(w[layer+"weight_fc.weight"], w[layer+"weight_fc.bias"], q))
	g := 0.98/(1+math.Exp(-apply(w[layer+"gate_fc.weight"], w[layer+"gate_fc.bias"], q)[0])) + 0.01
	for i := range q {
		mean := 0.0
		for t, a := range alpha {
			mean += float64(a) * second[t][i]
		}
		q[i] = (1-g)*q[i] + g*mean
	}
}

// mixed is Mamba2.
func mixed(s Shape, w map[string][]float32, in [][]float64) (out [][]float64) {
	var raw [][]float64
	memory := make([]float64, s.Inner*s.States)
	kernel, mixer := w[layer+"mixer.conv1d.weight"], layer+"mixer."
	for t, row := range in {
		raw = append(raw, apply(w[mixer+"in_proj.weight"], make([]float32, s.Inner+s.channels()+s.Heads), row))
		v := widened(w[mixer+"conv1d.bias"])
		for c := range v {
			for k := range s.Taps {
				if from := t - s.Taps + 1 + k; from >= 0 {
					v[c] += float64(kernel[c*s.Taps+k]) * raw[from][s.Inner+c]
				}
			}
			v[c] /= 1 + math.Exp(-v[c])
		}
		y := make([]float64, s.Inner)
		for d := range y {
			h := d / s.headSize()
			step := math.Log1p(math.Exp(raw[t][s.Inner+s.channels()+h] + float64(w[mixer+"dt_bias"][h])))
			y[d] = float64(w[mixer+"D"][h]) * v[d]
			for n := range s.States {
				m := &memory[d*s.States+n]
				*m = *m*math.Exp(-step*math.Exp(float64(w[mixer+"A_log"][h]))) + step*v[d]*v[s.Inner+n]
				y[d] += *m * v[s.Inner+s.States+n]
			}
		}
		y = rms(y, w[mixer+"norm.weight"])
		for d := range y {
			z := raw[t][d]
			y[d] *= z / (1 + math.Exp(-z))
		}
		out = append(out, apply(w[mixer+"out_proj.weight"], make([]float32, s.Width), y))
	}
	return out
}

func widened(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

func layerNorm(x []float64, scale, shift []float32) []float64 {
	mean, square, out := 0.0, 0.0, make([]float64, len(x))
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		square += (v - mean) * (v - mean) / float64(len(x))
	}
	for i, v := range x {
		out[i] = (v-mean)/math.Sqrt(square+1e-6)*float64(scale[i]) + float64(shift[i])
	}
	return out
}

func rms(x []float64, scale []float32) []float64 {
	square, out := 0.0, make([]float64, len(x))
	for _, v := range x {
		square += v * v / float64(len(x))
	}
	for i, v := range x {
		out[i] = v / math.Sqrt(square+1e-5) * float64(scale[i])
	}
	return out
}
