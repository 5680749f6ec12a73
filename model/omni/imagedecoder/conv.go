package imagedecoder

import (
	"context"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

const taps = 3

// A conv is a convolution of 3×3 taps that keeps the size: the matrices of the kernel's rows.
type conv struct {
	rows    [taps]ggml.Matrix
	bias    ggml.Tensor
	in, out int
}

func (c *conv) declare(p *checkpoint.Plan, name string, out, in int64) {
	c.in, c.out = int(in), int(out)
	for row := range c.rows {
		from := []checkpoint.Need{{Name: name + ".weight", Shape: []int64{out, in, taps, taps}}}
		p.MadeConv(&c.rows[row], out, in, taps, from, kernelRow(row, int(out), int(in)))
	}
	p.Tensor(&c.bias, name+".bias", out)
}

// kernelRow takes one row of the kernel, tap by tap, and of each tap all inputs.
func kernelRow(row, out, in int) func([][]float32) []float32 {
	return func(parts [][]float32) []float32 {
		w, all := parts[0], make([]float32, out*in*taps)
		for o := range out {
			for i := range in {
				for x := range taps {
					all[(o*taps+x)*in+i] = w[((o*in+i)*taps+row)*taps+x]
				}
			}
		}
		return all
	}
}

// extra is what else a convolution does in the same pass.
type extra struct {
	norm    *norm        // and SiLU, before it
	double  bool         // doubles the picture before it, each pixel becoming four
	add     *plane       // is added to what it gives,
	through *ggml.Affine // after this layer
}

// run convolves x, band by band. Every band is computed of its own rows and one more above and below.
func (c *conv) run(ctx context.Context, g *easel, x plane, e extra) (plane, error) {
	size := 1
	if e.double {
		size = 2
	}
	out, err := g.plane(size*x.width, size*x.height, c.out)
	if err != nil {
		return x, err
	}
	var scale, shift []float32
	if e.norm != nil {
		scale, shift = e.norm.fit(x, g.threads)
	}
	step := g.band(out, 3*c.in+3*c.out)
	for from := 0; from < out.height; from += step {
		b := band{c: c, e: e, x: x, from: from, to: min(from+step, out.height), scale: scale, shift: shift}
		if err := b.run(ctx, g, out); err != nil {
			return x, err
		}
	}
	return out, nil
}

// A band is rows from to to-1 of what a convolution gives.
type band struct {
	c            *conv
	e            extra
	x            plane
	from, to     int
	scale, shift []float32
}

func (b *band) run(ctx context.Context, g *easel, out plane) error {
	top, bottom := max(b.from-1, 0), min(b.to+1, out.height)
	pixels := int64(out.width * (b.to - b.from))
	g.Reset()
	x := g.Input(ggml.F32, int64(b.x.channels), int64(out.width), int64(bottom-top))
	y := x
	var scale, shift, add ggml.Tensor
	if b.scale != nil {
		scale, shift = g.Input(ggml.F32, int64(b.x.channels)), g.Input(ggml.F32, int64(b.x.channels))
		y = g.SiLU(g.Add(g.Mul(x, scale), shift))
	}
	y = g.Pad(y, [4]int32{0, 1, int32(top - b.from + 1)}, [4]int32{0, 1, int32(b.to + 1 - bottom)})
	y = g.Reshape(g.Convolve2D(b.c.rows[:], y, b.c.bias), int64(b.c.out), pixels)
	if b.e.add != nil {
		add = g.Input(ggml.F32, int64(b.e.add.channels), pixels)
		side := add
		if b.e.through != nil {
			side = g.Apply(*b.e.through, add)
		}
		y = g.Add(y, side)
	}
	g.Output(y)
	err := g.Compute(ctx, func() {
		ggml.Put(g.Graph, x, b.source(top, bottom))
		if b.scale != nil {
			ggml.Put(g.Graph, scale, b.scale)
			ggml.Put(g.Graph, shift, b.shift)
		}
		if b.e.add != nil {
			ggml.Put(g.Graph, add, b.e.add.rows(b.from, b.to))
		}
	})
	if err != nil {
		return err
	}
	return ggml.Take(g.Graph, y, 0, out.rows(b.from, b.to))
}

// source is what the convolution reads: rows of the picture, or of the picture doubled.
func (b *band) source(from, to int) []float32 {
	if !b.e.double {
		return b.x.rows(from, to)
	}
	n := b.x.channels
	all := make([]float32, 0, 2*b.x.width*n*(to-from))
	for y := from; y < to; y++ {
		row := b.x.rows(y/2, y/2+1)
		for at := 0; at < len(row); at += n {
			all = append(all, row[at:at+n]...)
			all = append(all, row[at:at+n]...)
		}
	}
	return all
}
