package g2p

import "strings"

// A pack lays many small strings into one piece of memory. The tables hold some 400,000; one by one they would keep the
// garbage collector busy as long as the program runs.
type pack struct {
	all strings.Builder
}

// newPack makes room for strings of size bytes together.
func newPack(size int) *pack {
	p := new(pack)
	p.all.Grow(size)
	return p
}

func (p *pack) put(s string) string {
	from := p.all.Len()
	p.all.WriteString(s)
	return p.all.String()[from:]
}

// packed is d with all its strings in one piece.
func (d dictionary) packed() dictionary {
	size := 0
	for word, e := range d {
		size += len(word) + len(e.phonemes)
	}
	p := newPack(size)
	out := make(dictionary, len(d))
	for word, e := range d {
		e.phonemes = p.put(e.phonemes)
		out[p.put(word)] = e
	}
	return out
}
