package ggml

/*
#cgo LDFLAGS: -lm
#include "custom.h"
#include "scan.h"

_Static_assert(sizeof(scan_job) <= sizeof(((custom_job *)0)->of), "a node's place is too small");

// Until it runs, the job of a node holds its tensors in the place of their numbers.
static const float *scan_data(const float *tensor) { return CALL(ggml_get_data)((ptr)tensor); }

static void scan_compute(ptr out, int thread, int threads, void *p) {
	const custom_job *job = p;
	scan_job j = *(const scan_job *)&job->of;
	j.rows = scan_data(j.rows), j.before = scan_data(j.before), j.memory = scan_data(j.memory);
	j.kernel = scan_data(j.kernel), j.bias = scan_data(j.bias);
	j.step = scan_data(j.step), j.rate = scan_data(j.rate), j.direct = scan_data(j.direct);
	j.out = CALL(ggml_get_data)(out);
	scan_run(&j, kernels_panel(), thread, threads, (float *)(job->room->at + (size_t)thread * job->room->each));
}

static ptr scan_new(ptr ctx, custom_job *job, scan_job j) {
	ptr args[8] = {(ptr)j.rows, (ptr)j.before, (ptr)j.memory, (ptr)j.kernel, (ptr)j.bias, (ptr)j.step, (ptr)j.rate, (ptr)j.direct};
	*(scan_job *)&job->of = j;
	int64_t n = (int64_t)j.heads * j.size;
	return CALL(ggml_custom_4d)(ctx, 0, n * (j.chunks + j.states), 1, 1, 1, args, 8, (ptr)scan_compute, -1, job);
}

static ptr op_softplus(ptr c, ptr a) { return CALL(ggml_softplus)(c, a); }
static ptr op_exp(ptr c, ptr a) { return CALL(ggml_exp)(c, a); }
*/
import "C"

// A Scan is the recurrence of Mamba2 (Dao and Gu 2024) with the convolution in front of it, for one group of B and C. With
// channels = heads·size + 2·states it holds [channels, taps], [channels], and three numbers for each head: what is added
// to its steps, its decay (negative), and how much of x goes around the memory.
type Scan struct {
	Kernel, Bias       Tensor
	Step, Rate, Direct Tensor
	Chunk              int // rows of which the last is read out
}

// scanSizes are a scan's own and those of what it is applied to.
type scanSizes struct{ heads, size, states, taps, chunk, chunks int64 }

func (s scanSizes) inner() int64    { return s.heads * s.size }
func (s scanSizes) channels() int64 { return s.inner() + 2*s.states }

// Scan walks over rows [channels+heads, Chunk·n], in which x, B, C and the steps lie side by side, and returns what the last
// row of each chunk reads, [heads·size, n], and the memory behind them, [states, heads·size]. before [channels, taps-1] are
// the rows in front of these, memory is what is remembered of all. A chunk's result does not depend on how many there are.
func (g *Graph) Scan(s Scan, rows, before, memory Tensor) (y, after Tensor) {
	z, ok := g.suitScan(s, rows, before, memory)
	if !ok {
		return Tensor{}, Tensor{}
	}
	if g.b.foreign() {
		return g.scanPlain(s, z, rows, before, memory)
	}
	if !g.room("scan") {
		return Tensor{}, Tensor{}
	}
	j := C.scan_job{
		rows: (*C.float)(rows.p), before: (*C.float)(before.p), memory: (*C.float)(memory.p), kernel: (*C.float)(s.Kernel.p), bias: (*C.float)(s.Bias.p),
		step: (*C.float)(s.Step.p), rate: (*C.float)(s.Rate.p), direct: (*C.float)(s.Direct.p),
		heads: C.int(z.heads), size: C.int(z.size), states: C.int(z.states), taps: C.int(z.taps), chunk: C.int(z.chunk), chunks: C.int(z.chunks),
	}
	g.own.each = max(g.own.each, 4*C.scan_room(&j))
	n := z.inner()
	out := made(C.scan_new(g.ctx, g.job(), j), F32, [4]int64{n * (z.chunks + z.states), 1, 1, 1})
	y = g.View(out, [4]int64{n, z.chunks, 1, 1}, [3]int64{n, n * z.chunks, n * z.chunks}, 0)
	after = g.View(out, [4]int64{z.states, n, 1, 1}, [3]int64{z.states, z.states * n, z.states * n}, n*z.chunks)
	return y, after
}

// suitScan checks the shapes of a scan.
func (g *Graph) suitScan(s Scan, rows, before, memory Tensor) (z scanSizes, ok bool) {
	all := []Tensor{rows, before, memory, s.Kernel, s.Bias, s.Step, s.Rate, s.Direct}
	if !g.valid("scan", all...) {
		return z, false
	}
	z = scanSizes{heads: s.Step.ne[0], states: memory.ne[0], taps: s.Kernel.ne[1], chunk: int64(s.Chunk)}
	z.size = memory.ne[1] / z.heads
	ok = z.chunk > 0 && z.taps > 1 && z.taps <= z.chunk+1 && z.chunk <= 1<<16
	if ok {
		z.chunks = rows.ne[1] / z.chunk
	}
	want := [][4]int64{
		{z.channels() + z.heads, z.chunk * z.chunks, 1, 1},
		{z.channels(), z.taps - 1, 1, 1},
		{z.states, z.inner(), 1, 1},
		{z.channels(), z.taps, 1, 1},
		{z.channels(), 1, 1, 1},
		{z.heads, 1, 1, 1},
		{z.heads, 1, 1, 1},
		{z.heads, 1, 1, 1},
	}
	for i, t := range all {
		ok = ok && t.t == F32 && t.contiguous() && t.ne == want[i]
	}
	if !ok || z.chunks < 1 || rows.Elements() > 1<<31 || z.inner()*(z.chunks+z.states) > 1<<31 {
		g.fail("scan", "chunks of %d of %v behind %v with %v, %v, %v", s.Chunk, rows, before, memory, s.Kernel, s.Step)
		return z, false
	}
	return z, true
}

// Softplus returns ln(1 + eˣ).
func (g *Graph) Softplus(a Tensor) Tensor {
	if !g.single("softplus", a) {
		return Tensor{}
	}
	return made(C.op_softplus(g.ctx, a.p), F32, a.ne)
}

// Exp returns eˣ.
func (g *Graph) Exp(a Tensor) Tensor {
	if !g.single("exp", a) {
		return Tensor{}
	}
	return made(C.op_exp(g.ctx, a.p), F32, a.ne)
}
