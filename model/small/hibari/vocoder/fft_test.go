package vocoder

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestFFT compares with the definition, and there and back again.
func TestFFT(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	x := make([]float32, window)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	f := newFFT()
	out := make([]complex64, Bins)
	f.forward(out, x)
	for k := 0; k < Bins; k += 7 {
		var re, im float64
		for i := range x {
			sin, cos := math.Sincos(-2 * math.Pi * float64(k*i%window) / window)
			re += float64(x[i]) * cos
			im += float64(x[i]) * sin
		}
		if d := math.Hypot(re-float64(real(out[k])), im-float64(imag(out[k]))); d > 2e-4 {
			t.Fatalf("bin %d: %v, want %g+%gi", k, out[k], re, im)
		}
	}
	back := make([]float32, window)
	f.inverse(back, out)
	for i := range x {
		if math.Abs(float64(x[i]-back[i])) > 3e-6 {
			t.Fatalf("sample %d: %g came back as %g", i, x[i], back[i])
		}
	}
}

func TestApproximations(t *testing.T) {
	near := func(what string, x, got float32, want, tolerance float64) {
		t.Helper()
		if math.Abs(float64(got)-want) > tolerance {
			t.Fatalf("%s(%g) = %g, want %g", what, x, got, want)
		}
	}
	for i := range 200001 {
		x := float32(i-100000) * 1e-4 // -10 to 10
		s, c := sincos(x * 50)
		near("sin", x*50, s, math.Sin(float64(x*50)), 3e-7)
		near("cos", x*50, c, math.Cos(float64(x*50)), 3e-7)
		near("tanh", x, tanh(x), math.Tanh(float64(x)), 3e-7)
		e := math.Exp(float64(x))
		near("exp", x, exp(x), e, 4e-7*e)
		if x >= -1 && x <= 1 {
			s, c = sincosTurn(x)
			near("sin π", x, s, math.Sin(math.Pi*float64(x)), 4e-7)
			near("cos π", x, c, math.Cos(math.Pi*float64(x)), 4e-7)
		}
	}
	for _, x := range []float32{float32(math.Inf(-1)), float32(math.NaN()), -100} {
		near("exp", x, exp(x), 0, 0)
	}
}

func BenchmarkFFT(b *testing.B) {
	f := newFFT()
	x, z := make([]float32, window), make([]complex64, Bins)
	for b.Loop() {
		f.forward(z, x)
		f.inverse(x, z)
	}
}
