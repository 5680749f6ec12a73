package tokenizer

import (
	"errors"
	"fmt"
	"strings"
)

// What the shorthands of the patterns' engine cover, for use inside brackets; Go's cover ASCII only.
const (
	space = `\t-\r \x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}`
	digit = `\p{Nd}`
	// Letters, marks, decimal and letter numbers, connectors, letters in circles, and six fractions and powers of Latin-1.
	wordy = `\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{24B6}-\x{24E9}\x{1F130}-\x{1F149}\x{1F150}-\x{1F169}\x{1F170}-\x{1F189}²³¹¼½¾`
)

var shorthands = map[byte]string{'s': space, 'd': digit, 'w': wordy}

// translate writes a pattern's alternatives for Go's engine. [trailing] stays as it is.
func translate(pattern string) (alternatives []string, err error) {
	t := translation{pattern: pattern}
	for t.at < len(pattern) {
		if err := t.step(); err != nil {
			return nil, err
		}
	}
	if t.inClass || t.depth != 0 {
		return nil, errors.New("a bracket is left open")
	}
	return append(t.done, t.out.String()), nil
}

type translation struct {
	pattern string
	at      int
	out     strings.Builder
	done    []string
	depth   int // of parentheses
	inClass bool
}

func (t *translation) step() error {
	rest := t.pattern[t.at:]
	switch {
	case rest[0] == '\\':
		return t.escape(rest)
	case t.inClass:
		if rest[0] == '[' || strings.HasPrefix(rest, "&&") {
			return errors.New("a class within a class is not known")
		}
		t.inClass = rest[0] != ']'
	case rest[0] == '[':
		t.inClass = true
		if n := len(rest) - len(strings.TrimPrefix(strings.TrimPrefix(rest[1:], "^"), "]")); n > 1 {
			t.take(n)
			return nil
		}
	case strings.HasPrefix(rest, "(?="), strings.HasPrefix(rest, "(?!"), strings.HasPrefix(rest, "(?<"), strings.HasPrefix(rest, "(?P"),
		strings.HasPrefix(rest, "(?>"):
		return fmt.Errorf("%.8q is not known", rest)
	case rest[0] == '^', rest[0] == '$':
		return fmt.Errorf("the anchor %q is not known", rest[0])
	case rest[0] == '(':
		t.depth++
		if !strings.HasPrefix(rest, "(?") {
			t.out.WriteString("(?:")
			t.at++
			return nil
		}
	case rest[0] == ')':
		if t.depth--; t.depth < 0 {
			return errors.New("a parenthesis closes that none opened")
		}
	case rest[0] == '|' && t.depth == 0:
		t.done = append(t.done, t.out.String())
		t.out.Reset()
		t.at++
		return nil
	}
	t.take(1)
	return nil
}

func (t *translation) take(n int) {
	t.out.WriteString(t.pattern[t.at : t.at+n])
	t.at += n
}

// escape translates what stands behind a backslash.
func (t *translation) escape(rest string) error {
	if len(rest) < 2 {
		return errors.New("it ends in a backslash")
	}
	if tail, ok := strings.CutPrefix(rest, trailing); ok && !t.inClass && t.depth == 0 && t.out.Len() == 0 && (tail == "" || tail[0] == '|') {
		t.take(len(trailing))
		return nil
	}
	lower := rest[1] | 0x20
	cover, short := shorthands[lower]
	switch {
	case short && t.inClass && rest[1] == lower:
		t.out.WriteString(cover)
	case short && t.inClass:
		return fmt.Errorf("%.2q inside brackets is not known", rest)
	case short && rest[1] == lower:
		t.out.WriteString("[" + cover + "]")
	case short:
		t.out.WriteString("[^" + cover + "]")
	case strings.IndexByte("bBAzZGKRXhHkg123456789", rest[1]) >= 0:
		return fmt.Errorf("%.2q is not known", rest)
	default:
		t.take(2)
		return nil
	}
	t.at += 2
	return nil
}
