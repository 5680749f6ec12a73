package g2p

import "strings"

// title writes out what stands before a name: "St Paul", "Prof. Lee".
func (n *normalizer) title(s string, at int) (int, string) {
	if s[at] < 'A' || s[at] > 'Z' || !startsWord(s, at) {
		return 0, ""
	}
	c := cursor{s, at}
	word, ok := c.among(n.order.titles, func(c *cursor) bool {
		c.literal(".")
		blank := c.literal(" ")
		r := c.next()
		return blank && 'A' <= r && r <= 'Z'
	})
	if !ok {
		return 0, ""
	}
	return c.i - at, n.Titles[word] + " "
}

// abbreviation writes out what is short everywhere: "approx.", "Blvd.". At the end its point also ends the sentence.
func (n *normalizer) abbreviation(s string, at int) (int, string) {
	if !isASCIILetter(rune(s[at])) || !startsNumber(s, at) {
		return 0, ""
	}
	c := cursor{s, at}
	word, ok := c.among(n.order.abbreviations, (*cursor).edge)
	if !ok {
		return 0, ""
	}
	full := n.Abbreviations[word]
	if c.i == len(s) && strings.HasSuffix(word, ".") {
		full += "."
	}
	return c.i - at, full
}

// numberSign reads "No. 5".
func numberSign(s string, at int) (int, string) {
	if s[at] != 'N' || !startsWord(s, at) {
		return 0, ""
	}
	for _, form := range [][2]string{{"No.", "Number "}, {"Nos.", "Numbers "}} {
		c := cursor{s, at}
		if c.literal(form[0]) {
			if c.literal(" "); c.i < len(s) && isDigit(s[c.i]) {
				return c.i - at, form[1]
			}
		}
	}
	return 0, ""
}

// hash reads "#5".
func hash(s string, at int) (int, string) {
	if s[at] != '#' || !startsWord(s, at) || runeBefore(s, at) == '&' || at+1 >= len(s) || !isDigit(s[at+1]) {
		return 0, ""
	}
	return 1, "number "
}

// romanCardinal reads "Chapter IV" as "Chapter 4".
func (n *normalizer) romanCardinal(s string, at int) (int, string) {
	word, value, taken := roman(s, at, n.RomanCardinal)
	if taken == 0 {
		return 0, ""
	}
	return taken, word + " " + itoa(value)
}

// romanOrdinal reads "Henry VIII" as "Henry the eighth".
func (n *normalizer) romanOrdinal(s string, at int) (int, string) {
	word, value, taken := roman(s, at, n.RomanOrdinal)
	if taken == 0 {
		return 0, ""
	}
	return taken, word + " the " + ordinal(itoa(value))
}

// roman takes one of words and the Roman numeral after it. (The reference also takes an empty numeral where the next
// word merely begins with one of the letters, and says "King zeroth Charles"; this does not.)
func roman(s string, at int, words []string) (word string, value, taken int) {
	if !isASCIILetter(rune(s[at])) || !startsWord(s, at) {
		return "", 0, 0
	}
	c := cursor{s, at}
	word, ok := c.among(words, func(c *cursor) bool {
		if !c.literal(" ") {
			return false
		}
		from := c.i
		for c.i < len(c.s) && strings.IndexByte("IVXLCDM", c.s[c.i]) >= 0 {
			c.i++
		}
		value = romanValue(c.s[from:c.i])
		return value > 0 && c.edge() && !clipped(*c)
	})
	if !ok {
		return "", 0, 0
	}
	return word, value, c.i - at
}

// clipped says that an initial or an ending hangs on what was taken: "Act I.b", "King I's".
func clipped(c cursor) bool {
	mark := c.next()
	if mark != '.' && mark != '\'' && mark != '’' {
		return false
	}
	c.i += runeLen(c.s, c.i)
	return isWord(c.next())
}

// romanValue is the value of a well-formed numeral below 900 or so, 0 for anything else.
func romanValue(numeral string) int {
	if numeral == "" || numeral[0] == 'M' || numeral[0] == 'D' {
		return 0
	}
	value, rest := 0, numeral
	for _, d := range romanDigits {
		for n := 0; n < d.repeat && strings.HasPrefix(rest, d.text); n++ {
			value += d.value
			rest = rest[len(d.text):]
		}
	}
	if rest != "" || !strings.EqualFold(numeral, toRoman(value)) {
		return 0
	}
	return value
}

var romanDigits = []struct {
	text          string
	value, repeat int
}{
	{"CM", 900, 1},
	{"D", 500, 1},
	{"CD", 400, 1},
	{"C", 100, 3},
	{"XC", 90, 1},
	{"L", 50, 1},
	{"XL", 40, 1},
	{"X", 10, 3},
	{"IX", 9, 1},
	{"V", 5, 1},
	{"IV", 4, 1},
	{"I", 1, 3},
}

func toRoman(value int) string {
	var b strings.Builder
	for _, d := range romanDigits {
		for value >= d.value {
			b.WriteString(d.text)
			value -= d.value
		}
	}
	return b.String()
}
