package tokenizer

import (
	"slices"
	"strings"
	"testing"
)

const (
	cl100k = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	o200k  = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|` +
		`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|` +
		`\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

func split(t testing.TB, pattern, text string) (parts []string) {
	t.Helper()
	s, err := newSplitter(pattern)
	if err != nil {
		t.Fatal(err)
	}
	s.cut(text, func(part string) { parts = append(parts, part) })
	return parts
}

// The parts are those of the reference's engine.
func TestSplit(t *testing.T) {
	for _, c := range []struct{ pattern, text, want string }{
		{cl100k, "It's 12345 a  b\n\n c", "It|'s| |123|45| a| | b|\n\n| c"},
		{cl100k, "x   ", "x|   "},
		{cl100k, " \u3000\u00a0y", " \u3000|\u00a0y"},
		{cl100k, "\u0085 \u2028z", "\u0085 |\u2028z"},
		{cl100k, "  !!\r\n\tq", " | !!\r\n|\tq"},
		{gpt2, "don't  1234 x", "don|'t| | 1234| x"},
		{gpt2, "a \n b", "a| \n| b"},
		{o200k, "HelloWorld's 안녕", "Hello|World's| 안녕"},
		{`\s+(?!\S)|\w+`, "  ab, c ", " | |ab|, |c| "},
		{`\s+(?!\S)`, " a  b", " a| | b"},
		{`x*`, "axxb", "a|xx|b"},
		{`(a)(b)`, "xab", "x|ab"},
	} {
		if got := strings.Join(split(t, c.pattern, c.text), "|"); got != c.want {
			t.Errorf("%.20s: %q becomes %q, want %q", c.pattern, c.text, got, c.want)
		}
	}
}

// FuzzSplit: parts make up the text.
func FuzzSplit(f *testing.F) {
	f.Add("a  b\n c 's 1234 \u3000x")
	var all []*splitter
	for _, pattern := range []string{cl100k, gpt2, o200k, `\s+(?!\S)|b`} {
		s, err := newSplitter(pattern)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text, "?")
		for _, s := range all {
			var parts []string
			s.cut(text, func(part string) { parts = append(parts, part) })
			if strings.Join(parts, "") != text || slices.Contains(parts, "") {
				t.Fatalf("%q becomes %q", text, parts)
			}
		}
	})
}

// FuzzMerge: the queue merges as trying all pairs does.
func FuzzMerge(f *testing.F) {
	f.Add([]byte("hello there, hello there, the the the"))
	f.Add([]byte("       "))
	f.Add([]byte("\xec\x95\x88\xec\x95\x88\xec"))
	tok := open(f)
	f.Fuzz(func(t *testing.T, word []byte) {
		if word = word[:min(len(word), short)]; len(word) == 0 {
			return
		}
		a := make([]int32, len(word))
		for i, b := range word {
			a[i] = tok.bpe.letters[b]
		}
		b := slices.Clone(a)
		a, b = a[:tok.bpe.mergeShort(a)], b[:tok.bpe.mergeLong(b)]
		if !slices.Equal(a, b) {
			t.Fatalf("%q: %v and %v", word, a, b)
		}
	})
}

func TestLongWords(t *testing.T) {
	tok := open(t)
	for _, text := range []string{
		strings.Repeat("a", 100_000), strings.Repeat(" ", 100_000) + "x", strings.Repeat("\n", 100_000), strings.Repeat("<|", 50_000),
		strings.Repeat("the", 50_000), strings.Repeat("한", 50_000),
	} {
		ids, err := tok.Encode(text, true)
		if err != nil || tok.Decode(ids, false) != text {
			t.Errorf("%.4q…: %v", text, err)
		}
	}
}
