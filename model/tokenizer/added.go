package tokenizer

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A matcher finds added tokens in text: at the earliest place the longest one.
type matcher struct {
	tokens map[string]addedToken
	first  [256]bool     // bytes that some token begins with
	sizes  [256][]uint16 // by first byte: lengths of the tokens, the longest first
}

func (m *matcher) add(a addedToken) {
	if a.Content == "" {
		return
	}
	if m.tokens == nil {
		m.tokens = map[string]addedToken{}
	}
	m.tokens[a.Content] = a
	b := a.Content[0]
	m.first[b] = true
	if n := uint16(min(len(a.Content), 1<<16-1)); !slices.Contains(m.sizes[b], n) {
		m.sizes[b] = append(m.sizes[b], n)
		slices.SortFunc(m.sizes[b], func(x, y uint16) int { return int(y) - int(x) })
	}
}

// next finds the first token in text at or after from. It returns the text it takes up and its id, or ok false.
func (m *matcher) next(text string, from int) (start, end int, id int32, ok bool) {
	if m.tokens == nil {
		return 0, 0, 0, false
	}
	for i := from; i < len(text); i++ {
		if !m.first[text[i]] {
			continue
		}
		for _, n := range m.sizes[text[i]] {
			if i+int(n) > len(text) {
				continue
			}
			a, found := m.tokens[text[i:i+int(n)]]
			if found && (!a.SingleWord || alone(text, i, i+int(n))) {
				start, end = a.stretch(text, from, i, i+int(n))
				return start, end, a.ID, true
			}
		}
	}
	return 0, 0, 0, false
}

// stretch is the token's place with the white space it takes along.
func (a *addedToken) stretch(text string, from, start, end int) (int, int) {
	if a.Lstrip {
		start = from + len(strings.TrimRightFunc(text[from:start], unicode.IsSpace))
	}
	if a.Rstrip {
		end = len(text) - len(strings.TrimLeftFunc(text[end:], unicode.IsSpace))
	}
	return start, end
}

// alone reports whether no letter, digit or underscore stands beside text[start:end].
func alone(text string, start, end int) bool {
	before, n := utf8.DecodeLastRuneInString(text[:start])
	after, k := utf8.DecodeRuneInString(text[end:])
	return (n == 0 || !wordly(before)) && (k == 0 || !wordly(after))
}

func wordly(r rune) bool {
	return r == '_' || unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Nl, unicode.Pc)
}
