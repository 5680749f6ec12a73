package ggml

/*
#include "calls.h"
static ptr op_leaky(ptr c, ptr a, float s) { return CALL(ggml_leaky_relu)(c, a, s, false); }
static ptr op_elu(ptr c, ptr a) { return CALL(ggml_elu)(c, a); }
*/
import "C"

// LeakyReLU returns x where it is positive, else slope·x.
func (g *Graph) LeakyReLU(a Tensor, slope float32) Tensor {
	if !g.single("leaky_relu", a) {
		return Tensor{}
	}
	return made(C.op_leaky(g.ctx, a.p, C.float(slope)), F32, a.ne)
}

// ELU returns x where it is positive, else exp(x) - 1.
func (g *Graph) ELU(a Tensor) Tensor {
	if !g.single("elu", a) {
		return Tensor{}
	}
	return made(C.op_elu(g.ctx, a.p), F32, a.ne)
}
