package imagedecoder

import (
	"context"
	"math"
	"sync"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// bandBytes is about how much of a picture is computed at once.
const bandBytes = 64 << 20

// A machine is what the painter computes with.
type machine struct {
	*ggml.Graph
	threads int
}

// A plane is a picture of any number of channels, in Go's memory; the channels of a pixel lie side by side.
type plane struct {
	width, height, channels int
	v                       []float32
}

func newPlane(width, height, channels int) plane {
	return plane{width, height, channels, make([]float32, width*height*channels)}
}

// rows are the values of rows from to to-1.
func (x plane) rows(from, to int) []float32 {
	n := x.width * x.channels
	return x.v[from*n : to*n]
}

// band is how many rows are computed at once where a pixel takes so many values on the way.
func (x plane) band(values int) int {
	return min(max(bandBytes/4/max(x.width*values, 1), 1), x.height)
}

// A norm is a group normalisation: each group of channels, over the whole picture, without mean and of variance 1, then
// scaled and shifted by channel.
type norm struct {
	groups        int
	weight, shift []float32
}

func (n *norm) declare(p *checkpoint.Plan, name string, c VAE, channels int64) {
	n.groups = int(c.Groups)
	p.Floats(&n.weight, name+".weight", channels)
	p.Floats(&n.shift, name+".bias", channels)
}

// fit returns by what each channel of x is multiplied, and what is then added to it. The sums are taken in f64, by so many
// goroutines.
func (n *norm) fit(x plane, threads int) (scale, shift []float32) {
	sums := make([][]float64, threads)
	var all sync.WaitGroup
	for i := range sums {
		all.Go(func() { sums[i] = moments(x.rows(x.height*i/threads, x.height*(i+1)/threads), x.channels) })
	}
	all.Wait()
	scale, shift = make([]float32, x.channels), make([]float32, x.channels)
	each := x.channels / n.groups
	count := float64(each * x.width * x.height)
	for from := 0; from < x.channels; from += each {
		sum, square := 0.0, 0.0
		for _, s := range sums {
			for c := from; c < from+each; c++ {
				sum += s[2*c]
				square += s[2*c+1]
			}
		}
		mean := sum / count
		gain := 1 / math.Sqrt(max(square/count-mean*mean, 0)+normEps)
		for c := from; c < from+each; c++ {
			scale[c] = float32(gain * float64(n.weight[c]))
			shift[c] = float32(float64(n.shift[c]) - mean*gain*float64(n.weight[c]))
		}
	}
	return scale, shift
}

// moments are the sum and the sum of squares of each channel.
func moments(v []float32, channels int) []float64 {
	sums := make([]float64, 2*channels)
	for ; len(v) >= channels; v = v[channels:] {
		for c, x := range v[:channels] {
			w := float64(x)
			sums[2*c] += w
			sums[2*c+1] += w * w
		}
	}
	return sums
}

// apply computes a linear layer on every pixel.
func apply(ctx context.Context, g machine, l ggml.Affine, x plane) (plane, error) {
	out := newPlane(x.width, x.height, int(l.W.Out()))
	step := x.band(x.channels + out.channels)
	for from := 0; from < x.height; from += step {
		to := min(from+step, x.height)
		g.Reset()
		in := g.Input(ggml.F32, int64(x.channels), int64(x.width*(to-from)))
		y := g.Output(g.Apply(l, in))
		if err := g.Compute(ctx, func() { ggml.Put(g.Graph, in, x.rows(from, to)) }); err != nil {
			return x, err
		}
		if err := ggml.Take(g.Graph, y, 0, out.rows(from, to)); err != nil {
			return x, err
		}
	}
	return out, nil
}
