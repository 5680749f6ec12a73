package vocoder

import "math"

// The functions here are within 4e-7 of the true value, relative for the exponential, over the range the network uses.

const (
	roundF32 = 3 << 22 // added to a small float32, it leaves the nearest whole number in the low bits
	roundF64 = 3 << 51
)

// loudness is exp(min(x, 7)).
func loudness(x float32) float32 {
	if x > 7 {
		x = 7
	}
	return exp(x)
}

// exp is e to the x for x up to 80; far below zero it is 0.
func exp(x float32) float32 {
	if !(x > -80) {
		return 0
	}
	t := x*(1/math.Ln2) + roundF32
	n := t - roundF32
	r := (x - n*0.693359375) + n*2.12194440e-4 // ln 2 in two parts (Cody and Waite)
	p := 1 + r*(1+r*(0.5+r*(1.6666667e-1+r*(4.1666668e-2+r*(8.3334519e-3+r*1.3888889e-3)))))
	return p * math.Float32frombits(uint32(int32(n)+127)<<23)
}

// tanh is the hyperbolic tangent.
func tanh(x float32) float32 {
	if x > 9 {
		return 1
	}
	return 1 - 2/(exp(2*x)+1)
}

// sincosTurn returns sine and cosine of π·t for t from -1 to 1.
func sincosTurn(t float32) (sin, cos float32) {
	q := t*2 + roundF32
	n := q - roundF32
	return quarter((t*2-n)*(math.Pi/2), int32(n))
}

// sincos returns sine and cosine of x for x up to some thousands.
func sincos(x float32) (sin, cos float32) {
	q := float64(x)*(2/math.Pi) + roundF64
	n := q - roundF64
	return quarter(float32(float64(x)-n*(math.Pi/2)), int32(n))
}

// quarter returns sine and cosine of n·π/2 + r for r between -π/4 and π/4.
func quarter(r float32, n int32) (sin, cos float32) {
	z := r * r
	s := r + r*z*(-1.6666667e-1+z*(8.3333310e-3+z*(-1.98409e-4+z*2.7526e-6)))
	c := 1 + z*(-0.5+z*(4.1666668e-2+z*(-1.3888888e-3+z*(2.48016e-5-z*2.752e-7))))
	// Without branches, for nobody could predict them: odd quarters swap sine and cosine, the signs follow the bits of n.
	u, sb, cb := uint32(n), math.Float32bits(s), math.Float32bits(c)
	swap := (sb ^ cb) & -(u & 1)
	return math.Float32frombits(sb ^ swap ^ u&2<<30), math.Float32frombits(cb ^ swap ^ (u+1)&2<<30)
}

// sin64 is the sine of x for x up to a million.
func sin64(x float64) float32 {
	q := x*(2/math.Pi) + roundF64
	n := q - roundF64
	s, _ := quarter(float32(x-n*(math.Pi/2)), int32(int64(n)))
	return s
}
