package imagedecoder

import (
	"context"
	"math"
	"sync"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
)

// bandValues is about how many values of a picture are computed at once.
const bandValues = 16 << 20

// An easel is what the painter computes with, and the planes it has in hand.
type easel struct {
	*ggml.Graph
	threads int
	values  int // at once
	planes  map[*ggml.Store]bool
}

func newEasel(g *ggml.Graph, threads int) *easel {
	return &easel{Graph: g, threads: threads, values: bandValues, planes: map[*ggml.Store]bool{}}
}

// A plane is a picture of any number of channels, outside Go's memory; the channels of a pixel lie side by side.
type plane struct {
	width, height, channels int
	v                       []float32
	store                   *ggml.Store
}

// plane makes room for a picture.
func (g *easel) plane(width, height, channels int) (plane, error) {
	s, err := ggml.NewStore([]ggml.Spec{{Name: "plane", Type: ggml.F32, Shape: []int64{int64(channels), int64(width), int64(height)}}})
	if err != nil {
		return plane{}, err
	}
	g.planes[s] = true
	v, err := s.Floats("plane")
	return plane{width, height, channels, v, s}, err
}

// drop frees a plane that is read no more.
func (g *easel) drop(x plane) {
	x.store.Close()
	delete(g.planes, x.store)
}

// close frees all planes.
func (g *easel) close() {
	for s := range g.planes {
		s.Close()
	}
	clear(g.planes)
}

// rows are the values of rows from to to-1.
func (x plane) rows(from, to int) []float32 {
	n := x.width * x.channels
	return x.v[from*n : to*n]
}

// band is how many rows of x are computed at once where a pixel takes so many values on the way.
func (g *easel) band(x plane, values int) int {
	return min(max(g.values/max(x.width*values, 1), 1), x.height)
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
func apply(ctx context.Context, g *easel, l ggml.Affine, x plane) (plane, error) {
	out, err := g.plane(x.width, x.height, int(l.W.Out()))
	if err != nil {
		return x, err
	}
	step := g.band(x, x.channels+out.channels)
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
