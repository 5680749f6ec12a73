package g2p

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Plain returns text without what language models write to be looked at: markdown, HTML tags, emoji, characters without
// width, broken UTF-8.
func Plain(text string) string { return plain(text).trim().text }

// plain is Plain with the memory of where everything was.
func plain(text string) traced {
	return trace(text).rewriteAll([]rule{
		{"", invisible}, {"", line}, {"[", linkStart}, {"]", linkEnd}, {"<", tag}, {"*_`~", emphasisMarks},
	})
}

// invisible drops characters nobody says: emoji with all that belongs to them, controls, broken bytes.
func invisible(s string, at int) (int, string) {
	c := cursor{s, at}
	for c.i < len(s) {
		r, n := utf8.DecodeRuneInString(s[c.i:])
		keycap := (r == '#' || r == '*') && strings.HasPrefix(s[c.i+n:], "\uFE0F\u20E3")
		arrow := 0x2190 <= r && r < 0x2300 && runeAt(s, c.i+n) == 0xFE0F
		if !keycap && !arrow && !isInvisible(r, n) {
			break
		}
		c.i += n
	}
	return c.i - at, ""
}

func isInvisible(r rune, size int) bool {
	switch {
	case r == utf8.RuneError && size == 1:
		return true
	case r == '\n' || r == '\t' || r == '\r':
		return false
	case r < 0x2000:
		return unicode.IsControl(r) || r == 0xAD
	}
	return r == 0xFEFF || 0x200B <= r && r <= 0x200F || 0x2060 <= r && r <= 0x206F || // no width
		r == 0x20E3 || 0xFE00 <= r && r <= 0xFE0F || 0xE0000 <= r && r <= 0xE0FFF || // belong to emoji
		0x1F000 <= r && r <= 0x1FBFF || 0x2600 <= r && r <= 0x27BF || 0x2B00 <= r && r <= 0x2BFF ||
		0x2300 <= r && r <= 0x23FF || 0x25A0 <= r && r <= 0x25FF || 0x2500 <= r && r <= 0x259F ||
		unicode.Is(unicode.Co, r) || r == 0x3030 || r == 0x303D || r == 0x3297 || r == 0x3299
}

// line drops the marks at the start of a line: headings, quotes, bullets; and lines that are nothing but marks.
func line(s string, at int) (int, string) {
	if at > 0 && s[at-1] != '\n' {
		return 0, ""
	}
	end := len(s)
	if i := strings.IndexByte(s[at:], '\n'); i >= 0 {
		end = at + i
	}
	whole := strings.TrimSpace(s[at:end])
	if strings.HasPrefix(whole, "```") || strings.HasPrefix(whole, "~~~") || isRuler(whole) {
		return end - at, ""
	}
	c := cursor{s[:end], at}
	for c.literal(" ") || c.literal("\t") || c.literal("> ") || c.literal("#") {
	}
	from := c.i
	if from > at && s[from-1] == '#' && c.next() != 0 {
		return 0, "" // "#5" and "#tag" are no headings
	}
	if _, ok := c.oneOf("-*+"); !ok || !c.literal(" ") {
		c.i = from
	}
	if c.literal("• ") || c.i > at {
		return c.i - at, ""
	}
	return 0, ""
}

// isRuler says that a line is a rule or the frame of a table.
func isRuler(line string) bool {
	return len(line) > 2 && strings.Trim(line, "-*_=|: +") == ""
}

// longestLink bounds the search for the end of a link's text or address, in bytes.
const longestLink = 2000

// linkStart drops the bracket before the text of "[text](address)" and "![text](address)".
func linkStart(s string, at int) (int, string) {
	c := cursor{s, at}
	c.literal("!")
	if !c.literal("[") {
		return 0, ""
	}
	text := strings.IndexByte(s[c.i:min(len(s), c.i+longestLink)], ']')
	if text < 0 {
		return 0, ""
	}
	if n, _ := linkEnd(s, c.i+text); n == 0 {
		return 0, ""
	}
	return c.i - at, ""
}

// linkEnd drops what follows the text of a link: "](address)".
func linkEnd(s string, at int) (int, string) {
	c := cursor{s, at}
	if !c.literal("](") {
		return 0, ""
	}
	address := strings.IndexAny(s[c.i:min(len(s), c.i+longestLink)], ")\n")
	if address < 0 || s[c.i+address] == '\n' {
		return 0, ""
	}
	return c.i + address + 1 - at, ""
}

// tagNames are the HTML elements that turn up in answers.
var tagNames = map[string]bool{
	"b": true, "i": true, "u": true, "p": true, "br": true, "em": true, "strong": true,
	"code": true, "pre": true, "sub": true, "sup": true, "span": true, "div": true, "ul": true, "ol": true, "li": true,
	"h1": true, "h2": true, "h3": true, "h4": true, "hr": true, "a": true, "table": true, "tr": true, "td": true, "th": true,
	"details": true, "summary": true, "small": true, "mark": true, "kbd": true,
}

// tag drops HTML tags.
func tag(s string, at int) (int, string) {
	c := cursor{s, at}
	if !c.literal("<") {
		return 0, ""
	}
	c.literal("/")
	name := strings.IndexFunc(s[c.i:], func(r rune) bool { return !isASCIILetter(r) && (r < '0' || r > '9') })
	if name < 0 || !tagNames[lower(s[c.i:c.i+name])] {
		return 0, ""
	}
	end := strings.IndexAny(s[c.i+name:min(len(s), c.i+200)], "<>\n")
	if end < 0 || s[c.i+name+end] != '>' {
		return 0, ""
	}
	if end > 0 && s[c.i+name] != ' ' && s[c.i+name] != '/' {
		return 0, ""
	}
	return c.i + name + end + 1 - at, " "
}

// emphasisMarks drops the marks around words in bold, italics or code. A star or an underscore between two blanks or
// inside a word is something else.
func emphasisMarks(s string, at int) (int, string) {
	switch s[at] {
	case '`':
		return runLen(s[at:], func(r rune) bool { return r == '`' }), ""
	case '~':
		if strings.HasPrefix(s[at:], "~~") {
			return 2, ""
		}
	case '*', '_':
		n := runLen(s[at:], func(r rune) bool { return r == rune(s[at]) })
		before, after := runeBefore(s, at), runeAt(s, at+n)
		alone := isBlank(before) && isBlank(after)
		inside := n == 1 && isWord(before) && isWord(after)
		if n > 3 || !alone && !inside {
			return n, ""
		}
	}
	return 0, ""
}

// isBlank says that r is white space or the end of the text.
func isBlank(r rune) bool { return r == 0 || unicode.IsSpace(r) }
