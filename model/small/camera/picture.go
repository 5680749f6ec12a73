package camera

import (
	"fmt"
	"math"

	"omnilive/model"
)

// Limits of a picture: beyond maxPixels it is refused; below minSide there is nothing to recognise.
const (
	maxPixels = 64 << 20
	minSide   = 16
)

func check(p model.Picture) error {
	switch {
	case p.Width < 1 || p.Height < 1 || p.Width > maxPixels || p.Height > maxPixels/p.Width:
		return fmt.Errorf("picture of %dx%d: sides from 1 and up to %d pixels are taken", p.Width, p.Height, maxPixels)
	case len(p.RGB) != 3*p.Width*p.Height:
		return fmt.Errorf("picture of %dx%d: %d bytes of RGB, want %d", p.Width, p.Height, len(p.RGB), 3*p.Width*p.Height)
	}
	return nil
}

// A rect is a part of a picture in pixels, its edges between them.
type rect struct{ left, top, right, bottom float64 }

// A norm turns a byte of each channel into what a network reads: byte·scale + shift. bgr puts blue first.
type norm struct {
	scale, shift [3]float32
	bgr          bool
}

// newNorm is (byte/255 - mean) / deviation, channels in the network's order.
func newNorm(mean, deviation [3]float32, bgr bool) (n norm) {
	for c := range 3 {
		n.scale[c] = 1 / (255 * deviation[c])
		n.shift[c] = -mean[c] / deviation[c]
	}
	n.bgr = bgr
	return n
}

// taps are the source pixels that make one target pixel: weights for those from first on; they sum to 1.
type taps struct {
	first  int
	weight []float32
}

// newTaps spreads the source pixels between from and to, of size at all, over n target pixels with a triangle filter
// as wide as a target pixel: linear interpolation that averages where it makes smaller.
func newTaps(from, to float64, size, n int) []taps {
	list := make([]taps, n)
	step := (to - from) / float64(n)
	reach := max(step, 1)
	for i := range list {
		centre := from + (float64(i)+0.5)*step
		first := max(int(math.Floor(centre-reach+0.5)), 0)
		last := min(int(math.Ceil(centre+reach-0.5)), size)
		first = min(first, size-1)
		last = max(last, first+1)
		w := make([]float32, last-first)
		var sum float32
		for j := range w {
			w[j] = float32(max(0, 1-math.Abs(float64(first+j)+0.5-centre)/reach))
			sum += w[j]
		}
		if sum == 0 {
			w[0], sum = 1, 1
		}
		for j := range w {
			w[j] /= sum
		}
		list[i] = taps{first, w}
	}
	return list
}

// resize writes part r of p, made w by h, as three planes [3, h, stride] to out; columns from w on stay as they are.
func resize(p model.Picture, r rect, w, h, stride int, n norm, out []float32) {
	across, down := newTaps(r.left, r.right, p.Width, w), newTaps(r.top, r.bottom, p.Height, h)
	rows := rowCache{picture: p, across: across, rows: make(map[int][]float32)}
	sum := make([]float32, 3*w)
	for y, t := range down {
		clear(sum)
		for j, weight := range t.weight {
			if weight == 0 {
				continue
			}
			for i, v := range rows.row(t.first + j) {
				sum[i] += weight * v
			}
		}
		rows.forget(t.first)
		for c := range 3 {
			plane := c
			if n.bgr {
				plane = 2 - c
			}
			to := out[(plane*h+y)*stride:][:w]
			scale, shift := n.scale[plane], n.shift[plane]
			for x := range to {
				to[x] = sum[3*x+c]*scale + shift
			}
		}
	}
}

// A rowCache holds source rows made w wide, while they are needed.
type rowCache struct {
	picture model.Picture
	across  []taps
	rows    map[int][]float32
	oldest  int
	spare   [][]float32
}

func (c *rowCache) row(y int) []float32 {
	if r, ok := c.rows[y]; ok {
		return r
	}
	var to []float32
	if n := len(c.spare); n > 0 {
		to, c.spare = c.spare[n-1], c.spare[:n-1]
	} else {
		to = make([]float32, 3*len(c.across))
	}
	from := c.picture.RGB[3*y*c.picture.Width:][:3*c.picture.Width]
	for x, t := range c.across {
		var r, g, b float32
		px := from[3*t.first:][:3*len(t.weight)]
		for j, w := range t.weight {
			r += w * float32(px[3*j])
			g += w * float32(px[3*j+1])
			b += w * float32(px[3*j+2])
		}
		to[3*x], to[3*x+1], to[3*x+2] = r, g, b
	}
	c.rows[y] = to
	return to
}

// forget gives back the rows above y.
func (c *rowCache) forget(y int) {
	for ; c.oldest < y; c.oldest++ {
		if r, ok := c.rows[c.oldest]; ok {
			c.spare = append(c.spare, r)
			delete(c.rows, c.oldest)
		}
	}
}
