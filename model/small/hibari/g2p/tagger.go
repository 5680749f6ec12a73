package g2p

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A tagger gives every token its Penn Treebank part of speech: words that have only one are looked up, the rest is
// decided by an averaged perceptron (Collins 2002) over the word, its neighbours and the two tags before it.
type tagger struct {
	tags     []string
	only     map[string]uint8 // words with one tag
	known    texts            // words the features may name, in ascending order; others go by their shape
	features texts            // in ascending order
	ends     []uint32         // of each feature's weights
	weights  []float64
	to       []uint8 // the tag each weight is for
}

// taggerFile is the layout of tagger.json.
type taggerFile struct {
	Tags    []string                      `json:"tags"`
	TagDict map[string]string             `json:"tagdict"`
	Vocab   []string                      `json:"vocab"`
	Weights map[string]map[string]float64 `json:"weights"`
}

func newTagger(f *taggerFile) (*tagger, error) {
	t := &tagger{tags: f.Tags, only: make(map[string]uint8, len(f.TagDict))}
	if len(f.Tags) == 0 || len(f.Tags) > 255 {
		return nil, fmt.Errorf("%d tags, 1 to 255 wanted", len(f.Tags))
	}
	number := make(map[string]uint8, len(f.Tags))
	for i, tag := range f.Tags {
		number[tag] = uint8(i)
	}
	words := newTexts(slices.Sorted(maps.Keys(f.TagDict)))
	for i := range words.len() {
		n, ok := number[f.TagDict[words.at(i)]]
		if !ok {
			return nil, fmt.Errorf("word %q: unknown tag %q", words.at(i), f.TagDict[words.at(i)])
		}
		t.only[words.at(i)] = n
	}
	t.known = newTexts(slices.Sorted(slices.Values(f.Vocab)))
	return t, t.weigh(f.Weights, number)
}

// weigh copies the weights of all features.
func (t *tagger) weigh(all map[string]map[string]float64, number map[string]uint8) error {
	features := slices.Sorted(maps.Keys(all))
	t.features, t.ends = newTexts(features), make([]uint32, len(features))
	n := 0
	for _, values := range all {
		n += len(values)
	}
	t.weights, t.to = make([]float64, 0, n), make([]uint8, 0, n)
	for i, feature := range features {
		for tag, value := range all[feature] {
			n, ok := number[tag]
			if !ok {
				return fmt.Errorf("feature %q: unknown tag %q", feature, tag)
			}
			t.weights, t.to = append(t.weights, value), append(t.to, n)
		}
		t.ends[i] = uint32(len(t.weights))
	}
	return nil
}

// tag returns one tag per token.
func (t *tagger) tag(tokens []piece) []string {
	around := make([]string, 0, len(tokens)+4)
	around = append(around, "-START2-", "-START-")
	for _, p := range tokens {
		around = append(around, t.contextWord(p.text))
	}
	around = append(around, "-END-", "-END2-")
	tags := make([]string, len(tokens))
	before, before2 := "-START-", "-START2-"
	s := scorer{t: t, scores: make([]float64, len(t.tags))}
	for i, p := range tokens {
		if n, ok := t.only[p.text]; ok {
			tags[i] = t.tags[n]
		} else {
			tags[i] = s.best(i, p.text, around[i:i+5], before, before2)
		}
		before, before2 = tags[i], before
	}
	return tags
}

// contextWord is a word as the features name it.
func (t *tagger) contextWord(w string) string {
	n := w
	switch {
	case strings.Contains(w, "-") && w[0] != '-':
		n = "!HYPHEN"
	case utf8.RuneCountInString(w) == 4 && allNumeric(w):
		n = "!YEAR"
	case unicode.IsDigit(runeAt(w, 0)):
		n = "!DIGITS"
	default:
		n = lower(w)
	}
	if _, ok := t.known.find(n); ok {
		return n
	}
	return "<" + shape(w) + ">"
}

// A scorer adds up the weights of one token's features.
type scorer struct {
	t      *tagger
	scores []float64
	key    []byte
	any    bool
}

// add looks up the feature made of name and value.
func (s *scorer) add(name string, value ...string) {
	s.key = append(s.key[:0], name...)
	for _, v := range value {
		s.key = append(s.key, v...)
	}
	i, ok := s.t.features.find(string(s.key))
	if !ok {
		return
	}
	from := uint32(0)
	if i > 0 {
		from = s.t.ends[i-1]
	}
	for j := from; j < s.t.ends[i]; j++ {
		s.scores[s.t.to[j]] += s.t.weights[j]
		s.any = true
	}
}

// best is the tag of the word at position i, w[2]; w are the context words from two before to two after.
func (s *scorer) best(i int, word string, w []string, before, before2 string) string {
	clear(s.scores)
	s.any = false
	_, first := utf8.DecodeRuneInString(word)
	s.add("b")
	s.add("s3=", tail(word, 3))
	s.add("p1=", word[:first])
	s.add("w=", w[2])
	s.add("sh=", shape(word))
	if i == 0 {
		s.add("i0")
	} else {
		s.add("i+")
	}
	s.add("t-1=", before)
	s.add("t-2=", before2)
	s.add("t-12=", before, ",", before2)
	s.add("w-1=", w[1])
	s.add("s3-1=", tail(w[1], 3))
	s.add("w-2=", w[0])
	s.add("w+1=", w[3])
	s.add("s3+1=", tail(w[3], 3))
	s.add("w+2=", w[4])
	if !s.any {
		return "NN"
	}
	best := 0
	for n := range s.scores {
		if s.scores[n] > s.scores[best] || s.scores[n] == s.scores[best] && s.t.tags[n] > s.t.tags[best] {
			best = n
		}
	}
	return s.t.tags[best]
}

// shape is what a word looks like: "Xx" is capitalized, "d" a number.
func shape(w string) string {
	switch {
	case allNumeric(w):
		return "d"
	case !isAlpha(w):
		return mixedShape(w)
	case w == lower(w):
		return "x"
	case w == upper(w) && utf8.RuneCountInString(w) > 1:
		return "XX"
	case w == upper(w):
		return "X1"
	}
	_, n := utf8.DecodeRuneInString(w)
	if w[:n] != lower(w[:n]) && w[n:] == lower(w[n:]) {
		return "Xx"
	}
	return "xX"
}

// mixedShape keeps the marks among the first four characters.
func mixedShape(w string) string {
	var b strings.Builder
	n := 0
	for _, r := range w {
		switch {
		case unicode.IsDigit(r):
			b.WriteByte('d')
		case unicode.IsLetter(r):
			b.WriteByte('x')
		default:
			b.WriteRune(r)
		}
		if n++; n == 4 {
			break
		}
	}
	return b.String()
}

// allNumeric says that w is digits of any script.
func allNumeric(w string) bool {
	for _, r := range w {
		if !unicode.IsDigit(r) {
			return false
		}
	}
	return w != ""
}

// tail is the last n runes of w.
func tail(w string, n int) string {
	i := len(w)
	for ; n > 0 && i > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(w[:i])
		i -= size
	}
	return w[i:]
}
