package tokenizer

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxPattern bounds a pattern of the file.
const maxPattern = 4 << 10

// trailing is the one lookahead that patterns of tokenizers use: white space, less its last character where a word
// follows. It must be a whole alternative.
const trailing = `\s+(?!\S)`

// A splitter cuts text at the matches of a pattern. The patterns are written for a backtracking engine; Go's engine gives the
// same matches (the first alternative that matches wins) in time linear in the text. It has no lookahead: in its place
// the alternative [trailing] is matched as white space and shortened here.
type splitter struct {
	whole             *regexp.Regexp // with one group, around the white space of trailing
	rest              *regexp.Regexp // the alternatives behind trailing, at the start of the text; nil: none
	drop, dropMatches bool           // leave out matches, or what lies between them
}

func newSplitter(pattern string) (*splitter, error) {
	if len(pattern) > maxPattern {
		return nil, fmt.Errorf("a pattern has %d bytes, want at most %d", len(pattern), maxPattern)
	}
	alternatives, err := translate(pattern)
	if err != nil {
		return nil, fmt.Errorf("pattern %.200q: %w", pattern, err)
	}
	s := &splitter{}
	if at := slices.Index(alternatives, trailing); at >= 0 {
		alternatives[at] = `([` + space + `]+)`
		if behind := alternatives[at+1:]; len(behind) > 0 {
			if s.rest, err = regexp.Compile(`^(?:` + strings.Join(behind, "|") + `)`); err != nil {
				return nil, fmt.Errorf("pattern: %w", err)
			}
		}
	} else {
		alternatives = append(alternatives, `([^\x00-\x{10FFFF}])`) // the group, never matched
	}
	if s.whole, err = regexp.Compile(strings.Join(alternatives, "|")); err != nil {
		return nil, fmt.Errorf("pattern: %w", err)
	}
	if s.whole.NumSubexp() != 1 {
		return nil, fmt.Errorf("pattern %.200q: groups that capture, or two lookaheads, are not known", pattern)
	}
	return s, nil
}

func (s *splitter) cut(text string, yield func(string)) {
	gap, at := 0, 0 // text[gap:at] is behind the last match
	for at < len(text) {
		start, end := s.match(text, at)
		if end <= start { // an empty match cuts nothing; go on behind the next rune
			_, n := utf8.DecodeRuneInString(text[max(at, start):])
			if at = max(at, start) + n; start < 0 {
				break
			}
			continue
		}
		if gap < start && (!s.drop || s.dropMatches) {
			yield(text[gap:start])
		}
		if !s.drop || !s.dropMatches {
			yield(text[start:end])
		}
		gap, at = end, end
	}
	if gap < len(text) && (!s.drop || s.dropMatches) {
		yield(text[gap:])
	}
}

// match finds the first match at or behind at; start is -1 where there is none.
func (s *splitter) match(text string, at int) (start, end int) {
	var groups [4]int
	found := s.find(text[at:], &groups)
	if !found {
		return -1, -1
	}
	start, end = at+groups[0], at+groups[1]
	if groups[2] < 0 || end == len(text) {
		return start, end
	}
	_, n := utf8.DecodeLastRuneInString(text[start:end])
	if end -= n; end > start || s.rest == nil {
		return start, end
	}
	if loc := s.rest.FindStringIndex(text[start:]); loc != nil {
		return start, start + loc[1]
	}
	return start, start
}

func (s *splitter) find(text string, groups *[4]int) bool {
	loc := s.whole.FindStringSubmatchIndex(text)
	return copy(groups[:], loc) == len(groups)
}
