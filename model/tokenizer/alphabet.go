package tokenizer

import "unicode/utf8"

// An alphabet is the spelling of bytes that byte-level vocabularies use: a byte that is a visible Latin-1 character stands
// for itself, the 68 others stand, in order, for the characters from U+0100 on.
type alphabet struct {
	letter [256]rune
	value  map[rune]byte
}

func newAlphabet() *alphabet {
	a := &alphabet{value: make(map[rune]byte, 256)}
	next := rune(256)
	for b := range 256 {
		r := rune(b)
		if r < '!' || r > '~' && r < '¡' || r == '\u00AD' {
			r = next
			next++
		}
		a.letter[b] = r
		a.value[r] = byte(b)
	}
	return a
}

// bytes is what a token's name in the vocabulary spells. A name with any other character stands for its own UTF-8.
func (a *alphabet) bytes(name string) string {
	out := make([]byte, 0, len(name))
	for _, r := range name {
		b, ok := a.value[r]
		if !ok {
			return name
		}
		out = append(out, b)
	}
	return string(out)
}

// broken is the length of the bytes at the start of s, which begin no whole rune, that count as one mistake: as many as
// could still have become a rune (Unicode 15, section 3.9, "maximal subpart").
func broken[T string | []byte](s T) int {
	n := 1
	for n < len(s) && n < utf8.UTFMax && possible(s[:n+1]) {
		n++
	}
	return n
}

// possible reports whether s, two or three bytes, begins some rune.
func possible[T string | []byte](s T) bool {
	return utf8.RuneStart(s[0]) && !utf8.FullRuneInString(string(s))
}
