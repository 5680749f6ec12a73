package g2p

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

var opened struct {
	once sync.Once
	r    *Reader
	err  error
}

// open returns one Reader for all tests; it spells unknown words with question marks.
func open(t testing.TB) *Reader {
	t.Helper()
	dir := os.Getenv("OMNILIVE_MODELS")
	if dir == "" {
		t.Skip("OMNILIVE_MODELS is not set: no tables to read with")
	}
	opened.once.Do(func() {
		opened.r, opened.err = Open(filepath.Join(dir, "hibari"), func(w string) string { return strings.Repeat("?", min(len(w), 24)) })
	})
	if opened.err != nil {
		t.Fatal(opened.err)
	}
	return opened.r
}

// TestNormalize holds what the golden sentences of package hibari do not.
func TestNormalize(t *testing.T) {
	n := open(t).normalizer
	for text, want := range map[string]string{
		"Call 555-1234.":              "Call 5 5 5, 1 2 3 4.",
		"Read pages 10-12.":           "Read pages 10 to 12.",
		"Add 3/4.":                    "Add 3 quarters.",
		"It is on 5 May.":             "It is on the fifth of May.",
		"King Charles and Part Iraq":  "King Charles and Part Iraq",
		"Pope John Paul II's car":     "Pope John Paul II's car",
		"9:30 amp":                    "nine thirty amp",
		"25:99 and 13/45/2020":        "25:99 and 13/45/2020",
		"20° Celsius":                 "20 degrees Celsius",
		"a<=b":                        "a less than equals b",
		"  much \t\n  space  ":        "much space",
		"2*3 = 6, 8 / 2 = 4":          "2 times 3 equals 6, 8 divided by 2 equals 4",
		"10 - 3 = 7":                  "10 minus 3 equals 7",
		"the year IV":                 "the year IV",
		"Louis XIV, Act III, Part IL": "Louis the fourteenth, Act 3, Part IL",
		"¥1 USD 1 Rs.5k $2b":          "1 yen 1 dollar 5 thousand rupees 2 billion dollars",
	} {
		if got := n.normalize(trace(text)); got.text != want {
			t.Errorf("%q\n got %q\nwant %q", text, got.text, want)
		}
	}
}

func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		"**Bold**, *it*, __b__ and _i_.":        "Bold, it, b and i.",
		"2 * 3 and snake_case_name, 2*3":        "2 * 3 and snake_case_name, 2*3",
		"# Title\nText":                         "Title\nText",
		"- one\n* two\n1. three\n  + four":      "one\ntwo\n1. three\nfour",
		"> quoted":                              "quoted",
		"See [the docs](https://x.y/z) ![a](b)": "See the docs a",
		"Use `go test` and ~~not~~ that":        "Use go test and not that",
		"```go\nfunc\n```\nend":                 "func\n\nend",
		"a\n---\nb":                             "a\n\nb",
		"Hi 😀👍🏽! 1️⃣ #️⃣ ➡️":                    "Hi ! 1",
		"x<br>y <b>z</b> a < b > c <foo>":       "x y  z  a < b > c <foo>",
		"\xff\xfebroken\x00":                    "broken",
		"#5 is #1 and #tag":                     "#5 is #1 and #tag",
		"Tom [sic] (ok) [x](":                   "Tom [sic] (ok) [x](",
	} {
		if got := Plain(text); got != want {
			t.Errorf("%q\n got %q\nwant %q", text, got, want)
		}
	}
}

func TestSentences(t *testing.T) {
	n := open(t).normalizer
	for text, want := range map[string][]string{
		"One. Two! Three? Four":              {"One.", "Two!", "Three?", "Four"},
		"Dr. Smith met J. K. Rowling. Yes.":  {"Dr. Smith met J. K. Rowling.", "Yes."},
		"No. 5 on Jan. 5 is approx. 3. Well": {"No. 5 on Jan. 5 is approx. 3.", "Well"},
		"\"Really?\" she said. \"Yes.\" Ok.": {"\"Really?\" she said.", "\"Yes.\"", "Ok."},
		"line\n\nline two\nthree":            {"line", "line two", "three"},
		"e.g. this and etc. that":            {"e.g. this and etc. that"},
		"":                                   nil,
		" \n ":                               nil,
	} {
		var got []string
		for _, s := range sentences(trace(text), n.tables) {
			got = append(got, s.text)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q\n got %q\nwant %q", text, got, want)
		}
	}
}

func TestTokenize(t *testing.T) {
	k := open(t).tokenizer
	for text, want := range map[string]string{
		"Don't stop, (please)!":       "Do n't stop , ( please ) !",
		"He's at example.com/a now.":  "He 's at example.com/a now .",
		"well-known red/green 3-year": "well - known red / green 3 - year",
		"$5.00 5km US$3 100%":         "$ 5.00 5 km US$ 3 100 %",
		"Wait...what?!":               "Wait ... what ? !",
		"the U.S. and NASA.":          "the U.S. and NASA .",
	} {
		var got []string
		for _, p := range k.tokenize(text) {
			got = append(got, p.text)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q\n got %q\nwant %q", text, strings.Join(got, " "), want)
		}
	}
}

// TestEnds proves that every word knows where it ended, through all rewriting.
func TestEnds(t *testing.T) {
	text := "Hi **Bob** 😀, it's 9:30am: [see it](http://x.y) Dr. Lee pay $5."
	words, err := open(t).Read(text)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range slices.Concat(words...) {
		if s := strings.TrimSpace(text[:w.End]); len(got) == 0 || got[len(got)-1] != s {
			got = append(got, s)
		}
	}
	want := []string{"Hi", "Hi **Bob** 😀,", "Hi **Bob** 😀, it's", "Hi **Bob** 😀, it's 9:30am", "Hi **Bob** 😀, it's 9:30am:"}
	for _, next := range []string{" [see", " it", "](http://x.y) Dr.", " Lee", " pay", " $5."} {
		want = append(want, want[len(want)-1]+next)
	}
	if !slices.Equal(got, want) {
		t.Errorf(" got %q\nwant %q", got, want)
	}
}

func TestReadTooLong(t *testing.T) {
	if _, err := open(t).Read(strings.Repeat("a", 1<<20)); err == nil || !strings.Contains(err.Error(), "at most 16384") {
		t.Errorf("1 MB of text: %v", err)
	}
}

// TestReadHostile reads the longest text there can be, made of what is hardest to read. What comes out is bounded; the
// log has the times.
func TestReadHostile(t *testing.T) {
	r := open(t)
	for _, unit := range []string{
		"a", "aB", "1", "1,", ".", "(", "'", "-", "[", "*", "_ ", "<b", "a.b", "$1", "1/", "# ", "\n",
		"É'", "(-", "`", "9:", "A. ",
	} {
		begin := time.Now()
		words, err := r.Read(strings.Repeat(unit, MaxText/len(unit)))
		if err != nil {
			t.Fatal(err)
		}
		size := 0
		for _, w := range slices.Concat(words...) {
			size += len(w.Phonemes)
		}
		if t.Logf("%q: %v, %d bytes of phonemes", unit, time.Since(begin), size); size > 20*MaxText {
			t.Errorf("%q repeated: %d bytes of phonemes", unit, size)
		}
	}
}

// FuzzRead proves for all text: no panic, ends that ascend and lie in the text, phonemes in proportion.
func FuzzRead(f *testing.F) {
	data, err := os.ReadFile("../testdata/sentences.txt")
	if err != nil {
		f.Fatal(err)
	}
	for i, line := range strings.Split(string(data), "\n") {
		if i%7 == 0 {
			f.Add(line)
		}
	}
	f.Add("**a** [b](c) <br> 😀 \xff 1/2 $1k ¥5 -3°C XIV Dr. O'Brien B2B 12:30pm")
	r := open(f)
	f.Fuzz(func(t *testing.T, text string) {
		words, err := r.Read(text)
		if err != nil {
			t.Skip()
		}
		before, size := 0, 0
		for _, w := range slices.Concat(words...) {
			if w.End < before || w.End > len(text) {
				t.Fatalf("%q: %q ends at %d, the one before at %d", text, w.Phonemes, w.End, before)
			}
			if w.Phonemes == "" || strings.ContainsAny(w.Phonemes, " \n") || !utf8.ValidString(w.Phonemes) {
				t.Fatalf("%q: word %q", text, w.Phonemes)
			}
			before = w.End
			size += len(w.Phonemes)
		}
		if size > 40*len(text)+100 {
			t.Fatalf("%d bytes of phonemes for %d of text", size, len(text))
		}
	})
}

// FuzzTables proves that broken tables are errors.
func FuzzTables(f *testing.F) {
	f.Add([]byte(`{"months":{},"symbols":{"=":"equals"}}`))
	f.Add([]byte(`{"units":{"km":["a"]},"symbols":[1]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if tables, err := parseTables(data); err == nil {
			newNormalizer(tables).normalize(trace("5 km on Jan. 5 at 9:30"))
		}
	})
}
