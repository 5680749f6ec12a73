package ggml

/*
#include "custom.h"
#include "depthwise.h"

_Static_assert(sizeof(depthwise_job) <= sizeof(((custom_job *)0)->of), "a node's place is too small");

static void depthwise_compute(ptr out, int thread, int threads, void *p) {
	custom_job *job = p;
	depthwise_job j = *(const depthwise_job *)&job->of;
	j.x = CALL(ggml_get_data)(job->a), j.w = CALL(ggml_get_data)(job->b), j.out = CALL(ggml_get_data)(out);
	depthwise_run(&j, kernels_panel(), thread, threads);
}

static ptr depthwise_new(ptr ctx, custom_job *job, ptr x, ptr w, size_t stride, int rows, int channels, int taps, int left) {
	ptr args[2] = {x, w};
	job->a = x, job->b = w;
	*(depthwise_job *)&job->of = (depthwise_job){NULL, NULL, NULL, stride, rows, channels, taps, left};
	return CALL(ggml_custom_4d)(ctx, 0, channels, rows, 1, 1, args, 2, (ptr)depthwise_compute, -1, job);
}
*/
import "C"

// Depthwise convolves each channel of x[channels, n] along time with its own weights, w[channels, taps], and gives as many
// places: left zeros stand before the first one, the rest of taps-1 behind the last.
func (g *Graph) Depthwise(w, x Tensor, left int) Tensor {
	if !g.valid("depthwise", w, x) {
		return Tensor{}
	}
	channels, taps, n := w.ne[0], w.ne[1], x.ne[1]
	if !plane(w) || !plane(x) || !w.contiguous() || channels != x.ne[0] || left < 0 || int64(left) >= taps ||
		channels > 1<<24 || taps > 1<<20 || n > 1<<30 {
		g.fail("depthwise", "%v of %v, %d zeros before it", w, x, left)
		return Tensor{}
	}
	if g.b.foreign() {
		return g.depthwisePlain(w, x, left)
	}
	if !g.room("depthwise") {
		return Tensor{}
	}
	p := C.depthwise_new(g.ctx, g.job(), x.p, w.p, C.size_t(x.nb[1]/4), C.int(n), C.int(channels), C.int(taps), C.int(left))
	return made(p, F32, [4]int64{channels, n, 1, 1})
}

// depthwisePlain is Depthwise of ggml's own operations.
func (g *Graph) depthwisePlain(w, x Tensor, left int) Tensor {
	taps, n := w.ne[1], x.ne[1]
	wide := g.Pad(g.Cont(x), [4]int32{0, int32(left)}, [4]int32{0, int32(taps) - 1 - int32(left)})
	var sum Tensor
	for k := range taps {
		part := g.Mul(g.Rows(wide, k, k+n), g.Rows(w, k, k+1))
		if k == 0 {
			sum = part
		} else {
			sum = g.Add(sum, part)
		}
	}
	return sum
}
