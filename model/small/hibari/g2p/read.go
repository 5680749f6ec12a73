package g2p

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// pronounce finds the phonemes of all words, from the last to the first, for some depend on what follows.
func (r *Reader) pronounce(all [][]part) {
	var s setting
	for i := len(all) - 1; i >= 0; i-- {
		group := all[i]
		if len(group) > 1 {
			s = r.pronounceGroup(group, s)
			continue
		}
		p := &group[0]
		if !p.done {
			t := term{p.text, p.tag, p.currency, true}
			phonemes, ok := r.lexicon.read(t, s)
			if !ok {
				phonemes = r.guess(p.text)
			}
			p.phonemes, p.done = phonemes, true
		}
		s = setting{begins(p.phonemes, s.next), isTo(p.text, p.tag)}
	}
}

func isTo(text, tag string) bool {
	return text == "to" || text == "To" || text == "TO" && (tag == "TO" || tag == "IN")
}

// pronounceGroup looks for the longest endings of the group the lexicon knows. If a part is left over that nobody
// knows, the whole is guessed.
func (r *Reader) pronounceGroup(group []part, s setting) setting {
	for right := len(group); right > 0; {
		left, found := 0, false
		for ; left < right && !found; left++ {
			t := joined(group[left:right], left == 0)
			phonemes, ok := r.lexicon.read(t, s)
			if !ok {
				continue
			}
			silence(group[left:right])
			group[left].phonemes = phonemes
			s = setting{begins(phonemes, s.next), isTo(t.text, t.tag)}
			right, found = left, true
			break
		}
		if found {
			continue
		}
		right--
		if !isUnheard(group[right].text) {
			silence(group)
			group[0].phonemes = r.guess(joined(group, true).text)
			return s
		}
		group[right].phonemes, group[right].done = "", true
	}
	settle(group)
	return s
}

func silence(group []part) {
	for i := range group {
		group[i].phonemes, group[i].done = "", true
	}
}

// settle decides between parts that are words of their own ("A380") and parts of one compound, which has one main
// stress ("well-known").
func settle(group []part) {
	if apart(group) {
		for i := range group[1:] {
			group[1+i].apart = true
		}
		return
	}
	type voiced struct{ strong, weight, at int }
	var list []voiced
	strong := 0
	for i, p := range group {
		if p.phonemes == "" {
			continue
		}
		v := voiced{0, stressWeight(p.phonemes), i}
		if strings.Contains(p.phonemes, primary) {
			v.strong = 1
		}
		strong += v.strong
		list = append(list, v)
	}
	if len(list) == 2 && len([]rune(group[list[0].at].text)) == 1 {
		list = []voiced{list[1], {}}
	} else if len(list) < 2 || strong <= (len(list)+1)/2 {
		return
	} else {
		slices.SortFunc(list, func(a, b voiced) int {
			return (a.strong-b.strong)<<20 + (a.weight-b.weight)<<10 + a.at - b.at
		})
	}
	for _, v := range list[:len(list)/2] {
		group[v.at].phonemes = emphasize(group[v.at].phonemes, demoted)
	}
}

// apart says that the parts of a group differ in kind: letters, digits, signs.
func apart(group []part) bool {
	kinds := [3]bool{}
	for _, p := range group {
		for _, c := range p.text {
			switch {
			case c == '/':
				return true
			case strings.ContainsRune(unheard, c):
			case unicode.IsLetter(c):
				kinds[0] = true
			case c < 128 && isDigit(byte(c)):
				kinds[1] = true
			default:
				kinds[2] = true
			}
		}
	}
	return kinds[0] && kinds[1] || kinds[0] && kinds[2] || kinds[1] && kinds[2]
}

// guessable are the runs a word that nobody knows is cut into.
var guessable = regexp.MustCompile(`[\pL\p{No}\p{Nl}]+(?:['’][\pL\p{No}\p{Nl}]+)*|\p{Nd}+(?:[,.]\p{Nd}+)*|[^\s\pL\p{No}\p{Nl}\p{Nd}_]+`)

// guess reads what is in no dictionary: letters by the caller's function, figures as a code, signs by name.
func (r *Reader) guess(text string) string {
	var out []string
	for _, run := range guessable.FindAllString(text, -1) {
		var phonemes string
		first := runeAt(run, 0)
		switch {
		case unicode.IsDigit(first):
			phonemes, _ = r.lexicon.amount(strings.Map(plainDigit, run), "", false)
		case unicode.IsLetter(first):
			phonemes = r.unknown(run)
		default:
			phonemes = signNames(run)
		}
		if phonemes != "" {
			out = append(out, phonemes)
		}
	}
	return strings.Join(out, " ")
}

// signs are the names of what may be left over inside a word.
var signs = map[rune]string{
	'/': "slˈæʃ", '=': "ˈikwᵊlz", '+': "plˈʌs", '&': "ænd", '@': "æt", '%': "pəɹsˈɛnt", '#': "hˈæʃ",
	'*': "ˈæstəɹˌɪsk", '~': "tˈɪldə", '^': "kˈɛɹət", '<': "lˈɛs ðən", '>': "ɡɹˈATəɹ ðən", '—': "—",
}

func signNames(run string) string {
	var b strings.Builder
	for _, c := range run {
		b.WriteString(signs[c])
	}
	return b.String()
}
