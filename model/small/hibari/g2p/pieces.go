package g2p

import (
	"strings"
	"unicode/utf8"
)

// parts cuts a token where its script changes: before capitals inside, around digits, hyphens and apostrophes.
func parts(token string) []string {
	var out []string
	for i := 0; i < len(token); {
		n := partLen(token, i)
		if n == 0 { // an apostrophe by itself inside a token is not heard
			i += runeLen(token, i)
			continue
		}
		out = append(out, token[i:i+n])
		i += n
	}
	return out
}

// partLen is the length of the part that begins at s[i:].
func partLen(s string, i int) int {
	quotes := runLen(s[i:], isApostrophe)
	if quotes > 0 && i == 0 {
		return quotes
	}
	r, size := utf8.DecodeRuneInString(s[i:])
	if next := runeAt(s, i+size); isLatinUpper(r) && isLatinUpper(next) {
		if isLatinLower(runeAt(s, i+size+utf8.RuneLen(next))) {
			return size
		}
	}
	if n := figuresLen(s, i); n > 0 {
		return n
	}
	if n := runLen(s[i:], func(r rune) bool { return r == '-' || r == '_' }); n > 0 {
		return n
	}
	switch {
	case quotes > 1 || quotes > 0 && i+quotes == len(s):
		return quotes
	case quotes > 0:
		return 0
	case isLetterLike(r):
		return lettersLen(s, i)
	case !isWord(r):
		return size
	}
	return 0
}

// figuresLen is the length of digits with single commas and points among or before them.
func figuresLen(s string, i int) int {
	n := 0
	if i == 0 && strings.HasPrefix(s, "-") {
		n = 1
	}
	from := n
	for i+n < len(s) {
		c := s[i+n]
		switch {
		case isDigit(c):
			n++
		case (c == ',' || c == '.') && i+n+1 < len(s) && isDigit(s[i+n+1]):
			n += 2
		default:
			if n == from {
				return 0
			}
			return n
		}
	}
	if n == from {
		return 0
	}
	return n
}

// lettersLen is the length of a run of letters, with apostrophes that have one letter after them; it ends where a
// small letter meets a capital.
func lettersLen(s string, i int) int {
	at := i
	for {
		r := runeAt(s, at)
		if camel(s, at) {
			return at + utf8.RuneLen(r) - i
		}
		if !isLetterLike(r) {
			break
		}
		at += utf8.RuneLen(r)
	}
	for {
		quote := runeAt(s, at)
		if !isApostrophe(quote) {
			return at - i
		}
		letter := runeAt(s, at+utf8.RuneLen(quote))
		if !isLetterLike(letter) {
			return at - i
		}
		at += utf8.RuneLen(quote) + utf8.RuneLen(letter)
		if camel(s, at) {
			return at + utf8.RuneLen(runeAt(s, at)) - i
		}
	}
}

// camel says that a small letter stands at s[at:] and a capital after it.
func camel(s string, at int) bool {
	r := runeAt(s, at)
	return isLatinLower(r) && isLatinUpper(runeAt(s, at+utf8.RuneLen(r)))
}

func isApostrophe(r rune) bool { return r == '\'' || r == '‘' || r == '’' }

func runLen(s string, in func(rune) bool) int {
	n := 0
	for _, r := range s {
		if !in(r) {
			break
		}
		n += utf8.RuneLen(r)
	}
	return n
}

// unheard are characters that make no sound where they are left over.
const unheard = "',-._‘’/"

func isUnheard(s string) bool { return strings.Trim(s, unheard) == "" }
