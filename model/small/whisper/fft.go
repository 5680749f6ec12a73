package whisper

import "math"

// A dft computes the power spectrum of n real values by a complex transform of half the length (Cooley and Tukey, in
// Stockham's order, for the radices 2, 4 and 5 that 200 is made of).
type dft struct {
	n     int          // real length, even
	radix []int        // of n/2
	turn  []complex128 // exp(-2πi·k/n), k < n
	a, b  []complex128 // scratch of n/2
}

func newDFT(n int) *dft {
	d := &dft{n: n, turn: make([]complex128, n), a: make([]complex128, n/2), b: make([]complex128, n/2)}
	for k := range d.turn {
		s, c := math.Sincos(-2 * math.Pi * float64(k) / float64(n))
		d.turn[k] = complex(c, s)
	}
	rest := n / 2
	for _, r := range []int{4, 2, 5, 3} {
		for rest%r == 0 {
			d.radix = append(d.radix, r)
			rest /= r
		}
	}
	if rest != 1 {
		panic("whisper: dft of an unsupported length")
	}
	return d
}

// power puts |X[k]|², k = 0 to n/2, of the transform X of the n values x into out.
func (d *dft) power(x []float64, out []float32) {
	h := d.n / 2
	for i := range d.a {
		d.a[i] = complex(x[2*i], x[2*i+1])
	}
	z := d.transform()
	for k := range out {
		// Z holds the transforms of the even and the odd values at once.
		p, q := z[k%h], z[(h-k)%h]
		q = complex(real(q), -imag(q))
		even, odd := (p+q)/2, (p-q)/2
		odd = complex(imag(odd), -real(odd)) * d.turn[k]
		v := even + odd
		out[k] = float32(real(v)*real(v) + imag(v)*imag(v))
	}
}

// transform turns d.a into its transform, which it returns.
func (d *dft) transform() []complex128 {
	src, dst := d.a, d.b
	left, done := d.n/2, 1
	for _, r := range d.radix {
		left /= r
		d.stage(src, dst, r, left, done)
		done *= r
		src, dst = dst, src
	}
	return src
}

// stage splits transforms of length r·m into r of length m; done of them lie interleaved.
func (d *dft) stage(src, dst []complex128, r, m, done int) {
	step := d.n / (r * m) // turn[step·j] is exp(-2πi·j/(r·m))
	for p := range m {
		for q := range done {
			for k := range r {
				sum := src[q+done*p]
				for j := 1; j < r; j++ {
					sum += src[q+done*(p+m*j)] * d.turn[(d.n/r*j*k)%d.n]
				}
				dst[q+done*(r*p+k)] = sum * d.turn[step*p*k%d.n]
			}
		}
	}
}
