package vocoder

import "math"

// half is the length of the complex transform that a real one of length window comes down to.
const half = window / 2 // 600

// stages are the factors of half, in the order they are taken out.
var stages = [...]int{4, 5, 5, 3, 2}

// An fft transforms windows of 1200 real samples: as 600 complex ones, with the even samples as real and the odd as
// imaginary parts, by Stockham's self-sorting algorithm with factors 2 to 5.
type fft struct {
	turn [][]complex64 // per stage: twiddles [n/p][p-1]
	knot [Bins]complex64
	a, b []complex64
}

func newFFT() *fft {
	f := &fft{a: make([]complex64, half), b: make([]complex64, half)}
	n := half
	for _, p := range stages {
		m := n / p
		w := make([]complex64, 0, m*(p-1))
		for k := range m {
			for j := 1; j < p; j++ {
				w = append(w, root(j*k, n))
			}
		}
		f.turn = append(f.turn, w)
		n = m
	}
	for k := range f.knot {
		f.knot[k] = root(k, window)
	}
	return f
}

// root is exp(-2πi·k/n).
func root(k, n int) complex64 {
	sin, cos := math.Sincos(-2 * math.Pi * float64(k) / float64(n))
	return complex(float32(cos), float32(sin))
}

// forward puts the first Bins values of the transform of x, [window], into out.
func (f *fft) forward(out []complex64, x []float32) {
	for i := range f.a {
		f.a[i] = complex(x[2*i], x[2*i+1])
	}
	z := f.transform()
	out[0] = complex(real(z[0])+imag(z[0]), 0)
	out[half] = complex(real(z[0])-imag(z[0]), 0)
	for k := 1; k < half; k++ {
		a, b := z[k], conj(z[half-k])
		even, odd := a+b, a-b
		odd = mul(odd, f.knot[k]) // times -i below
		out[k] = complex(0.5*(real(even)+imag(odd)), 0.5*(imag(even)-real(odd)))
	}
}

// inverse puts the real signal behind spectrum, [Bins], into x, [window]. The imaginary parts at both ends do not count.
func (f *fft) inverse(x []float32, spectrum []complex64) {
	const scale = 1.0 / window
	first, last := real(spectrum[0]), real(spectrum[half])
	f.a[0] = complex(scale*(first+last), -scale*(first-last))
	for k := 1; k < half; k++ {
		a, b := spectrum[k], conj(spectrum[half-k])
		even, odd := a+b, mul(a-b, conj(f.knot[k])) // odd times i below
		// conjugated, for the forward transform is to run backwards
		f.a[k] = complex(scale*(real(even)-imag(odd)), -scale*(imag(even)+real(odd)))
	}
	z := f.transform()
	for i := range z {
		x[2*i], x[2*i+1] = real(z[i]), -imag(z[i])
	}
}

// transform runs the complex transform on f.a and returns the result, which lies in f.a or f.b.
func (f *fft) transform() []complex64 {
	x, y := f.a, f.b
	n, stride := half, 1
	for i, p := range stages {
		m := n / p
		switch p {
		case 2:
			pass2(x, y, f.turn[i], m, stride)
		case 3:
			pass3(x, y, f.turn[i], m, stride)
		case 4:
			pass4(x, y, f.turn[i], m, stride)
		case 5:
			pass5(x, y, f.turn[i], m, stride)
		}
		n, stride = m, stride*p
		x, y = y, x
	}
	return x
}

func conj(z complex64) complex64 { return complex(real(z), -imag(z)) }

// mul spares complex64 multiplication its care for infinities.
func mul(a, b complex64) complex64 {
	return complex(real(a)*real(b)-imag(a)*imag(b), real(a)*imag(b)+imag(a)*real(b))
}

// timesMinusI turns z by a quarter.
func timesMinusI(z complex64) complex64 { return complex(imag(z), -real(z)) }

func scaled(z complex64, a float32) complex64 { return complex(a*real(z), a*imag(z)) }
