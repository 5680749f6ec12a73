package ggml

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"unsafe"
)

// start loads the libraries and returns a graph on so many threads, or skips.
func start(t testing.TB, threads int) *Graph {
	t.Helper()
	if err := Load(libraries(t)); err != nil {
		t.Fatal(err)
	}
	b, err := NewBackend(threads)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	g, err := NewGraph(b, 64)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return g
}

func noise(n int) []float32 {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// unary runs f on one input of this shape.
func unary(t *testing.T, g *Graph, x []float32, dims []int64, f func(Tensor) Tensor) []float32 {
	t.Helper()
	g.Reset()
	in := g.Input(F32, dims...)
	y := g.Output(f(in))
	if err := g.Compute(context.Background(), func() { Put(g, in, x) }); err != nil {
		t.Fatal(err)
	}
	out := make([]float32, y.Elements())
	if err := Take(g, y, 0, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func near(t *testing.T, what string, got []float32, want func(i int) float64) {
	t.Helper()
	for i, v := range got {
		if w := want(i); math.Abs(float64(v)-w) > 1e-5*(1+math.Abs(w)) {
			t.Fatalf("%s: element %d is %v, want %v", what, i, v, w)
		}
	}
}

func TestOperationsAgainstPlainLoops(t *testing.T) {
	for _, threads := range []int{1, 2} {
		g := start(t, threads)
		x := noise(24)
		at := func(i int) float64 { return float64(x[i]) }
		dims := []int64{6, 4}
		near(t, "gelu", unary(t, g, x, dims, g.GELU), func(i int) float64 { return at(i) * 0.5 * (1 + math.Erf(at(i)/math.Sqrt2)) })
		near(t, "silu", unary(t, g, x, dims, g.SiLU), func(i int) float64 { return at(i) / (1 + math.Exp(-at(i))) })
		near(t, "sin", unary(t, g, x, dims, g.Sin), func(i int) float64 { return math.Sin(at(i)) })
		near(t, "scale", unary(t, g, x, dims, func(a Tensor) Tensor { return g.Scale(a, 3) }), func(i int) float64 { return 3 * at(i) })
		near(t, "transpose", unary(t, g, x, dims, func(a Tensor) Tensor { return g.Cont(g.Permute(a, [4]int{1, 0, 2, 3})) }),
			func(i int) float64 { return at(i%4*6 + i/4) })
		near(t, "rows", unary(t, g, x, dims, func(a Tensor) Tensor { return g.Cont(g.Rows(a, 1, 3)) }), func(i int) float64 { return at(i + 6) })
		near(t, "pad", unary(t, g, x, dims, func(a Tensor) Tensor { return g.Pad(a, [4]int32{0, 1}, [4]int32{}) }), func(i int) float64 {
			if i < 6 {
				return 0
			}
			return at(i - 6)
		})
		near(t, "concat", unary(t, g, x, dims, func(a Tensor) Tensor { return g.Concat(a, g.Add(a, a), 1) }), func(i int) float64 {
			return at(i%24) * float64(1+i/24)
		})
		near(t, "product", unary(t, g, x, dims, func(a Tensor) Tensor { return g.MulMat(a, a) }), func(i int) (s float64) {
			for k := range 6 {
				s += at(i%4*6+k) * at(i/4*6+k)
			}
			return s
		})
		near(t, "norm", unary(t, g, x, dims, func(a Tensor) Tensor { return g.Norm(a, 1e-5) }), func(i int) float64 {
			mean, square := 0.0, 0.0
			for k := range 6 {
				mean += at(i/6*6+k) / 6
			}
			for k := range 6 {
				square += (at(i/6*6+k) - mean) * (at(i/6*6+k) - mean) / 6
			}
			return (at(i) - mean) / math.Sqrt(square+1e-5)
		})
		near(t, "softmax", unary(t, g, x, dims, func(a Tensor) Tensor { return g.SoftMax(a, Tensor{}, 2) }), func(i int) float64 {
			sum := 0.0
			for k := range 6 {
				sum += math.Exp(2 * at(i/6*6+k))
			}
			return math.Exp(2*at(i)) / sum
		})
	}
}

func TestConv1DAgainstPlainLoops(t *testing.T) {
	g := start(t, 2)
	const length, in, out, kernel, stride, padding, dilation = 11, 3, 2, 3, 2, 2, 2
	x, w := noise(length*in), noise(kernel*in*out)
	a, b := g.Input(F32, length, in), g.Input(F32, kernel, in, out)
	y := g.Output(g.Conv1D(b, a, stride, padding, dilation))
	if err := g.Compute(context.Background(), func() { Put(g, a, x); Put(g, b, w) }); err != nil {
		t.Fatal(err)
	}
	got := make([]float32, y.Elements())
	if err := Take(g, y, 0, got); err != nil {
		t.Fatal(err)
	}
	n := int(y.Dim(0))
	near(t, "conv_1d", got, func(i int) (s float64) {
		for c := range in {
			for k := range kernel {
				if p := i%n*stride - padding + k*dilation; p >= 0 && p < length {
					s += float64(x[c*length+p]) * float64(w[(i/n*in+c)*kernel+k])
				}
			}
		}
		return s
	})
}

func TestStoresKeepWhatGraphsCopyIntoThem(t *testing.T) {
	g := start(t, 1)
	s, err := NewStore([]Spec{{"cache", F32, []int64{4, 3}}, {"f16", F16, []int64{4}}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cache, err := s.Tensor("cache", 4, 3)
	if err != nil {
		t.Fatal(err)
	}
	x := g.Input(F32, 4, 1)
	g.Do(g.Copy(x, g.Rows(cache, 1, 2)))
	if err := g.Compute(context.Background(), func() { Put(g, x, []float32{1, 2, 3, 4}) }); err != nil {
		t.Fatal(err)
	}
	got := unsafe.Slice((*float32)(unsafe.Pointer(&s.Bytes("cache")[0])), 12)
	near(t, "cache", got, func(i int) float64 {
		if i < 4 || i > 7 {
			return 0
		}
		return float64(i - 3)
	})
	if _, err := s.Tensor("cache", 3, 4); err == nil || !strings.Contains(err.Error(), "shape") {
		t.Errorf("wrong shape: %v", err)
	}
	if _, err := s.Tensor("none"); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("missing tensor: %v", err)
	}
}

func TestMistakesAreNamedAndDoNotStopTheProcess(t *testing.T) {
	g := start(t, 1)
	for op, f := range map[string]func(a, b, i Tensor){
		"add":               func(a, b, i Tensor) { g.Add(a, b) },
		"mul_mat":           func(a, b, i Tensor) { g.MulMat(a, b) },
		"mul":               func(a, b, i Tensor) { g.Mul(a, i) },
		"norm":              func(a, b, i Tensor) { g.Norm(i, 1e-5) },
		"rms_norm":          func(a, b, i Tensor) { g.RMSNorm(a, float32(math.NaN())) },
		"soft_max":          func(a, b, i Tensor) { g.SoftMax(a, b, 1) },
		"gelu":              func(a, b, i Tensor) { g.GELU(g.Permute(a, [4]int{1, 0, 2, 3})) },
		"get_rows":          func(a, b, i Tensor) { g.GetRows(a, b) },
		"view":              func(a, b, i Tensor) { g.View(a, [4]int64{6, 5, 1, 1}, [3]int64{6, 30, 30}, 0) },
		"reshape":           func(a, b, i Tensor) { g.Reshape(a, 5, 5) },
		"permute":           func(a, b, i Tensor) { g.Permute(a, [4]int{0, 0, 1, 2}) },
		"copy":              func(a, b, i Tensor) { g.Copy(a, b) },
		"concat":            func(a, b, i Tensor) { g.Concat(a, b, 1) },
		"cast":              func(a, b, i Tensor) { g.Cast(a, Q8_0) },
		"pad":               func(a, b, i Tensor) { g.Pad(a, [4]int32{-1}, [4]int32{}) },
		"conv_1d":           func(a, b, i Tensor) { g.Conv1D(a, b, 1, 0, 1) },
		"conv_transpose_1d": func(a, b, i Tensor) { g.ConvTranspose1D(a, b, 0) },
		"rope":              func(a, b, i Tensor) { g.Rope(a, i, 5, true, 1e4) },
		"flash_attn":        func(a, b, i Tensor) { g.FlashAttention(a, b, b, Tensor{}, 1) },
		"input":             func(a, b, i Tensor) { g.Input(F32, -1) },
		"output":            func(a, b, i Tensor) { g.Output(Tensor{}) },
		"silu":              func(a, b, i Tensor) { g.SiLU(Tensor{}) },
	} {
		g.Reset()
		f(g.Input(F32, 6, 4), g.Input(F32, 5, 4), g.Input(I32, 3))
		if err := g.Compute(context.Background(), nil); err == nil || !strings.Contains(err.Error(), ": "+op+":") {
			t.Errorf("%s: %v", op, err)
		}
	}
	g.Reset()
	x := g.Input(F32, 4)
	for range 80 {
		x = g.Sqr(x)
	}
	if err := g.Err(); err == nil || !strings.Contains(err.Error(), "more than 64 nodes") {
		t.Errorf("too many nodes: %v", err)
	}
	g.Reset()
	x = g.Input(F32, 4)
	g.Output(g.Sqr(x))
	if err := g.Compute(context.Background(), func() { Put(g, x, []int32{1, 2, 3, 4}) }); err == nil || !strings.Contains(err.Error(), "put") {
		t.Errorf("wrong element: %v", err)
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	g.Reset()
	if err := g.Compute(done, nil); err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
}

func TestConvertRefuses(t *testing.T) {
	start(t, 1)
	if err := Convert(make([]byte, 34), Q8_0, make([]byte, 128), F32, 32); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"short":  Convert(make([]byte, 33), Q8_0, make([]byte, 128), F32, 32),
		"blocks": Convert(make([]byte, 34), Q8_0, make([]byte, 124), F32, 31),
		"from":   Convert(make([]byte, 128), F32, make([]byte, 34), Q8_0, 32),
		"to":     Convert(make([]byte, 128), I32, make([]byte, 128), F32, 32),
		"empty":  Convert(nil, F32, nil, F16, 32),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
