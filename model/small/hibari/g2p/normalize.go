package g2p

import (
	"strings"
	"unicode"
)

const figures = "0123456789"

// A normalizer writes out in words what the dictionary could not read: see the table of its rules.
type normalizer struct {
	*tables
	rules []rule
}

func newNormalizer(t *tables) *normalizer {
	n := &normalizer{tables: t}
	n.rules = []rule{
		{"", collapseSpace},
		{"’‒―", plainMarks},
		{":", clock},
		{"-", n.isoDate},
		{"/", n.slashDate},
		{"$£€", n.bigMoney},
		{"¢", n.cents},
		{"¥₹₩RUEG", n.currency},
		{"°", n.degrees},
		{figures, n.unit},
		{figures, n.monthDay},
		{figures, n.dayMonth},
		{"", n.title},
		{"", n.abbreviation},
		{"N", numberSign},
		{"#", hash},
		{"IVXLC", n.romanCardinal},
		{"IVXLC", n.romanOrdinal},
		{"-", phone},
		{"/", n.fraction},
		{"-–", span},
		{"+", plus},
		{"*/", operation},
	}
	for _, s := range t.symbols {
		n.rules = append(n.rules, rule{s[0], symbol(s[0], s[1])})
	}
	n.rules = append(n.rules, rule{"", collapseSpace}, rule{"", spaceBeforeMark})
	return n
}

// normalize writes out one sentence.
func (n *normalizer) normalize(t traced) traced { return t.trim().rewriteAll(n.rules).trim() }

// collapseSpace makes one blank of any white space.
func collapseSpace(s string, at int) (int, string) {
	c := cursor{s, at}
	for unicode.IsSpace(c.next()) {
		c.i += runeLen(s, c.i)
	}
	if s[at:c.i] == " " {
		return 0, ""
	}
	return c.i - at, " "
}

// plainMarks replaces typographic characters by those the tables hold.
func plainMarks(s string, at int) (int, string) {
	if s[at] != 0xE2 {
		return 0, ""
	}
	switch runeAt(s, at) {
	case '’':
		return len("’"), "'"
	case '‒':
		return len("‒"), "-"
	case '―':
		return len("―"), "—"
	}
	return 0, ""
}

// spaceBeforeMark drops blanks before a mark that closes.
func spaceBeforeMark(s string, at int) (int, string) {
	c := cursor{s, at}
	for c.literal(" ") {
	}
	if c.i == at {
		return 0, ""
	}
	mark, ok := c.oneOf(",.;:!?")
	if !ok {
		return 0, ""
	}
	return c.i - at, string(mark)
}

// plus reads "+5".
func plus(s string, at int) (int, string) {
	if s[at] != '+' || !startsWord(s, at) || runeBefore(s, at) == '+' || at+1 >= len(s) || !isDigit(s[at+1]) {
		return 0, ""
	}
	return 1, "plus "
}

// symbol reads a character that stands for a word. Signs of comparison count only between two things.
func symbol(sign, word string) reading {
	between := strings.Contains("=<>~", sign)
	said := " "
	if word != "" {
		said = " " + word + " "
	}
	return func(s string, at int) (int, string) {
		c := cursor{s, at}
		if !between {
			if !c.literal(sign) {
				return 0, ""
			}
			return c.i - at, said
		}
		if before := runeBefore(s, at); before == 0 || before == ' ' {
			return 0, ""
		}
		c.literal(" ")
		if !c.literal(sign) {
			return 0, ""
		}
		k := c
		if k.literal(" "); k.next() != ' ' && k.next() != 0 {
			return k.i - at, said
		}
		return 0, ""
	}
}
