package ggml

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// eachKernel runs f for every size of kernel, with and without the processor's dot products.
func eachKernel(t *testing.T, f func(t *testing.T)) {
	t.Cleanup(func() { limitPanel(32, true) })
	for _, n := range []int{8, 16, 32} {
		for _, dots := range []bool{false, true} {
			if limitPanel(n, dots); panelSize() == n && (n == 32 || !dots) {
				t.Run(fmt.Sprintf("%d lanes, dots %v", n/2, dots), f)
			}
		}
	}
}

// pack makes a matrix of w, in rows of in, and returns its weights as they were kept.
func pack(t testing.TB, kind Type, w []float32, in, taps int) (Matrix, []float32) {
	t.Helper()
	out := len(w) / in
	all, err := NewMatrices([]MatrixSpec{{Name: "m", Type: kind, In: int64(in), Out: int64(out), Taps: int64(taps)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(all.Close)
	p, err := all.Packer("m")
	if err != nil {
		t.Fatal(err)
	}
	if p.Close() == nil {
		t.Error("no rows were enough")
	}
	for rows := range slices.Chunk(w, 5*in) {
		if err := p.Write(rows); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if p.Write(w[:in]) == nil {
		t.Error("a row too many was taken")
	}
	m, err := all.Matrix("m", in, out)
	if err != nil {
		t.Fatal(err)
	}
	kept := make([]float32, len(w))
	for i := range out {
		if err := m.Row(int64(i), kept[i*in:(i+1)*in]); err != nil {
			t.Fatal(err)
		}
	}
	return m, kept
}

// rounding is how far a weight of each type may be from what it was, by the largest of its 32 neighbours; rough is how far
// products may be, by the length of both operands, where the other operand is rounded too.
var rounding = map[Type]float64{F32: 0, F16: 1. / 2048, BF16: 1. / 256, Q8_0: 1. / 220}

// checkKept compares weights with what was kept of them.
func checkKept(t *testing.T, kind Type, w, kept []float32, in int) {
	t.Helper()
	largest := 0.0
	for i := range w {
		if i%in == 0 {
			largest = 0
			for _, x := range w[i : i+in] {
				largest = max(largest, math.Abs(float64(x)))
			}
		}
		if d := math.Abs(float64(w[i] - kept[i])); d > rounding[kind]*largest {
			t.Fatalf("%v weight %d is %v, was %v", kind, i, kept[i], w[i])
		}
	}
}

// nearly compares sums of products: what is rounded and what is added may be this far off in proportion to size(i).
func nearly(t *testing.T, what string, kind Type, got []float32, want func(i int) (value, size float64)) {
	t.Helper()
	tolerance := map[Type]float64{F32: 1e-6, F16: 1e-6, BF16: 1. / 200, Q8_0: 1. / 150}[kind]
	for i, v := range got {
		if w, size := want(i); math.Abs(float64(v)-w) > tolerance*(1+size) || math.IsNaN(float64(v)) {
			t.Fatalf("%s %v: element %d is %v, want %v within %v", what, kind, i, v, w, tolerance*(1+size))
		}
	}
}

func activated(act Activation, s float64) float64 {
	switch act {
	case ActGELU:
		return s * 0.5 * (1 + math.Erf(s/math.Sqrt2))
	case ActGELUTanh:
		return s * 0.5 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(s+0.044715*s*s*s)))
	case ActSiLU:
		return s / (1 + math.Exp(-s))
	case ActReLU:
		return max(s, 0)
	}
	return s
}

func TestProductsOfEveryType(t *testing.T) {
	g := start(t, 2)
	eachKernel(t, func(t *testing.T) {
		for _, kind := range []Type{F32, F16, BF16, Q8_0} {
			for _, c := range []struct {
				in, out, rows int
				act           Activation
				times         bool
			}{
				{48, 64, 1, NoActivation, false},
				{31, 37, 5, ActGELU, false},
				{70, 48, 26, ActSiLU, true},
				{300, 40, 13, ActGELUTanh, false},
				{1100, 35, 30, ActReLU, false},
				{2100, 33, 3, NoActivation, true},
				{32, 9, 300, NoActivation, false},
			} {
				w := noise(c.in * c.out)
				m, kept := pack(t, kind, w, c.in, 1)
				checkKept(t, kind, w, kept, c.in)
				x, bias, third := noise(c.in*c.rows), noise(c.out), noise(c.out*c.rows)
				g.Reset()
				tx, tb, ta := g.Input(F32, int64(c.in), int64(c.rows)), g.Input(F32, int64(c.out)), g.Input(F32, int64(c.out), int64(c.rows))
				after := After{Bias: tb, Act: c.act, Add: ta}
				if c.times {
					after.Add, after.Times = after.Times, after.Add
				}
				y := g.Output(g.Product(m, tx, after))
				got := run(t, g, y, func() { Put(g, tx, x); Put(g, tb, bias); Put(g, ta, third) })
				nearly(t, fmt.Sprintf("%+v", c), kind, got, func(i int) (float64, float64) {
					s, a, b := float64(bias[i%c.out]), 0.0, 0.0
					for j := range c.in {
						p, q := float64(x[i/c.out*c.in+j]), float64(kept[i%c.out*c.in+j])
						s, a, b = s+p*q, a+p*p, b+q*q
					}
					size := math.Sqrt(a * b)
					if c.times {
						return activated(c.act, s) * float64(third[i]), size * math.Abs(float64(third[i]))
					}
					return activated(c.act, s) + float64(third[i]), size
				})
			}
		}
	})
}

func TestConvolutionsOfEveryType(t *testing.T) {
	g := start(t, 2)
	eachKernel(t, func(t *testing.T) {
		for _, kind := range []Type{F32, F16, BF16, Q8_0} {
			for _, c := range []struct {
				channels, out, time int
				Conv
			}{
				{24, 24, 700, Conv{7, 1, 3, 9, 9}},
				{5, 48, 40, Conv{3, 2, 1, 1, 1}},
				{130, 33, 37, Conv{11, 1, 5, 25, 25}},
				{64, 16, 90, Conv{4, 4, 1, 0, 0}},
				{16, 20, 9, Conv{8, 1, 1, 4, 3}},
				{3, 5, 1, Conv{1, 1, 1, 0, 0}},
				{600, 8, 20, Conv{3, 1, 2, 4, 0}},
			} {
				in := c.channels * c.Kernel
				m, kept := pack(t, kind, noise(in*c.out), in, c.Kernel)
				x, bias := noise(c.channels*c.time), noise(c.out)
				g.Reset()
				tx, tb := g.Input(F32, int64(c.channels), int64(c.time)), g.Input(F32, int64(c.out))
				y := g.Output(g.Convolve(m, tx, tb, c.Conv))
				got := run(t, g, y, func() { Put(g, tx, x); Put(g, tb, bias) })
				if len(got) != c.out*c.Len(c.time) {
					t.Fatalf("%+v gives %d", c, len(got))
				}
				nearly(t, fmt.Sprintf("%+v", c), kind, got, func(i int) (float64, float64) {
					s, a, b := float64(bias[i%c.out]), 0.0, 0.0
					for k := range c.Kernel {
						at := i/c.out*c.Stride + k*c.Dilation - c.Left
						for j := 0; at >= 0 && at < c.time && j < c.channels; j++ {
							p, q := float64(x[at*c.channels+j]), float64(kept[i%c.out*in+k*c.channels+j])
							s, a, b = s+p*q, a+p*p, b+q*q
						}
					}
					return s, math.Sqrt(a * b)
				})
			}
		}
	})
}

func TestProductsOfARowAlone(t *testing.T) {
	g := start(t, 2)
	eachKernel(t, func(t *testing.T) {
		for _, kind := range []Type{F32, F16, BF16, Q8_0} {
			const in, out, rows = 700, 40, 300
			m, _ := pack(t, kind, noise(in*out), in, 1)
			x := noise(in * rows)
			compute := func(x []float32) []float32 {
				g.Reset()
				tx := g.Input(F32, in, int64(len(x)/in))
				return run(t, g, g.Output(g.Product(m, tx, After{Act: ActGELU})), func() { Put(g, tx, x) })
			}
			whole := compute(x)
			for _, r := range []int{0, 11, 12, 255, 299} {
				if !slices.Equal(compute(x[r*in:(r+1)*in]), whole[r*out:(r+1)*out]) {
					t.Fatalf("%v: row %d alone differs", kind, r)
				}
			}
		}
	})
}

func TestMatricesRefuse(t *testing.T) {
	for name, s := range map[string]MatrixSpec{
		"type": {"m", I32, 4, 4, 0}, "none": {"m", F32, 0, 4, 0}, "taps": {"m", F32, 5, 4, 2}, "large": {"m", F32, 1 << 24, 1 << 24, 0}, "negative": {"m", F16, 4, -1, 0},
	} {
		if m, err := NewMatrices([]MatrixSpec{s}); err == nil {
			m.Close()
			t.Errorf("%s: %+v was accepted", name, s)
		}
	}
	if _, err := NewMatrices([]MatrixSpec{{"m", F32, 4, 4, 1}, {"m", F32, 4, 4, 1}}); err == nil {
		t.Error("a matrix twice was accepted")
	}
}
