package gguf

import "math"

// Float16 returns the value of an IEEE 754 half-precision number.
func Float16(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&1023)
	switch {
	case exp == 31:
		return math.Float32frombits(sign | 255<<23 | frac<<13)
	case exp != 0:
		return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
	case frac == 0:
		return math.Float32frombits(sign)
	}
	for exp = 113; frac&1024 == 0; exp-- {
		frac <<= 1
	}
	return math.Float32frombits(sign | exp<<23 | (frac&1023)<<13)
}
