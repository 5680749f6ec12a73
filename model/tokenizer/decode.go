package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// Decode turns ids into text; skipSpecial leaves special tokens out, and ids that are no tokens always are. Bytes that
// make no rune become U+FFFD, one for each stretch that could have begun a rune, as the reference does.
func (t *Tokenizer) Decode(ids []int32, skipSpecial bool) string {
	d := Decoder{t: t, skip: skipSpecial}
	var b strings.Builder
	for _, id := range ids {
		b.WriteString(d.Write(id))
	}
	b.WriteString(d.Flush())
	return b.String()
}

// A Decoder turns ids into text as they come, holding back the bytes of a rune that later ids complete.
type Decoder struct {
	t    *Tokenizer
	skip bool
	held []byte // at most 3: the start of a rune
}

// NewDecoder returns a decoder for one stream of ids.
func (t *Tokenizer) NewDecoder(skipSpecial bool) *Decoder { return &Decoder{t: t, skip: skipSpecial} }

// Write takes the next id and returns the text that is whole by now, often "".
func (d *Decoder) Write(id int32) string {
	if !d.t.valid(id) || d.skip && d.t.kind[id] == special {
		return ""
	}
	d.held = append(d.held, d.t.spelled[id]...)
	var b strings.Builder
	rest := d.held
	for len(rest) > 0 && utf8.FullRune(rest) {
		r, n := utf8.DecodeRune(rest)
		if r == utf8.RuneError && n == 1 {
			n = broken(rest)
		}
		b.WriteRune(r)
		rest = rest[n:]
	}
	d.held = append(d.held[:0], rest...)
	return b.String()
}

// Flush returns U+FFFD for the rune that never became whole, or "", and begins anew.
func (d *Decoder) Flush() string {
	if len(d.held) == 0 {
		return ""
	}
	d.held = d.held[:0]
	return string(utf8.RuneError)
}
