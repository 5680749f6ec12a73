package g2p

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// traced is text that has been rewritten, with the memory of where it came from.
type traced struct {
	text string
	end  []int // per byte of text: offset in the caller's text just past what it stands for
}

func trace(text string) traced {
	end := make([]int, len(text))
	for i := range end {
		end[i] = i + 1
	}
	return traced{text, end}
}

func (t traced) slice(lo, hi int) traced { return traced{t.text[lo:hi], t.end[lo:hi]} }

// trim drops white space at both ends.
func (t traced) trim() traced {
	lo, hi := 0, len(t.text)
	for lo < hi {
		r, n := utf8.DecodeRuneInString(t.text[lo:])
		if !unicode.IsSpace(r) {
			break
		}
		lo += n
	}
	for lo < hi {
		r, n := utf8.DecodeLastRuneInString(t.text[lo:hi])
		if !unicode.IsSpace(r) {
			break
		}
		hi -= n
	}
	return t.slice(lo, hi)
}

// A reading looks at s[at:] and, where it knows what stands there, says how many bytes it takes and what to say instead.
// Zero bytes mean that it has nothing to say here.
type reading func(s string, at int) (n int, words string)

// A rule is a reading of things that all hold one of the characters in signs; without signs it is tried on every text.
type rule struct {
	signs string
	read  reading
}

// rewrite tries r at every character from the left and puts its words in place of what it took.
func (t traced) rewrite(r rule) traced {
	if r.signs != "" && !strings.ContainsAny(t.text, r.signs) {
		return t
	}
	var out traced
	var buf []byte
	done := 0
	for i := 0; i < len(t.text); {
		n, words := r.read(t.text, i)
		if n == 0 {
			i += runeLen(t.text, i)
			continue
		}
		if buf == nil {
			buf = make([]byte, 0, len(t.text)+32)
			out.end = make([]int, 0, len(t.text)+32)
		}
		buf = append(buf, t.text[done:i]...)
		out.end = append(out.end, t.end[done:i]...)
		buf = append(buf, words...)
		for range len(words) {
			out.end = append(out.end, t.end[i+n-1])
		}
		i += n
		done = i
	}
	if buf == nil {
		return t
	}
	out.text = string(append(buf, t.text[done:]...))
	out.end = append(out.end, t.end[done:]...)
	return out
}

// rewriteAll applies rules one after the other.
func (t traced) rewriteAll(rules []rule) traced {
	for _, r := range rules {
		t = t.rewrite(r)
	}
	return t
}

func runeLen(s string, i int) int {
	if s[i] < utf8.RuneSelf {
		return 1
	}
	_, n := utf8.DecodeRuneInString(s[i:])
	return n
}
