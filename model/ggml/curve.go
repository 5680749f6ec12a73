package ggml

/*
#include "custom.h"
#include "curve.h"

_Static_assert(sizeof(curve_job) <= sizeof(((custom_job *)0)->of), "a node's place is too small");

// Until it runs, the job of a node holds its tensors in the place of their numbers.
static const float *curve_data(const float *tensor) { return tensor ? CALL(ggml_get_data)((ptr)tensor) : NULL; }

static void curve_compute(ptr out, int thread, int threads, void *p) {
	curve_job j = *(const curve_job *)p;
	j.x = curve_data(j.x), j.rate = curve_data(j.rate), j.gain = curve_data(j.gain), j.out = CALL(ggml_get_data)(out);
	curve_run(&j, kernels_panel(), thread, threads);
}

static ptr curve_new(ptr ctx, void *place, ptr x, ptr rate, ptr gain, int channels, int rows) {
	curve_job *j = place;
	ptr args[3] = {x, rate, gain};
	*j = (curve_job){x, rate, gain, NULL, rows, channels};
	return CALL(ggml_custom_4d)(ctx, 0, channels, rows, 1, 1, args, rate ? 3 : 1, (ptr)curve_compute, -1, j);
}
static ptr op_softplus(ptr c, ptr a) { return CALL(ggml_softplus)(c, a); }
*/
import "C"

import "unsafe"

// Mish returns x·tanh(ln(1 + exp(x))) (Misra, 2019) of x[channels, n].
func (g *Graph) Mish(x Tensor) Tensor {
	if !g.valid("mish", x) || !g.suitCurve("mish", x) {
		return Tensor{}
	}
	if g.b.foreign() {
		return g.mishPlain(x)
	}
	return g.curve("mish", x, Tensor{}, Tensor{})
}

func (g *Graph) mishPlain(x Tensor) Tensor {
	if !g.single("mish", x) {
		return Tensor{}
	}
	return g.Mul(x, g.Tanh(made(C.op_softplus(g.ctx, x.p), F32, x.ne)))
}

// SinSquare returns x + gain·sin²(rate·x) of x[channels, n], with a rate and a gain [channels] for each channel: the snake
// of Ziyin et al. (2020) where the gain is 1/rate.
func (g *Graph) SinSquare(x, rate, gain Tensor) Tensor {
	if !g.valid("sin_square", x, rate, gain) || !g.suitCurve("sin_square", x) {
		return Tensor{}
	}
	column := func(t Tensor) bool { return t.t == F32 && t.contiguous() && t.ne == [4]int64{x.ne[0], 1, 1, 1} }
	if !column(rate) || !column(gain) {
		g.fail("sin_square", "%v with %v and %v", x, rate, gain)
		return Tensor{}
	}
	if g.b.foreign() {
		return g.sinSquarePlain(x, rate, gain)
	}
	return g.curve("sin_square", x, rate, gain)
}

func (g *Graph) sinSquarePlain(x, rate, gain Tensor) Tensor {
	return g.Add(x, g.Mul(g.Sqr(g.Sin(g.Mul(x, rate))), gain))
}

func (g *Graph) suitCurve(op string, x Tensor) bool {
	if !plane(x) || !x.contiguous() || x.ne[0] > 1<<30 || x.ne[1] > 1<<30 {
		g.fail(op, "%v", x)
		return false
	}
	return true
}

func (g *Graph) curve(op string, x, rate, gain Tensor) Tensor {
	if !g.room(op, x) {
		return Tensor{}
	}
	place := unsafe.Pointer(&g.job().of)
	return made(C.curve_new(g.ctx, place, x.p, rate.p, gain.p, C.int(x.ne[0]), C.int(x.ne[1])), F32, x.ne)
}
