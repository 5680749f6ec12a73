package g2p

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A tokenizer cuts text into the tokens the tagger was trained on: white space first, then the exceptions ("don't"),
// then marks at both ends of what is left, then hyphens and slashes inside it. The rules are spaCy's for English.
type tokenizer struct {
	exceptions map[string][]string
}

// A piece is one token as it is written, cut out of the sentence.
type piece struct {
	text  string
	space bool // white space follows
	end   int  // where it ends in the sentence, in bytes
}

func (t *tokenizer) tokenize(sentence string) []piece {
	var out []piece
	for from := 0; from < len(sentence); {
		chunk := sentence[from:]
		if i := strings.IndexFunc(chunk, unicode.IsSpace); i == 0 {
			from += runeLen(sentence, from)
			continue
		} else if i > 0 {
			chunk = chunk[:i]
		}
		for _, text := range t.split(firstBytes(chunk, maxRun)) {
			from += len(text)
			out = append(out, piece{text: text, end: from})
		}
		if from < len(sentence) {
			r, _ := utf8.DecodeRuneInString(sentence[from:])
			out[len(out)-1].space = unicode.IsSpace(r)
		}
	}
	return out
}

// maxRun is how much without white space is looked at together, in bytes; the longest chemical names are shorter.
const maxRun = 240

// firstBytes is the longest start of s that has at most n bytes and whole characters.
func firstBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 1 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// split cuts one run of visible characters. The tokens, joined, are the run again.
func (t *tokenizer) split(s string) []string {
	if words, ok := t.exceptions[s]; ok {
		return words
	}
	front, middle, back := t.peel(s)
	tokens := front
	if middle != "" {
		tokens = append(tokens, t.core(middle)...)
	}
	slices.Reverse(back)
	return t.rejoin(append(tokens, back...))
}

// peel takes marks off both ends until an exception or nothing more to take is left.
func (t *tokenizer) peel(s string) (front []string, middle string, back []string) {
	for s != "" && t.exceptions[s] == nil {
		pre := prefixLen(s)
		if rest := s[pre:]; pre > 0 && t.exceptions[rest] != nil {
			return append(front, s[:pre]), rest, back
		}
		suf := suffixLen(s[pre:])
		if rest := s[:len(s)-suf]; suf > 0 && rest != "" && t.exceptions[rest] != nil {
			return front, rest, append(back, s[len(rest):])
		}
		if pre == 0 && suf == 0 {
			break
		}
		if pre > 0 {
			front = append(front, s[:pre])
		}
		if suf > 0 {
			back = append(back, s[len(s)-suf:])
		}
		s = s[pre : len(s)-suf]
	}
	return front, s, back
}

var address = regexp.MustCompile(`(?i)^(?:(?:https?|ftp)://|www\.)\S+$|^[\pL\pN_.+-]+@[\pL\pN_-]+(?:\.[\pL\pN_-]+)+$` +
	`|^(?:[\pL\pN_-]+\.)+(?:com|org|net|edu|gov|io|co|uk|de|fr|info|biz|us|ca|au|tv|me|ly|ai)(?:/\S*)?$`)

// core cuts what stands between the marks.
func (t *tokenizer) core(s string) []string {
	if words := t.exceptions[s]; words != nil {
		return words
	}
	if strings.ContainsAny(s, ".:@") && address.MatchString(s) {
		return []string{s}
	}
	var out []string
	from := 0
	for i := runeLen(s, 0); i < len(s); {
		n := infixLen(s, i)
		if n == 0 {
			i += runeLen(s, i)
			continue
		}
		if i > from {
			out = append(out, s[from:i])
		}
		out = append(out, s[i:i+n])
		i += n
		from = i
	}
	if from < len(s) {
		out = append(out, s[from:])
	}
	return out
}

// rejoin puts neighbours together again that spell an exception: "Sept" and "." are "Sept.".
func (t *tokenizer) rejoin(tokens []string) []string {
	if len(tokens) < 2 {
		return tokens
	}
	out := make([]string, 0, len(tokens))
	for i := 0; i < len(tokens); {
		taken := 0
		for n := min(3, len(tokens)-i); n > 1 && taken == 0; n-- {
			if words := t.exceptions[strings.Join(tokens[i:i+n], "")]; words != nil {
				out = append(out, words...)
				taken = n
			}
		}
		if taken == 0 {
			out = append(out, tokens[i])
			taken = 1
		}
		i += taken
	}
	return out
}

const (
	quoteMarks   = "'\"”“`‘´’‚,„»«「」『』（）〔〕【】《》〈〉"
	plainMarkSet = "…,:;!?¿¡()[]{}<>_#*&。？！，、；：～·"
	iconSet      = "™®©°§¶†‡•"
	moneySet     = "$£€¥฿₽₹₪₺₴₦₫₱₲₵₸₼₾₿₩"
)

// measures are the units that may hang on a number, the longest first.
var measures = longestFirst(strings.Fields("km km² km³ m m² m³ dm dm² dm³ cm cm² cm³ mm mm² mm³ ha µm nm yd in ft kg g " +
	"mg µg t lb oz m/s km/h kmh mph hPa Pa mbar mb MB kb KB gb GB tb TB T G M K %"))

// prefixLen is how many bytes at the start of s are a mark of their own.
func prefixLen(s string) int {
	if dots := len(s) - len(strings.TrimLeft(s, ".")); dots > 1 {
		return dots
	}
	for _, money := range []string{"US$", "C$", "A$"} {
		if strings.HasPrefix(s, money) {
			return len(money)
		}
	}
	r, n := utf8.DecodeRuneInString(s)
	switch {
	case r == '+' && unicode.IsDigit(runeAt(s, n)):
		return 0
	case strings.ContainsRune("%=—–+", r), strings.ContainsRune(plainMarkSet, r), strings.ContainsRune(quoteMarks, r),
		strings.ContainsRune(moneySet, r), strings.ContainsRune(iconSet, r):
		return n
	}
	return 0
}

// suffixLen is how many bytes at the end of s are a mark of their own; of several readings the longest counts.
func suffixLen(s string) int {
	if s == "" {
		return 0
	}
	best := 0
	if dots := len(s) - len(strings.TrimRight(s, ".")); dots > 1 {
		best = dots
	}
	for _, ending := range []string{"……", "'s", "'S", "’s", "’S"} {
		if strings.HasSuffix(s, ending) {
			best = max(best, len(ending))
		}
	}
	r, n := utf8.DecodeLastRuneInString(s)
	if r == '—' || r == '–' || strings.ContainsRune(plainMarkSet, r) || strings.ContainsRune(quoteMarks, r) ||
		strings.ContainsRune(iconSet, r) || r == '.' && isFullStop(s[:len(s)-1]) {
		best = max(best, n)
	}
	return max(best, afterDigit(s))
}

// isFullStop says that a point after s ends something, rather than being part of it.
func isFullStop(s string) bool {
	r, n := utf8.DecodeLastRuneInString(s)
	if s == "" {
		return false
	}
	if unicode.IsDigit(r) && r < utf8.RuneSelf || isLatinLower(r) || strings.ContainsRune("%²-+", r) ||
		strings.ContainsRune(plainMarkSet, r) || strings.ContainsRune(quoteMarks, r) {
		return true
	}
	before := runeBefore(s, len(s)-n)
	return isLatinUpper(r) && isLatinUpper(before) || before == '°' && strings.ContainsRune("FfCcKk", r)
}

// afterDigit is the length of the longest unit, currency or plus sign that ends s and follows a digit.
func afterDigit(s string) int {
	follows := func(n int) bool { return len(s) > n && isDigit(s[len(s)-n-1]) }
	for _, unit := range measures {
		if strings.HasSuffix(s, unit) && follows(len(unit)) {
			return len(unit)
		}
	}
	for _, money := range []string{"US$", "C$", "A$", "+"} {
		if strings.HasSuffix(s, money) && follows(len(money)) {
			return len(money)
		}
	}
	if r, n := utf8.DecodeLastRuneInString(s); strings.ContainsRune(moneySet, r) && follows(n) {
		return n
	}
	return 0
}

// infixLen is how many bytes at s[i:] separate two tokens.
func infixLen(s string, i int) int {
	if dots := len(s[i:]) - len(strings.TrimLeft(s[i:], ".")); dots > 1 {
		return dots
	}
	r, n := utf8.DecodeRuneInString(s[i:])
	before, after := runeBefore(s, i), runeAt(s, i+n)
	isQuote := func(r rune) bool { return r != 0 && strings.ContainsRune(quoteMarks, r) }
	switch {
	case r == '…' || strings.ContainsRune(iconSet, r):
		return n
	case strings.ContainsRune("+-*^", r) && '0' <= before && before <= '9' && ('0' <= after && after <= '9' || after == '-'):
		return n
	case r == '.' && (isLatinLower(before) || isQuote(before)) && (isLatinUpper(after) || isQuote(after)):
		return n
	case r == ',' && isLetterLike(before) && isLetterLike(after):
		return n
	case !isWord(before) || before == '_':
		return 0
	case strings.ContainsRune(":<>=/", r) && isLetterLike(after):
		return n
	}
	for _, dash := range []string{"---", "--", "-", "——", "—", "–", "~"} {
		if strings.HasPrefix(s[i:], dash) && isLetterLike(runeAt(s, i+len(dash))) {
			return len(dash)
		}
	}
	return 0
}
