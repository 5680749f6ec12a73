package media

// vp8Head reports whether a picture begins with this payload: the start of partition 0 (RFC 7741 §4.2).
func vp8Head(payload []byte) bool { return len(payload) > 0 && payload[0]&0x17 == 0x10 }

// inspectVP8 reads the frame header (RFC 6386 §9.1).
func inspectVP8(b []byte) (headline, error) {
	if len(b) < 3 {
		return headline{}, errHeader
	}
	if b[0]&1 != 0 {
		return headline{}, nil
	}
	if len(b) < 10 || b[3] != 0x9d || b[4] != 0x01 || b[5] != 0x2a {
		return headline{}, errHeader
	}
	return headline{
		key:    true,
		width:  int(b[6]) | int(b[7]&0x3f)<<8,
		height: int(b[8]) | int(b[9]&0x3f)<<8,
	}, nil
}

// inspectVP9 reads the headers of all frames of a superframe and reports the largest size (VP9 bitstream
// specification, §7.2 and annex B).
func inspectVP9(b []byte) (headline, error) {
	frames := vp9Frames(b)
	var all headline
	for i, f := range frames {
		h, err := inspectVP9Frame(f)
		if err != nil {
			return headline{}, err
		}
		all.key = all.key || h.key && i == 0
		all.width, all.height = max(all.width, h.width), max(all.height, h.height)
	}
	return all, nil
}

// vp9Frames cuts a superframe at its index; without one it is a single frame.
func vp9Frames(b []byte) [][]byte {
	one := [][]byte{b}
	if len(b) == 0 {
		return one
	}
	last := b[len(b)-1]
	if last>>5 != 0b110 {
		return one
	}
	n, width := int(last&7)+1, int(last>>3&3)+1
	index := 2 + n*width
	if len(b) < index || b[len(b)-index] != last {
		return one
	}
	sizes, rest := b[len(b)-index+1:len(b)-1], b[:len(b)-index]
	var frames [][]byte
	for i := range n {
		size := 0
		for j := range width {
			size |= int(sizes[i*width+j]) << (8 * j)
		}
		if size > len(rest) {
			return one
		}
		if size > 0 {
			frames = append(frames, rest[:size])
		}
		rest = rest[size:]
	}
	return frames
}

// inspectVP9Frame reads an uncompressed header as far as the size of the frame.
func inspectVP9Frame(b []byte) (headline, error) {
	r := bitReader{b: b}
	if r.bits(2) != 2 {
		return headline{}, errHeader
	}
	profile := r.bit() | r.bit()<<1
	if profile == 3 {
		r.bit()
	}
	if r.flag() { // shows a frame that was decoded before
		return headline{}, nil
	}
	inter, show, resilient := r.flag(), r.flag(), r.flag()
	if !inter {
		return r.vp9Key(profile)
	}
	intraOnly := false
	if !show {
		intraOnly = r.flag()
	}
	if !resilient {
		r.bits(2) // reset_frame_context
	}
	if intraOnly {
		if r.bits(24) != 0x498342 {
			return headline{}, errHeader
		}
		if profile > 0 {
			r.vp9Colour(profile)
		}
		r.bits(8) // refresh_frame_flags
		return r.vp9Size(false)
	}
	r.bits(8 + 3*4) // refresh_frame_flags, three references with their sign biases
	for range 3 {
		if r.flag() { // as large as a frame that passed before
			return headline{}, r.err()
		}
	}
	return r.vp9Size(false)
}

func (r *bitReader) vp9Key(profile uint32) (headline, error) {
	if r.bits(24) != 0x498342 {
		return headline{}, errHeader
	}
	r.vp9Colour(profile)
	return r.vp9Size(true)
}

// vp9Colour skips color_config.
func (r *bitReader) vp9Colour(profile uint32) {
	if profile >= 2 {
		r.bit()
	}
	const rgb = 7
	if r.bits(3) != rgb {
		r.bit()
		if profile&1 == 1 {
			r.bits(3)
		}
	} else if profile&1 == 1 {
		r.bit()
	}
}

func (r *bitReader) vp9Size(key bool) (headline, error) {
	h := headline{key: key, width: int(r.bits(16)) + 1, height: int(r.bits(16)) + 1}
	return h, r.err()
}

func (r *bitReader) err() error {
	if r.bad {
		return errHeader
	}
	return nil
}
