package compressor

import (
	"math"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

const layer = "model.layers.0."

// Epsilons: of the layer norm at the entrance, and of every other norm.
const (
	layerNormEpsilon = 1e-6
	epsilon          = 1e-5
)

// weights are the network's tensors, and what follows from them alone.
type weights struct {
	in, out      ggml.Affine
	scale, shift ggml.Tensor // of the layer norm
	norm         ggml.Tensor // in front of the recurrence
	gate         ggml.Matrix // z
	rows         ggml.Matrix // x, B, C and the steps
	scan         ggml.Scan
	scanNorm     ggml.Tensor
	scanOut      ggml.Matrix
	query        ggml.Tensor // [Width]: the query behind the layer norm
	base, share  ggml.Tensor // [Width] and [Width, Chunk]: what the query keeps of itself, and takes of each row
	last         ggml.Tensor // norm in front of out
}

// declare names every tensor below p.
func (c *Compressor) declare(p *checkpoint.Plan) {
	w, s := &c.w, c.shape
	width, inner, heads := int64(s.Width), int64(s.Inner), int64(s.Heads)
	p.Linear(&w.in, "input_proj", width, int64(s.In))
	p.Linear(&w.out, "output_proj", int64(s.Out), width)
	p.Tensor(&w.scale, "input_norm.weight", width)
	p.Tensor(&w.shift, "input_norm.bias", width)
	p.Tensor(&w.norm, layer+"norm.weight", width)
	p.Tensor(&w.last, "model.norm_f.weight", width)
	p.Tensor(&w.scanNorm, layer+"mixer.norm.weight", inner)
	p.Matrix(&w.scanOut, layer+"mixer.out_proj.weight", width, inner)
	// z is wanted of the query only, so that its rows are a matrix of their own.
	rows := int64(s.channels()) + heads
	both := []checkpoint.Need{{Name: layer + "mixer.in_proj.weight", Shape: []int64{inner + rows, width}}}
	p.Made(&w.gate, inner, width, both, func(v [][]float32) []float32 { return v[0][:inner*width] })
	p.Made(&w.rows, rows, width, both, func(v [][]float32) []float32 { return v[0][inner*width:] })
	c.declareScan(p)
	c.declareQuery(p)
}

func (c *Compressor) declareScan(p *checkpoint.Plan) {
	w, s := &c.w.scan, c.shape
	channels, taps, heads := int64(s.channels()), int64(s.Taps), int64(s.Heads)
	w.Chunk = s.Chunk + 1
	kernel := []checkpoint.Need{{Name: layer + "mixer.conv1d.weight", Shape: []int64{channels, 1, taps}}}
	p.MadeTensor(&w.Kernel, []int64{taps, channels}, kernel, func(v [][]float32) []float32 {
		out := make([]float32, taps*channels)
		for i, x := range v[0] {
			out[int64(i)%taps*channels+int64(i)/taps] = x
		}
		return out
	})
	p.Tensor(&w.Bias, layer+"mixer.conv1d.bias", channels)
	p.Tensor(&w.Step, layer+"mixer.dt_bias", heads)
	p.Tensor(&w.Direct, layer+"mixer.D", heads)
	rate := []checkpoint.Need{{Name: layer + "mixer.A_log", Shape: []int64{heads}}}
	p.MadeTensor(&w.Rate, []int64{heads}, rate, func(v [][]float32) []float32 {
		out := make([]float32, heads)
		for i, x := range v[0] {
			out[i] = -float32(math.Exp(float64(x)))
		}
		return out
	})
}

// declareQuery computes what is the same in every second, see query.
func (c *Compressor) declareQuery(p *checkpoint.Plan) {
	width, chunk := int64(c.shape.Width), int64(c.shape.Chunk)
	needs := []checkpoint.Need{
		{Name: "query_token", Shape: []int64{width}},
		{Name: "input_norm.weight", Shape: []int64{width}},
		{Name: "input_norm.bias", Shape: []int64{width}},
		{Name: layer + "norm.weight", Shape: []int64{width}},
		{Name: layer + "weight_fc.weight", Shape: []int64{chunk, width}},
		{Name: layer + "weight_fc.bias", Shape: []int64{chunk}},
		{Name: layer + "gate_fc.weight", Shape: []int64{1, width}},
		{Name: layer + "gate_fc.bias", Shape: []int64{1}},
	}
	p.MadeFloats(&c.alpha, needs, func(v [][]float32) []float32 { return newQuery(v).alpha })
	p.MadeFloats(&c.gate, needs, func(v [][]float32) []float32 { return []float32{float32(newQuery(v).gate)} })
	p.MadeTensor(&c.w.query, []int64{width}, needs, func(v [][]float32) []float32 { return narrow(newQuery(v).entered, 1) })
	p.MadeTensor(&c.w.base, []int64{width}, needs, func(v [][]float32) []float32 {
		q := newQuery(v)
		return narrow(q.normed, 1-q.gate)
	})
	p.MadeTensor(&c.w.share, []int64{chunk, width}, needs, func(v [][]float32) []float32 {
		q := newQuery(v)
		out := make([]float32, 0, chunk*width)
		for _, a := range q.alpha {
			for range width {
				out = append(out, float32(float64(a)*q.gate))
			}
		}
		return out
	})
}

// A query is the learned row as it is behind the layer norm and behind the norm after that, how it weighs the rows
// of its second, and how much of their mean it takes. None of it depends on the sound.
type query struct {
	entered, normed []float64
	alpha           []float32
	gate            float64
}

// newQuery computes it from the tensors that declareQuery needs.
func newQuery(v [][]float32) (q query) {
	token, scale, shift, norm := v[0], v[1], v[2], v[3]
	n, mean, square := float64(len(token)), 0.0, 0.0
	for _, x := range token {
		mean += float64(x) / n
	}
	for _, x := range token {
		square += (float64(x) - mean) * (float64(x) - mean) / n
	}
	power := 0.0
	for i, x := range token {
		y := (float64(x)-mean)/math.Sqrt(square+layerNormEpsilon)*float64(scale[i]) + float64(shift[i])
		q.entered = append(q.entered, y)
		power += y * y / n
	}
	for i, y := range q.entered {
		q.normed = append(q.normed, y/math.Sqrt(power+epsilon)*float64(norm[i]))
	}
	q.alpha = softmax(apply(v[4], v[5], q.normed))
	g := apply(v[6], v[7], q.normed)[0]
	q.gate = 0.98/(1+math.Exp(-g)) + 0.01
	return q
}

// apply returns w·x + b.
func apply(w, b []float32, x []float64) []float64 {
	out := make([]float64, len(b))
	for i := range out {
		out[i] = float64(b[i])
		for j, v := range x {
			out[i] += float64(w[i*len(x)+j]) * v
		}
	}
	return out
}

func softmax(x []float64) []float32 {
	most, sum := math.Inf(-1), 0.0
	for _, v := range x {
		most = max(most, v)
	}
	for _, v := range x {
		sum += math.Exp(v - most)
	}
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = float32(math.Exp(v-most) / sum)
	}
	return out
}

// narrow returns x·by in single precision.
func narrow(x []float64, by float64) []float32 {
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = float32(v * by)
	}
	return out
}
