package media

import "bytes"

// NAL unit types (H.264 table 7-1).
const (
	nalIDR = 5
	nalSPS = 7
)

// inspectH264 looks through the NAL units of a picture in byte-stream format. The largest size of its parameter
// sets is reported.
func inspectH264(b []byte) (headline, error) {
	var all headline
	var idr, sps bool
	for nal := range nalUnits(b) {
		switch nal[0] & 0x1f {
		case nalIDR:
			idr = true
		case nalSPS:
			sps = true
			w, h, err := sizeSPS(nal[1:])
			if err != nil {
				return headline{}, err
			}
			all.width, all.height = max(all.width, w), max(all.height, h)
		}
	}
	all.key = idr && sps
	return all, nil
}

// nalUnits gives each unit between start codes.
func nalUnits(b []byte) func(yield func([]byte) bool) {
	code := []byte{0, 0, 1}
	return func(yield func([]byte) bool) {
		i := bytes.Index(b, code)
		for i >= 0 {
			b = b[i+len(code):]
			i = bytes.Index(b, code)
			unit := b
			if i >= 0 {
				unit = b[:i]
			}
			if len(unit) > 0 && !yield(unit) {
				return
			}
		}
	}
}

// sizeSPS reads a sequence parameter set as far as the size of its pictures, before cropping (H.264 §7.3.2.1.1).
func sizeSPS(b []byte) (width, height int, err error) {
	r := bitReader{b: unescape(b)}
	profile := r.bits(8)
	r.bits(16) // constraints, level
	r.golomb() // seq_parameter_set_id
	switch profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135:
		r.skipChroma()
	}
	r.golomb() // log2_max_frame_num_minus4
	switch r.golomb() {
	case 0:
		r.golomb()
	case 1:
		r.bit()
		r.signed()
		r.signed()
		for n := r.golomb(); n > 0 && !r.bad; n-- {
			r.signed()
		}
	}
	r.golomb() // max_num_ref_frames
	r.bit()
	w, h := r.golomb(), r.golomb()
	fields := 2 - r.bit()
	if r.bad || w > 1<<16 || h > 1<<16 {
		return 0, 0, errHeader
	}
	return int(w+1) * 16, int((h+1)*fields) * 16, nil
}

// skipChroma skips what the high profiles put in front.
func (r *bitReader) skipChroma() {
	chroma := r.golomb()
	if chroma == 3 {
		r.bit()
	}
	r.golomb() // bit depths
	r.golomb()
	r.bit()
	if !r.flag() { // no scaling matrices
		return
	}
	lists := 8
	if chroma == 3 {
		lists = 12
	}
	for i := range lists {
		if !r.flag() {
			continue
		}
		size := 16
		if i >= 6 {
			size = 64
		}
		last, next := int32(8), int32(8)
		for range size {
			if next != 0 {
				next = (last + r.signed()) & 0xff
			}
			if next != 0 {
				last = next
			}
		}
	}
}

// unescape takes out the bytes that keep start codes from appearing inside a unit (H.264 §7.4.1).
func unescape(b []byte) []byte {
	b = b[:min(len(b), 256)] // a parameter set's size stands near its beginning
	out := make([]byte, 0, len(b))
	zeros := 0
	for _, x := range b {
		if zeros >= 2 && x == 3 {
			zeros = 0
			continue
		}
		if zeros++; x != 0 {
			zeros = 0
		}
		out = append(out, x)
	}
	return out
}
