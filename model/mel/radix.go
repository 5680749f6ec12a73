package mel

// A stage turns transforms of length radix·m, of which stride lie interleaved, into radix times as many of length m.
type stage struct {
	radix, m, stride int
	turn             []complex128 // [m][radix], exp(-2πi·p·k/(radix·m))
	roots            []complex128 // of a radix without code of its own: exp(-2πi·k/radix)
}

// newStage is the one that takes the first radix out of n.
func newStage(radix, n, stride int) stage {
	s := stage{radix: radix, m: n / radix, stride: stride}
	for p := range s.m {
		for k := range radix {
			s.turn = append(s.turn, root(p*k, n))
		}
	}
	if radix > 5 {
		for k := range radix {
			s.roots = append(s.roots, root(k, radix))
		}
	}
	return s
}

func (s *stage) run(x, y []complex128) {
	switch s.radix {
	case 2:
		s.two(x, y)
	case 3:
		s.three(x, y)
	case 4:
		s.four(x, y)
	case 5:
		s.five(x, y)
	default:
		s.any(x, y)
	}
}

func (s *stage) two(x, y []complex128) {
	n, st := s.m*s.stride, s.stride
	x0, x1 := x[:n], x[n:2*n]
	for p := range s.m {
		w := s.turn[2*p+1]
		for q := range st {
			i, o := p*st+q, 2*p*st+q
			y[o] = x0[i] + x1[i]
			y[o+st] = (x0[i] - x1[i]) * w
		}
	}
}

func (s *stage) three(x, y []complex128) {
	const sine = 0.8660254037844386468
	n, st := s.m*s.stride, s.stride
	x0, x1, x2 := x[:n], x[n:2*n], x[2*n:3*n]
	for p := range s.m {
		w := s.turn[3*p : 3*p+3 : 3*p+3]
		for q := range st {
			i, o := p*st+q, 3*p*st+q
			sum, d := x1[i]+x2[i], x1[i]-x2[i]
			c := complex(real(x0[i])-real(sum)/2, imag(x0[i])-imag(sum)/2)
			e := complex(sine*imag(d), -sine*real(d)) // -i·sine·d
			y[o] = x0[i] + sum
			y[o+st] = (c + e) * w[1]
			y[o+2*st] = (c - e) * w[2]
		}
	}
}

func (s *stage) four(x, y []complex128) {
	n, st := s.m*s.stride, s.stride
	x0, x1, x2, x3 := x[:n], x[n:2*n], x[2*n:3*n], x[3*n:4*n]
	for p := range s.m {
		w := s.turn[4*p : 4*p+4 : 4*p+4]
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

func (s *stage) five(x, y []complex128) {
	const (
		cos1, cos2 = 0.3090169943749474241, -0.8090169943749474241 // of 2π/5 and 4π/5
		sin1, sin2 = 0.9510565162951535721, 0.5877852522924731292
	)
	n, st := s.m*s.stride, s.stride
	x0, x1, x2, x3, x4 := x[:n], x[n:2*n], x[2*n:3*n], x[3*n:4*n], x[4*n:5*n]
	for p := range s.m {
		w := s.turn[5*p : 5*p+5 : 5*p+5]
		for q := range st {
			i, o := p*st+q, 5*p*st+q
			a := x0[i]
			s14, d14 := x1[i]+x4[i], x1[i]-x4[i]
			s23, d23 := x2[i]+x3[i], x2[i]-x3[i]
			c1 := complex(real(a)+cos1*real(s14)+cos2*real(s23), imag(a)+cos1*imag(s14)+cos2*imag(s23))
			c2 := complex(real(a)+cos2*real(s14)+cos1*real(s23), imag(a)+cos2*imag(s14)+cos1*imag(s23))
			e1 := complex(sin1*imag(d14)+sin2*imag(d23), -sin1*real(d14)-sin2*real(d23))
			e2 := complex(sin2*imag(d14)-sin1*imag(d23), sin1*real(d23)-sin2*real(d14))
			y[o] = a + s14 + s23
			y[o+st] = (c1 + e1) * w[1]
			y[o+2*st] = (c2 + e2) * w[2]
			y[o+3*st] = (c2 - e2) * w[3]
			y[o+4*st] = (c1 - e1) * w[4]
		}
	}
}

// any is the stage of a radix that has no code of its own: a plain sum.
func (s *stage) any(x, y []complex128) {
	n, st, r := s.m*s.stride, s.stride, s.radix
	for p := range s.m {
		for q := range st {
			for k := range r {
				sum := x[p*st+q]
				for j := 1; j < r; j++ {
					sum += x[j*n+p*st+q] * s.roots[j*k%r]
				}
				y[r*p*st+k*st+q] = sum * s.turn[p*r+k]
			}
		}
	}
}
