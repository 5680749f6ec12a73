package mel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func noise(n int) []float64 {
	r := rand.New(rand.NewPCG(3, uint64(n)))
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return x
}

// spectrum is the transform as it is defined.
func spectrum(x []float64) []complex128 {
	out := make([]complex128, len(x)/2+1)
	for k := range out {
		for i, v := range x {
			out[k] += complex(v, 0) * root(i*k, len(x))
		}
	}
	return out
}

func TestTransformAgainstPlainSums(t *testing.T) {
	for _, n := range []int{2, 4, 6, 8, 10, 16, 18, 20, 36, 60, 98, 130, 400, 480, 1024, 1920} {
		f, err := NewTransform(n)
		if err != nil {
			t.Fatal(err)
		}
		x, s := noise(n), f.NewScratch()
		want := spectrum(x)
		got, power, back := make([]complex128, f.Bins()), make([]float64, f.Bins()), make([]float64, n)
		f.Forward(s, x, got)
		f.Power(s, x, power)
		f.Inverse(s, want, back)
		near := 1e-12 * float64(n)
		for k, w := range want {
			if d := got[k] - w; math.Hypot(real(d), imag(d)) > near || math.Abs(power[k]-square(w)) > near*(1+math.Sqrt(square(w))) {
				t.Fatalf("%d values, bin %d: %v and %v, want %v", n, k, got[k], power[k], w)
			}
		}
		for i, w := range x {
			if math.Abs(back[i]-w) > near {
				t.Fatalf("%d values, back at %d: %v, want %v", n, i, back[i], w)
			}
		}
	}
}

func TestImpossibleTransforms(t *testing.T) {
	for _, n := range []int{-2, 0, 1, 3, maxLength + 2, math.MaxInt} {
		if _, err := NewTransform(n); err == nil {
			t.Errorf("%d values: no error", n)
		}
	}
}

func BenchmarkPower(b *testing.B) {
	for _, n := range []int{16, 400, 1024, 1920} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			f, err := NewTransform(n)
			if err != nil {
				b.Fatal(err)
			}
			x, s, out := noise(n), f.NewScratch(), make([]float64, f.Bins())
			for b.Loop() {
				f.Power(s, x, out)
			}
		})
	}
}
