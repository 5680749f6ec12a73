package media

import "errors"

// errHeader tells that a picture header cannot be read.
var errHeader = errors.New("malformed picture header")

// A bitReader reads bits from the most significant on. Past the end it gives zeros and sets bad.
type bitReader struct {
	b   []byte
	at  int // bits read
	bad bool
}

func (r *bitReader) bit() uint32 {
	i := r.at >> 3
	if i >= len(r.b) {
		r.bad = true
		return 0
	}
	v := r.b[i] >> (7 - r.at&7) & 1
	r.at++
	return uint32(v)
}

func (r *bitReader) flag() bool { return r.bit() == 1 }

// bits reads a number of at most 32 bits.
func (r *bitReader) bits(n int) (v uint32) {
	for range n {
		v = v<<1 | r.bit()
	}
	return v
}

// golomb reads an unsigned Exp-Golomb number (H.264 §9.1), which AV1 calls uvlc.
func (r *bitReader) golomb() uint32 {
	zeros := 0
	for !r.flag() {
		if zeros++; zeros > 31 || r.bad {
			r.bad = true
			return 0
		}
	}
	return 1<<zeros - 1 + r.bits(zeros)
}

// signed reads a signed Exp-Golomb number.
func (r *bitReader) signed() int32 {
	k := r.golomb()
	if k&1 == 1 {
		return int32(k/2 + 1)
	}
	return -int32(k / 2)
}
