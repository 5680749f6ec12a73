package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// gpt2 is the pattern of ByteLevel's own with use_regex.
const gpt2 = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

// A cutter takes a text apart: it calls yield with each part, in order.
type cutter interface {
	cut(text string, yield func(string))
}

// prefixSpace puts a space before text that has none.
type prefixSpace struct{}

func (prefixSpace) cut(text string, yield func(string)) {
	if !strings.HasPrefix(text, " ") {
		text = " " + text
	}
	yield(text)
}

// digits cuts runs of numeric characters off, or each of them.
type digits struct{ individual bool }

func (d digits) cut(text string, yield func(string)) {
	start, inside := 0, false
	for i, r := range text {
		number := unicode.In(r, unicode.N)
		if i > start && (number != inside || number && d.individual) {
			yield(text[start:i])
			start = i
		}
		inside = number
	}
	if start < len(text) {
		yield(text[start:])
	}
}

// preTokenizer is any pre-tokenizer of the file.
type preTokenizer struct {
	Parts []json.RawMessage `json:"pretokenizers"` // Sequence

	Pattern  map[string]string `json:"pattern"` // Split: Regex or String
	Behavior string            `json:"behavior"`
	Invert   bool              `json:"invert"`

	AddPrefixSpace bool  `json:"add_prefix_space"` // ByteLevel
	UseRegex       *bool `json:"use_regex"`

	Individual bool `json:"individual_digits"` // Digits
}

// newCutters reads a pre-tokenizer as a chain; each cutter sees the parts of the one before it.
func newCutters(raw json.RawMessage, depth int) ([]cutter, error) {
	kind, err := component(raw)
	if err != nil || kind == "" {
		return nil, err
	}
	var p preTokenizer
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, err
	}
	switch kind {
	case "Sequence":
		return p.sequence(depth)
	case "ByteLevel":
		return p.byteLevel()
	case "Split":
		return p.split()
	case "Digits":
		return []cutter{digits{p.Individual}}, nil
	}
	return nil, fmt.Errorf("type %.40q is not known", kind)
}

func (p *preTokenizer) sequence(depth int) (chain []cutter, err error) {
	if depth == maxNesting {
		return nil, errNesting
	}
	for _, part := range p.Parts {
		c, err := newCutters(part, depth+1)
		if err != nil {
			return nil, err
		}
		if chain = append(chain, c...); len(chain) > 32 {
			return nil, errors.New("more than 32 pre-tokenizers")
		}
	}
	return chain, nil
}

func (p *preTokenizer) byteLevel() (chain []cutter, err error) {
	if p.AddPrefixSpace {
		chain = append(chain, prefixSpace{})
	}
	if p.UseRegex == nil || *p.UseRegex {
		s, err := newSplitter(gpt2)
		if err != nil {
			return nil, err
		}
		chain = append(chain, s)
	}
	return chain, nil
}

func (p *preTokenizer) split() ([]cutter, error) {
	pattern, ok := p.Pattern["Regex"]
	if text, literal := p.Pattern["String"]; literal && !ok {
		pattern, ok = regexp.QuoteMeta(text), true
	}
	if !ok || pattern == "" {
		return nil, errors.New("a Split without a pattern")
	}
	s, err := newSplitter(pattern)
	if err != nil {
		return nil, err
	}
	switch p.Behavior {
	case "Isolated":
	case "Removed":
		s.drop, s.dropMatches = true, !p.Invert
	default:
		return nil, fmt.Errorf("behavior %.40q of a Split is not known", p.Behavior)
	}
	return []cutter{s}, nil
}
