package g2p

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A lexicon gives words their phonemes: the checked dictionary first, then the larger unchecked one, then what rules
// make of their stems.
type lexicon struct {
	gold, silver dictionary
}

// A term is what is looked up.
type term struct {
	text     string
	tag      string
	currency string // sign that stood before an amount
	head     bool   // nothing is joined to its left
}

// A setting is what comes after a word, as far as its sound depends on it.
type setting struct {
	next start
	to   bool // the next word is "to"
}

// read returns the phonemes of t, or false where neither dictionary nor rules know it.
func (l *lexicon) read(t term, s setting) (string, bool) {
	word := plainWord(t.text)
	e := asIs
	switch {
	case word == lower(word):
	case word == upper(word):
		e = stressed
	default:
		e = lifted
	}
	if phonemes, ok := l.word(word, t.tag, e, s); ok {
		if money, ok := currencies[t.currency]; ok {
			plural, _ := l.withS(money[0]+"s", "", asIs, s)
			phonemes += " " + plural
		}
		return phonemes, true
	}
	if isNumber(word, t.head) {
		return l.amount(word, t.currency, t.head)
	}
	return "", false
}

// plainWord brings a word to the characters of the dictionary: straight apostrophes, no ligatures, ASCII digits.
func plainWord(s string) string {
	if isASCII(s) {
		return s
	}
	return strings.Map(plainDigit, norm.NFKC.String(straight.Replace(s)))
}

var straight = strings.NewReplacer("‘", "'", "’", "'")

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func plainDigit(r rune) rune {
	if r < 128 || !unicode.IsDigit(r) {
		return r
	}
	n := rune(0)
	for unicode.IsDigit(r - 1 - n) {
		n++
	}
	return '0' + n%10
}

// word reads anything but numbers.
func (l *lexicon) word(word, tag string, e emphasis, s setting) (string, bool) {
	if phonemes, ok := l.special(word, tag, e, s); ok {
		return phonemes, true
	}
	if l.onlyLooksCapital(word, tag, e, s) {
		word = lower(word)
	}
	if l.known(word) {
		return l.lookup(word, tag, e, s)
	}
	if bare, ok := strings.CutSuffix(word, "s'"); ok && l.known(bare+"'s") {
		return l.lookup(bare+"'s", tag, e, s)
	}
	if bare, ok := strings.CutSuffix(word, "'"); ok && l.known(bare) {
		return l.lookup(bare, tag, e, s)
	}
	if phonemes, ok := l.withS(word, tag, e, s); ok {
		return phonemes, true
	}
	if phonemes, ok := l.withEd(word, tag, e, s); ok {
		return phonemes, true
	}
	if e == asIs {
		e = lifted
	}
	return l.withIng(word, tag, e, s)
}

// onlyLooksCapital says that word is written with capitals but known without: "HELLO", "Walked" at a start.
func (l *lexicon) onlyLooksCapital(word, tag string, e emphasis, s setting) bool {
	low := lower(word)
	if len(word) < 2 || word == low || !isAlpha(strings.ReplaceAll(word, "'", "")) {
		return false
	}
	if tag == "NNP" && len([]rune(word)) <= 7 || l.gold.has(word) || l.silver.has(word) {
		return false
	}
	if word != upper(word) && tailAfterFirst(word) != tailAfterFirst(low) {
		return false
	}
	if l.gold.has(low) || l.silver.has(low) {
		return true
	}
	for _, stem := range []func(string, string, emphasis, setting) (string, bool){l.withS, l.withEd, l.withIng} {
		if _, ok := stem(low, tag, e, s); ok {
			return true
		}
	}
	return false
}

func tailAfterFirst(s string) string { return s[runeLen(s, 0):] }

// known says that lookup has an answer: an entry, or letters to spell.
func (l *lexicon) known(word string) bool {
	if l.gold.has(word) || symbolNames[word] != "" || l.silver.has(word) {
		return true
	}
	if !isASCIIWord(word) {
		return false
	}
	return len(word) == 1 || word == upper(word) && l.gold.has(lower(word)) || word[1:] == upper(word[1:])
}

func isASCIIWord(s string) bool {
	for _, r := range s {
		if !isASCIILetter(r) {
			return false
		}
	}
	return s != ""
}

// lookup reads word off the dictionaries. A word in capitals that is a name, or that they do not have, is spelled.
func (l *lexicon) lookup(word, tag string, e emphasis, s setting) (string, bool) {
	name := false
	if word == upper(word) && !l.gold.has(word) {
		word = lower(word)
		name = tag == "NNP"
	}
	found, ok := l.gold.find(word)
	if !ok && !name {
		found, ok = l.silver.find(word)
	}
	phonemes := found.reading(tag, s)
	if !ok || phonemes == "" || name && !strings.Contains(phonemes, primary) {
		if spelled, ok := l.spell(word); ok {
			return spelled, true
		}
	}
	return emphasize(phonemes, e), phonemes != ""
}

// reading picks the phonemes that go with tag.
func (e entry) reading(tag string, s setting) string {
	if e.byTag == nil {
		return e.phonemes
	}
	if phonemes, ok := e.byTag["None"]; ok && s.next == nothingYet {
		return phonemes
	}
	if phonemes, ok := e.byTag[tag]; ok {
		return phonemes
	}
	if phonemes, ok := e.byTag[wordClass(tag)]; ok {
		return phonemes
	}
	return e.phonemes
}

// wordClass is the coarse class of a Penn Treebank tag.
func wordClass(tag string) string {
	for _, c := range [][2]string{{"VB", "VERB"}, {"NN", "NOUN"}, {"ADV", "ADV"}, {"RB", "ADV"}, {"ADJ", "ADJ"}, {"JJ", "ADJ"}} {
		if strings.HasPrefix(tag, c[0]) {
			return c[1]
		}
	}
	return tag
}

// spell reads the letters of word one by one; the last has the stress.
func (l *lexicon) spell(word string) (string, bool) {
	var all strings.Builder
	for _, r := range word {
		if !unicode.IsLetter(r) {
			continue
		}
		e, ok := l.gold.find(upper(string(r)))
		if !ok {
			return "", false
		}
		all.WriteString(e.phonemes)
	}
	phonemes := emphasize(all.String(), weakened)
	if i := strings.LastIndex(phonemes, secondary); i >= 0 {
		return phonemes[:i] + primary + phonemes[i+len(secondary):], true
	}
	return phonemes, phonemes != ""
}
