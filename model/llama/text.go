package llama

import (
	"strings"
	"unicode/utf8"
)

// A TextDecoder turns tokens into text that is whole: bytes of a rune that other tokens complete are held back.
type TextDecoder struct {
	m    *Model
	held []byte // at most 3 bytes: the start of a rune
}

// NewTextDecoder returns a decoder for one reply of m.
func NewTextDecoder(m *Model) *TextDecoder { return &TextDecoder{m: m} }

// Write takes the next token and returns the text that is complete by now, often "". What can never become UTF-8 is
// replaced by U+FFFD. Control tokens write nothing.
func (d *TextDecoder) Write(id int32) string {
	if d.m.IsControl(id) {
		return ""
	}
	return d.decode(d.m.Piece(id))
}

// Flush returns U+FFFD for the rune that never became whole, or "", and begins anew.
func (d *TextDecoder) Flush() string {
	if len(d.held) == 0 {
		return ""
	}
	d.held = d.held[:0]
	return string(utf8.RuneError)
}

func (d *TextDecoder) decode(piece []byte) string {
	d.held = append(d.held, piece...)
	n := len(d.held) - unfinished(d.held)
	text := strings.ToValidUTF8(string(d.held[:n]), string(utf8.RuneError))
	d.held = append(d.held[:0], d.held[n:]...)
	return text
}

// unfinished is how many bytes at the end of b begin a rune that may yet be completed.
func unfinished(b []byte) int {
	for n := 1; n <= min(utf8.UTFMax-1, len(b)); n++ {
		if tail := b[len(b)-n:]; utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}

// A stopper looks for stop strings in what the tokens spell, across tokens and inside runes.
type stopper struct {
	m       *Model
	stops   []string
	longest int
	tail    []byte // the last longest-1 bytes
}

func newStopper(m *Model, stops []string) *stopper {
	s := &stopper{m: m, stops: stops}
	for _, stop := range stops {
		s.longest = max(s.longest, len(stop))
	}
	return s
}

// stopsAt reports whether token id completes a stop string.
func (s *stopper) stopsAt(id int32) bool {
	if s.longest == 0 {
		return false
	}
	s.tail = append(s.tail, s.m.Piece(id)...)
	for _, stop := range s.stops {
		if strings.Contains(string(s.tail), stop) {
			return true
		}
	}
	s.tail = s.tail[max(0, len(s.tail)-s.longest+1):]
	return false
}
