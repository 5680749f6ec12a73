package ggml

/*
#include "custom.h"
#include "snake.h"

_Static_assert(sizeof(snake_job) <= sizeof(((custom_job *)0)->of), "a node's place is too small");

// Until it runs, the job of a node holds its tensors in the place of their numbers.
static const float *snake_data(const float *tensor) { return CALL(ggml_get_data)((ptr)tensor); }

static void snake_compute(ptr out, int thread, int threads, void *p) {
	snake_job j = *(const snake_job *)p;
	j.x = snake_data(j.x), j.rate = snake_data(j.rate), j.gain = snake_data(j.gain);
	j.up = snake_data(j.up), j.down = snake_data(j.down), j.out = CALL(ggml_get_data)(out);
	snake_run(&j, kernels_panel(), thread, threads);
}

static ptr snake_new(ptr ctx, void *place, ptr x, ptr rate, ptr gain, ptr up, ptr down, int channels, int rows, int first, int last, int64_t n) {
	snake_job *j = place;
	ptr args[5] = {x, rate, gain, up, down};
	*j = (snake_job){x, rate, gain, up, down, NULL, rows, channels, first, last};
	return CALL(ggml_custom_4d)(ctx, 0, channels, n, 1, 1, args, 5, (ptr)snake_compute, -1, j);
}
*/
import "C"

import "unsafe"

// A Snake is BigVGAN's activation (Lee et al., 2023, arXiv:2206.04658) with its filters: the signal doubled along time, bent
// by x + Gain·sin²(Rate·x), and halved again.
type Snake struct {
	Rate, Gain Tensor // [channels]
	Up, Down   Tensor // [taps], an even number
}

// Reach returns by how many places an output looks to either side.
func (s Snake) Reach() int64 { return s.Up.ne[0]/2 - 1 }

// Snake applies s to x[channels, n]. Where first (last) is set, x begins (ends) the whole signal, and what lies outside it
// is its first (last) value; elsewhere the places on that side whose neighbours are not known are left out, Reach of them.
func (g *Graph) Snake(x Tensor, s Snake, first, last bool) Tensor {
	if !g.valid("snake", x, s.Rate, s.Gain, s.Up, s.Down) {
		return Tensor{}
	}
	channels, taps := x.ne[0], s.Up.ne[0]
	n := x.ne[1]
	if !first {
		n -= s.Reach()
	}
	if !last {
		n -= s.Reach()
	}
	column := func(t Tensor, n int64) bool { return t.t == F32 && t.contiguous() && t.ne == [4]int64{n, 1, 1, 1} }
	if !plane(x) || !column(s.Rate, channels) || !column(s.Gain, channels) || taps < 2 || taps%2 != 0 || !column(s.Up, taps) ||
		!column(s.Down, taps) || n < 1 || x.ne[1] > 1<<30 || channels > 1<<20 {
		g.fail("snake", "%v with %v, %v, %v, %v", x, s.Rate, s.Gain, s.Up, s.Down)
		return Tensor{}
	}
	if !x.contiguous() {
		x = g.Cont(x)
	}
	if taps != C.snake_taps || g.b.foreign() {
		return g.snakePlain(x, s, first, last)
	}
	if !g.room("snake", x) {
		return Tensor{}
	}
	job := unsafe.Pointer(&g.job().of)
	p := C.snake_new(g.ctx, job, x.p, s.Rate.p, s.Gain.p, s.Up.p, s.Down.p, C.int(channels), C.int(x.ne[1]), flag(first), flag(last), C.int64_t(n))
	return made(p, F32, [4]int64{channels, n, 1, 1})
}

// snakePlain is Snake of ggml's own operations, for other devices and other filters. With h = taps/2, place 2t of the
// doubled signal is the sum of x[t+m]·2·Up[h-1-2m], place 2t+1 that of x[t+m]·2·Up[h-2m]; place t of the result the sum of
// place 2t-h+1+k times Down[k].
func (g *Graph) snakePlain(x Tensor, s Snake, first, last bool) Tensor {
	h, n, channels := s.Up.ne[0]/2, x.ne[1], x.ne[0]
	before, after := int64(1), int64(1) // rows of x repeated: at its ends, and one that only spares an uneven count
	if first {
		before = h
	}
	if last {
		after = h
	}
	x = g.repeatEnds(x, before, after)
	rows := x.ne[1] - 2*(h/2) // doubled places whose neighbours are all there
	even := g.filter(x, s.Up, h/2, rows, func(m int64) int64 { return h - 1 - 2*m })
	odd := g.filter(x, s.Up, h/2, rows, func(m int64) int64 { return h - 2*m })
	both := g.Scale(g.Concat(even, odd, 0), 2)
	both = g.Reshape(both, channels, 2*rows)
	both = g.Add(both, g.Mul(g.Sqr(g.Sin(g.Mul(both, s.Rate))), s.Gain))
	zero := 2 * (before - h/2) // the row of place 0
	if last {
		both = g.repeatEnds(g.Rows(both, 0, zero+2*n), 0, h)
	}
	if first {
		both = g.repeatEnds(g.Rows(both, zero, both.ne[1]), h-1, 0)
	} else {
		both = g.Rows(both, zero+h-1, both.ne[1])
	}
	out := n
	if !first {
		out -= h - 1
	}
	if !last {
		out -= h - 1
	}
	var sum Tensor
	for k := range 2 * h {
		part := g.Mul(g.View(both, [4]int64{channels, out, 1, 1}, [3]int64{2 * channels, 2 * channels * out, 2 * channels * out}, k*channels), g.tap(s.Down, k))
		if k == 0 {
			sum = part
		} else {
			sum = g.Add(sum, part)
		}
	}
	return sum
}

// filter sums rows of x times taps: row middle+i+m of it by tap at(m), for all m whose tap is there.
func (g *Graph) filter(x, taps Tensor, middle, rows int64, at func(m int64) int64) (sum Tensor) {
	for m := -middle; m <= middle; m++ {
		k := at(m)
		if k < 0 || k >= taps.ne[0] {
			continue
		}
		part := g.Mul(g.Rows(x, middle+m, middle+m+rows), g.tap(taps, k))
		if sum.p == nil {
			sum = part
		} else {
			sum = g.Add(sum, part)
		}
	}
	return sum
}

func (g *Graph) tap(t Tensor, k int64) Tensor {
	return g.View(t, [4]int64{1, 1, 1, 1}, [3]int64{1, 1, 1}, k)
}

// repeatEnds puts copies of the first and the last row of x before and behind it.
func (g *Graph) repeatEnds(x Tensor, before, after int64) Tensor {
	out := x
	if before > 0 {
		out = g.Concat(g.copies(g.Rows(x, 0, 1), before), out, 1)
	}
	if after > 0 {
		out = g.Concat(out, g.copies(g.Rows(x, x.ne[1]-1, x.ne[1]), after), 1)
	}
	return out
}

func (g *Graph) copies(row Tensor, n int64) Tensor {
	out := row
	for range n - 1 {
		out = g.Concat(out, row, 1)
	}
	return out
}
