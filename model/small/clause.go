package small

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Words a clause must have before it may end, so that the first is soon there and the rest have room for prosody.
const (
	firstComma = 2  // the first clause ends at a comma after two words
	laterComma = 8  // a later one only when it is long
	firstWords = 4  // the first clause ends without any mark after this many
	laterWords = 28 // and so do the later ones, lest a text without marks is never spoken
)

// A clauser cuts text, as it comes, into stretches that are spoken whole: first a short one, then sentences.
type clauser struct {
	text  strings.Builder
	first bool // the first clause has gone
}

// add takes more text; it returns the end of the clause inside what is gathered, or 0 while there is none.
func (c *clauser) add(s string) int {
	c.text.WriteString(s)
	return c.end(c.text.String())
}

// take removes the first n bytes, a clause.
func (c *clauser) take(n int) string {
	all := c.text.String()
	c.text.Reset()
	c.text.WriteString(all[n:])
	c.first = true
	return all[:n]
}

func (c *clauser) end(text string) int {
	words, in := 0, false
	for i, r := range text {
		space := unicode.IsSpace(r)
		if !space && !in {
			words++
			if n := c.limit(); words > n {
				return i - spaceBefore(text[:i])
			}
		}
		in = !space
		next := i + utf8.RuneLen(r)
		if r == utf8.RuneError {
			next = i + 1
		}
		if r == '\n' && words > 0 {
			return next
		}
		if next >= len(text) { // a mark counts once something follows: "3." may become "3.5"
			break
		}
		if ends(r, rune(text[next])) && c.enough(r, words, text[:i]) {
			return next
		}
	}
	return 0
}

// spaceBefore is the length of the white space that text ends with.
func spaceBefore(text string) int {
	return len(text) - len(strings.TrimRightFunc(text, unicode.IsSpace))
}

func (c *clauser) limit() int {
	if c.first {
		return laterWords
	}
	return firstWords
}

// ends says whether a mark followed by next may end a clause.
func ends(r, next rune) bool {
	switch r {
	case '。', '！', '？', '，':
		return true
	case '.', '!', '?', ',', ';', ':', '…', '—':
		return unicode.IsSpace(next) || next == '"' || next == '\''
	}
	return false
}

// enough says whether the clause before the mark is long enough for it.
func (c *clauser) enough(r rune, words int, before string) bool {
	switch r {
	case ',', ';', ':', '—', '，':
		if c.first {
			return words >= laterComma
		}
		return words >= firstComma
	case '.':
		return !abbreviated(before)
	}
	return true
}

// abbreviated says whether text ends in a word whose full stop does not end the sentence.
func abbreviated(text string) bool {
	w := text[strings.LastIndexFunc(text, unicode.IsSpace)+1:]
	switch strings.ToLower(w) {
	case "mr", "mrs", "ms", "dr", "st", "prof", "vs", "etc", "e.g", "i.e", "no", "approx":
		return true
	}
	return len(w) == 1 && unicode.IsUpper(rune(w[0])) || isNumber(w) && len(w) <= 2
}

// isNumber is true of the number of a list item.
func isNumber(w string) bool { return w != "" && strings.Trim(w, "0123456789") == "" }
