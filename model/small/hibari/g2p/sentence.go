package g2p

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// sentences cuts text where a speaker stops: at line ends, and after a point, a question mark or the like with white
// space behind it, unless that is the point of a title, an initial or an abbreviation ("Jan. 5") in mid-sentence.
func sentences(t traced, words *tables) []traced {
	var out []traced
	from := 0
	keep := func(to int) {
		if s := t.slice(from, to).trim(); s.text != "" {
			out = append(out, s)
		}
	}
	for i := 0; i < len(t.text); {
		r, n := utf8.DecodeRuneInString(t.text[i:])
		i += n
		switch {
		case r == '\n':
			keep(i)
			from = i
		case strings.ContainsRune(".!?…", r):
			next := afterStop(t.text, i)
			if next > 0 && stops(t.text[from:i], runeAt(t.text, next), words) {
				keep(next)
				from, i = next, next
			}
		}
	}
	keep(len(t.text))
	return out
}

// afterStop returns where the next sentence begins if one does: behind closing quotes and white space. 0 means none.
func afterStop(s string, i int) int {
	i += runLen(s[i:], func(r rune) bool { return strings.ContainsRune("\"”’)]", r) })
	blank := runLen(s[i:], func(r rune) bool { return unicode.IsSpace(r) && r != '\n' })
	if blank == 0 || i+blank == len(s) || s[i+blank] == '\n' {
		return 0
	}
	return i + blank
}

// stops says that sentence, which ends in a mark, is whole when next comes after it.
func stops(sentence string, next rune, words *tables) bool {
	if unicode.IsLower(next) {
		return false
	}
	body, point := strings.CutSuffix(sentence, ".")
	if !point {
		return true
	}
	word := strings.TrimLeft(body[strings.LastIndexByte(body, ' ')+1:], "(\"“'‘")
	_, title := words.Titles[word]
	_, short := words.Abbreviations[word+"."]
	r, n := utf8.DecodeRuneInString(word)
	initial := n == len(word) && unicode.IsUpper(r)
	counts := unicode.IsDigit(next) && (short || word == "No" || word == "Nos")
	return !title && !initial && !counts
}
