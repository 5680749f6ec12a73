package g2p

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A cursor walks over text for a rule; its methods move it only when they find what they look for.
type cursor struct {
	s string
	i int
}

// next is the rune under the cursor, 0 at the end.
func (c *cursor) next() rune { return runeAt(c.s, c.i) }

// literal takes exactly want.
func (c *cursor) literal(want string) bool {
	if !strings.HasPrefix(c.s[c.i:], want) {
		return false
	}
	c.i += len(want)
	return true
}

// oneOf takes one byte out of set.
func (c *cursor) oneOf(set string) (byte, bool) {
	if c.i >= len(c.s) || strings.IndexByte(set, c.s[c.i]) < 0 {
		return 0, false
	}
	c.i++
	return c.s[c.i-1], true
}

// digits takes at least lo and at most hi digits.
func (c *cursor) digits(lo, hi int) (string, bool) {
	n := 0
	for n < hi && c.i+n < len(c.s) && isDigit(c.s[c.i+n]) {
		n++
	}
	if n < lo {
		return "", false
	}
	c.i += n
	return c.s[c.i-n : c.i], true
}

// number takes a plain number: digits, thousands set off by commas, decimals ("1,250.75").
func (c *cursor) number() (string, bool) {
	from := c.i
	if _, ok := c.digits(1, len(c.s)); !ok {
		return "", false
	}
	for {
		k := *c
		if !k.literal(",") {
			break
		}
		if _, ok := k.digits(3, 3); !ok {
			break
		}
		*c = k
	}
	k := *c
	if k.literal(".") {
		if _, ok := k.digits(1, len(c.s)); ok {
			*c = k
		}
	}
	return c.s[from:c.i], true
}

// signed is number with a minus sign that may stand before it.
func (c *cursor) signed() (string, bool) {
	k := *c
	k.literal("-")
	if _, ok := k.number(); !ok {
		return "", false
	}
	from := c.i
	*c = k
	return c.s[from:c.i], true
}

// among takes the first of words (longest first) that fits and after which then holds.
func (c *cursor) among(words []string, then func(*cursor) bool) (string, bool) {
	for _, w := range words {
		k := *c
		if k.literal(w) && then(&k) {
			*c = k
			return w, true
		}
	}
	return "", false
}

// edge says that no word goes on under the cursor.
func (c *cursor) edge() bool { return !isWord(c.next()) }

func runeAt(s string, i int) rune {
	if i >= len(s) {
		return 0
	}
	r, _ := utf8.DecodeRuneInString(s[i:])
	return r
}

// runeBefore is the rune that ends at i, 0 at the start.
func runeBefore(s string, i int) rune {
	if i == 0 {
		return 0
	}
	r, _ := utf8.DecodeLastRuneInString(s[:i])
	return r
}

// startsWord says that a word could begin at i: none is under way.
func startsWord(s string, i int) bool { return !isWord(runeBefore(s, i)) }

// startsNumber says that a number could begin at i: neither a word nor decimals are under way.
func startsNumber(s string, i int) bool {
	r := runeBefore(s, i)
	return !isWord(r) && r != '.'
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// isWord is the regular expressions' \w for all scripts: letters, numbers of any kind and the underscore.
func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r)
}

// isLetterLike is a word character that is neither a decimal digit nor the underscore.
func isLetterLike(r rune) bool { return isWord(r) && r != '_' && !unicode.IsDigit(r) }

func isAlpha(s string) bool {
	for _, r := range s {
		if !unicode.IsLetter(r) {
			return false
		}
	}
	return s != ""
}

func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// isLatinLower and isLatinUpper are the ranges the spelling rules know: ASCII and Latin-1.
func isLatinLower(r rune) bool {
	return 'a' <= r && r <= 'z' || 'ß' <= r && r <= 'ÿ' && r != '÷'
}

func isLatinUpper(r rune) bool {
	return 'A' <= r && r <= 'Z' || 'À' <= r && r <= 'Þ' && r != '×'
}
