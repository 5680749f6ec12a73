package media

const obuSequenceHeader = 1

// inspectAV1 looks through the OBUs of a temporal unit, each with its size (AV1 bitstream specification §5.3).
// A picture can be decoded from scratch where a sequence header stands.
func inspectAV1(b []byte) (headline, error) {
	var all headline
	for len(b) > 0 {
		kind, n := b[0]>>3&0xf, 1
		if b[0]&4 != 0 { // extension
			n++
		}
		if b[0]&2 == 0 || n >= len(b) { // the depacketizer writes a size into each
			return headline{}, errHeader
		}
		size, k := leb128(b[n:])
		n += k
		if k == 0 || size > len(b)-n {
			return headline{}, errHeader
		}
		if kind == obuSequenceHeader {
			w, h, err := sizeSequence(b[n : n+size])
			if err != nil {
				return headline{}, err
			}
			all = headline{key: true, width: max(all.width, w), height: max(all.height, h)}
		}
		b = b[n+size:]
	}
	return all, nil
}

// leb128 reads a number and how many bytes it takes, 0 when it is malformed or above 2^31.
func leb128(b []byte) (v, n int) {
	for n < min(len(b), 5) {
		v |= int(b[n]&0x7f) << (7 * n)
		n++
		if b[n-1]&0x80 == 0 {
			if v >= 1<<31 {
				return 0, 0
			}
			return v, n
		}
	}
	return 0, 0
}

// sizeSequence reads a sequence header as far as the largest frame it allows (AV1 §5.5.1).
func sizeSequence(b []byte) (width, height int, err error) {
	r := bitReader{b: b}
	r.bits(3 + 1) // profile, still_picture
	if r.flag() { // reduced_still_picture_header
		r.bits(5)
	} else {
		r.skipOperatingPoints()
	}
	wide, high := int(r.bits(4))+1, int(r.bits(4))+1
	width, height = int(r.bits(wide))+1, int(r.bits(high))+1
	return width, height, r.err()
}

func (r *bitReader) skipOperatingPoints() {
	decoderModel, delayBits := false, 0
	if r.flag() { // timing_info_present
		r.bits(32)
		r.bits(32)
		if r.flag() {
			r.golomb()
		}
		if decoderModel = r.flag(); decoderModel {
			delayBits = int(r.bits(5)) + 1
			r.bits(32)
			r.bits(10)
		}
	}
	delays := r.flag() // initial_display_delay_present
	for n := r.bits(5) + 1; n > 0 && !r.bad; n-- {
		r.bits(12)
		if r.bits(5) > 7 {
			r.bit()
		}
		if decoderModel && r.flag() {
			r.bits(delayBits)
			r.bits(delayBits)
			r.bit()
		}
		if delays && r.flag() {
			r.bits(4)
		}
	}
}
