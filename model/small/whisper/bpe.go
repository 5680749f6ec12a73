package whisper

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxEncode bounds the text that encode looks at.
const maxEncode = 4096

// encode returns the ids of text as the byte-pair encoding makes them (Sennrich et al. 2016, with GPT-2's words).
func (v *vocabulary) encode(text string) []int32 {
	text = text[:min(len(text), maxEncode)]
	var out []int32
	for text != "" {
		n := wordEnd(text)
		out = v.merge(out, text[:n])
		text = text[n:]
	}
	return out
}

// merge appends the ids of one word.
func (v *vocabulary) merge(out []int32, word string) []int32 {
	parts := make([]string, len(word))
	for i := range parts {
		parts[i] = word[i : i+1]
	}
	for len(parts) > 1 {
		best, at := math.MaxInt, 0
		for i := range len(parts) - 1 {
			if r, ok := v.rank[[2]string{parts[i], parts[i+1]}]; ok && r < best {
				best, at = r, i
			}
		}
		if best == math.MaxInt {
			break
		}
		parts[at] += parts[at+1]
		parts = append(parts[:at+1], parts[at+2:]...)
	}
	for _, p := range parts {
		if id, ok := v.ids[p]; ok {
			out = append(out, id)
		}
	}
	return out
}

// wordEnd returns where the first word of s ends: an English contraction; a run of letters, of digits or of other
// marks, each with one space before it; or spaces, of which the last is left to the word behind it.
func wordEnd(s string) int {
	for _, c := range []string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"} {
		if strings.HasPrefix(s, c) {
			return len(c)
		}
	}
	start := 0
	if s[0] == ' ' {
		start = 1
	}
	for _, kind := range []func(rune) bool{unicode.IsLetter, unicode.IsNumber, isMark} {
		if n := run(s[start:], kind); n > 0 {
			return start + n
		}
	}
	n := run(s, unicode.IsSpace)
	_, last := utf8.DecodeLastRuneInString(s[:n])
	if n < len(s) && n > last {
		return n - last
	}
	return max(n, 1)
}

func isMark(r rune) bool { return !unicode.IsSpace(r) && !unicode.IsLetter(r) && !unicode.IsNumber(r) }

// run returns how many bytes at the start of s are of one kind.
func run(s string, kind func(rune) bool) int {
	for i, r := range s {
		if !kind(r) {
			return i
		}
	}
	return len(s)
}
