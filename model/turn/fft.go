package turn

import "math"

// fftSize is the length of the real transform; half of it, 200 = 5*5*4*2, is the length of the complex one it rests on.
const fftSize = 400

// realFFT is the discrete Fourier transform of 400 real samples: the even samples become real parts, the odd ones
// imaginary parts of a 200-point transform (Stockham's autosort, radices 5, 5, 4, 2), whose result is then unfolded.
type realFFT struct {
	stages []stage
	unfold [fftSize/2 + 1]complex64 // exp(-2πik/400)
}

// scratch is what one transform works in.
type scratch struct {
	a, b [fftSize / 2]complex64
}

type stage struct {
	radix, m, stride int
	twiddle          []complex64 // [m][radix], exp(-2πi·p·k/(radix·m))
}

func newRealFFT() *realFFT {
	f := &realFFT{}
	n, stride := fftSize/2, 1
	for _, r := range []int{5, 5, 4, 2} {
		s := stage{radix: r, m: n / r, stride: stride}
		for p := range s.m {
			for k := range r {
				s.twiddle = append(s.twiddle, root(p*k, n))
			}
		}
		f.stages = append(f.stages, s)
		n, stride = n/r, stride*r
	}
	for k := range f.unfold {
		f.unfold[k] = root(k, fftSize)
	}
	return f
}

// root is exp(-2πik/n).
func root(k, n int) complex64 {
	s, c := math.Sincos(-2 * math.Pi * float64(k) / float64(n))
	return complex(float32(c), float32(s))
}

// power writes |X[k]|² of the 400 samples packed in s.a (even + i·odd) to out, k = 0…200.
func (f *realFFT) power(s *scratch, out *[fftSize/2 + 1]float32) {
	x, y := s.a[:], s.b[:]
	for i := range f.stages {
		f.stages[i].run(x, y)
		x, y = y, x
	}
	const half = fftSize / 2
	for k := 0; k <= half/2; k++ {
		p, q := x[k], x[(half-k)%half]
		even := complex(real(p)+real(q), imag(p)-imag(q)) // 2·(transform of the even samples)
		odd := complex(imag(p)+imag(q), real(q)-real(p))  // 2·(transform of the odd samples)
		t := odd * f.unfold[k]
		out[k] = square(even+t) / 4
		out[half-k] = square(even-t) / 4
	}
}

func square(c complex64) float32 { return real(c)*real(c) + imag(c)*imag(c) }

func (s *stage) run(x, y []complex64) {
	switch s.radix {
	case 5:
		s.five(x, y)
	case 4:
		s.four(x, y)
	default:
		s.two(x, y)
	}
}

// Constants of the five-point transform: cosines and sines of 2π/5 and 4π/5.
const (
	cos1, cos2 = 0.30901699437494745, -0.8090169943749475
	sin1, sin2 = 0.9510565162951535, 0.5877852522924731
)

func (s *stage) five(x, y []complex64) {
	n, st := s.m*s.stride, s.stride
	x0, x1, x2, x3, x4 := x[:n], x[n:2*n], x[2*n:3*n], x[3*n:4*n], x[4*n:5*n]
	for p := range s.m {
		w := s.twiddle[5*p : 5*p+5 : 5*p+5]
		for q := range st {
			i, o := p*st+q, 5*p*st+q
			a := x0[i]
			s14, d14 := x1[i]+x4[i], x1[i]-x4[i]
			s23, d23 := x2[i]+x3[i], x2[i]-x3[i]
			c1 := complex(real(a)+cos1*real(s14)+cos2*real(s23), imag(a)+cos1*imag(s14)+cos2*imag(s23))
			c2 := complex(real(a)+cos2*real(s14)+cos1*real(s23), imag(a)+cos2*imag(s14)+cos1*imag(s23))
			e1 := complex(sin1*imag(d14)+sin2*imag(d23), -sin1*real(d14)-sin2*real(d23))
			e2 := complex(sin2*imag(d14)-sin1*imag(d23), -sin2*real(d14)+sin1*real(d23))
			y[o] = a + s14 + s23
			y[o+st] = (c1 + e1) * w[1]
			y[o+2*st] = (c2 + e2) * w[2]
			y[o+3*st] = (c2 - e2) * w[3]
			y[o+4*st] = (c1 - e1) * w[4]
		}
	}
}

func (s *stage) four(x, y []complex64) {
	n, st := s.m*s.stride, s.stride
	x0, x1, x2, x3 := x[:n], x[n:2*n], x[2*n:3*n], x[3*n:4*n]
	for p := range s.m {
		w := s.twiddle[4*p : 4*p+4 : 4*p+4]
		for q := range st {
			i, o := p*st+q, 4*p*st+q
			s02, d02 := x0[i]+x2[i], x0[i]-x2[i]
			s13, d := x1[i]+x3[i], x1[i]-x3[i]
			d13 := complex(imag(d), -real(d)) // -i·d
			y[o] = s02 + s13
			y[o+st] = (d02 + d13) * w[1]
			y[o+2*st] = (s02 - s13) * w[2]
			y[o+3*st] = (d02 - d13) * w[3]
		}
	}
}

func (s *stage) two(x, y []complex64) {
	n, st := s.m*s.stride, s.stride
	x0, x1 := x[:n], x[n:2*n]
	for p := range s.m {
		w := s.twiddle[2*p+1]
		for q := range st {
			i, o := p*st+q, 2*p*st+q
			y[o] = x0[i] + x1[i]
			y[o+st] = (x0[i] - x1[i]) * w
		}
	}
}
