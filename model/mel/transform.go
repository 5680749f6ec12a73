package mel

import (
	"fmt"
	"math"
)

// maxLength bounds a transform: 1.4 s at 48 kHz.
const maxLength = 1 << 16

// A Transform is the discrete Fourier transform of a fixed number of real values: the even ones become real parts and the
// odd ones imaginary parts of a complex transform of half the length (Stockham's order, mixed radices), whose result is
// then unfolded.
type Transform struct {
	n      int
	stages []stage
	unfold []complex128 // exp(-2πik/n), k ≤ n/2
}

// A Scratch is what one transform works in.
type Scratch struct{ a, b []complex128 }

// NewTransform returns the transform of n real values, n even. It is fast where n/2 has no prime factor above 5.
func NewTransform(n int) (*Transform, error) {
	if n < 2 || n > maxLength || n%2 != 0 {
		return nil, fmt.Errorf("transform of %d values, want an even number from 2 to %d", n, maxLength)
	}
	t := &Transform{n: n, unfold: make([]complex128, n/2+1)}
	for k := range t.unfold {
		t.unfold[k] = root(k, n)
	}
	rest, stride := n/2, 1
	for _, r := range factors(rest) {
		t.stages = append(t.stages, newStage(r, rest, stride))
		rest, stride = rest/r, stride*r
	}
	return t, nil
}

// factors splits n into radices, fours before the primes.
func factors(n int) (out []int) {
	for n%4 == 0 {
		out = append(out, 4)
		n /= 4
	}
	for r := 2; n > 1; r++ {
		for n%r == 0 {
			out = append(out, r)
			n /= r
		}
	}
	return out
}

// Len returns the number of real values.
func (t *Transform) Len() int { return t.n }

// Bins returns the number of values of a spectrum: half of Len, and one.
func (t *Transform) Bins() int { return t.n/2 + 1 }

// NewScratch returns room for one transform at a time.
func (t *Transform) NewScratch() *Scratch {
	return &Scratch{a: make([]complex128, t.n/2), b: make([]complex128, t.n/2)}
}

// Forward puts Σ x[i]·exp(-2πi·ik/n) for k = 0 to n/2 into out. x has Len values, out Bins.
func (t *Transform) Forward(s *Scratch, x []float64, out []complex128) {
	z, h := t.packed(s, x), t.n/2
	for k := 0; k <= h/2; k++ {
		e, o := split(z[k], z[(h-k)%h])
		v := o * t.unfold[k]
		out[k] = (e + v) / 2
		w := (e - v) / 2
		out[h-k] = complex(real(w), -imag(w))
	}
}

// Power puts |X[k]|² of the spectrum X of the Len values x into out, which has Bins values.
func (t *Transform) Power(s *Scratch, x, out []float64) {
	z, h := t.packed(s, x), t.n/2
	for k := 0; k <= h/2; k++ {
		e, o := split(z[k], z[(h-k)%h])
		v := o * t.unfold[k]
		out[k] = square(e+v) / 4
		out[h-k] = square(e-v) / 4
	}
}

// Inverse puts the real values whose spectrum is x, times 1/n, into out: what Forward began with. x has Bins values, of which
// the imaginary parts of the first and the last do not count, out has Len.
func (t *Transform) Inverse(s *Scratch, x []complex128, out []float64) {
	h := t.n / 2
	for k := range h {
		p, q := x[k], x[h-k]
		if k == 0 {
			p, q = complex(real(p), 0), complex(real(q), 0)
		}
		q = complex(real(q), -imag(q))
		w := t.unfold[k]
		even, odd := p+q, (p-q)*complex(real(w), -imag(w))
		v := even + complex(-imag(odd), real(odd))
		s.a[k] = complex(real(v), -imag(v)) // conjugates before and behind turn the direction
	}
	for i, v := range t.run(s) {
		out[2*i] = real(v) / float64(t.n)
		out[2*i+1] = -imag(v) / float64(t.n)
	}
}

// packed transforms x as n/2 complex values.
func (t *Transform) packed(s *Scratch, x []float64) []complex128 {
	for i := range s.a {
		s.a[i] = complex(x[2*i], x[2*i+1])
	}
	return t.run(s)
}

// run transforms s.a and returns where the result lies: one of the two halves of s, which trade their names so that it
// is a again.
func (t *Transform) run(s *Scratch) []complex128 {
	for i := range t.stages {
		t.stages[i].run(s.a, s.b)
		s.a, s.b = s.b, s.a
	}
	return s.a
}

// split returns twice the transforms of the even and of the odd values at k, from both halves of the packed one.
func split(p, q complex128) (even, odd complex128) {
	return complex(real(p)+real(q), imag(p)-imag(q)), complex(imag(p)+imag(q), real(q)-real(p))
}

func square(c complex128) float64 { return real(c)*real(c) + imag(c)*imag(c) }

// root is exp(-2πik/n).
func root(k, n int) complex128 {
	s, c := math.Sincos(-2 * math.Pi * float64(k%n) / float64(n))
	return complex(c, s)
}
