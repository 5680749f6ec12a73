package llama

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// Text much longer than what libllama sees at once comes back whole, and where words have spaces between them it is cut
// into the tokens it would be cut into anyway.
func TestTokenizeLong(t *testing.T) {
	m := load(t, qwen)
	for _, word := range []string{"a", " ", "\n", "가", "7", ". ", "\u0301", "<|im_end|>", "😀", "word ", "\x00"} {
		text := strings.Repeat(word, 3*tokenizeSpan/len(word)+1)
		ids, err := m.Tokenize(text, false)
		if err != nil {
			t.Fatal(err)
		}
		if spell(m, ids) != text {
			t.Errorf("%q repeated does not come back", word)
		}
	}
	text := strings.Repeat("The quick brown fox, it's said, jumps over 12 lazy dogs. ", 400)
	got, err := m.Tokenize(text, false)
	if err != nil {
		t.Fatal(err)
	}
	want, err := m.tokenizeSpan(text, false)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d tokens in spans, %d at once", len(got), len(want))
	}
	if _, err := m.Tokenize(strings.Repeat("a", maxText+1), false); err == nil {
		t.Error("no error for endless text")
	}
}

func TestPiecesOutOfRange(t *testing.T) {
	m := load(t, smol)
	for _, id := range []int32{-1, -1 << 31, int32(m.NVocab()), 1<<31 - 1} {
		if m.Piece(id) != nil || m.IsEOG(id) || m.IsControl(id) {
			t.Errorf("id %d means something", id)
		}
	}
	if !m.IsEOG(m.EOS()) || !m.IsControl(m.EOS()) {
		t.Error("EOS ends nothing")
	}
}

func TestNoVocabulary(t *testing.T) {
	m := load(t, smol)
	bare := &Model{native: m.native, vocab: m.vocab, nVocab: m.nVocab, nEmbd: m.nEmbd}
	if _, err := bare.Tokenize("hello", false); !errors.Is(err, ErrNoVocab) {
		t.Errorf("Tokenize: %v", err)
	}
	if bare.Piece(5) != nil || bare.IsEOG(2) || bare.AddBOS() {
		t.Error("a model without vocabulary has pieces")
	}
}

func TestTextDecoder(t *testing.T) {
	for _, c := range []struct {
		pieces, want []string
		flush        string
	}{
		{[]string{"abc", "d"}, []string{"abc", "d"}, ""},
		{[]string{"\xec", "\x95", "\x88!"}, []string{"", "", "안!"}, ""},
		{[]string{"\xf0\x9f", "\x98", "\x80"}, []string{"", "", "😀"}, ""},
		{[]string{"a\xec", "b"}, []string{"a", "\uFFFDb"}, ""},
		{[]string{"\xff", "a"}, []string{"\uFFFD", "a"}, ""},
		{[]string{"\x80\x80\x80\x80"}, []string{"\uFFFD"}, ""},
		{[]string{"ok\xec\x95"}, []string{"ok"}, "\uFFFD"},
	} {
		d := &TextDecoder{}
		for i, p := range c.pieces {
			if got := d.decode([]byte(p)); got != c.want[i] {
				t.Errorf("%q: piece %d gives %q, want %q", c.pieces, i, got, c.want[i])
			}
		}
		if got := d.Flush(); got != c.flush || d.Flush() != "" {
			t.Errorf("%q: flush %q, want %q", c.pieces, got, c.flush)
		}
	}
}

func TestTextDecoderSpeaksKorean(t *testing.T) {
	m := load(t, smol) // whose vocabulary writes Korean byte by byte
	text, d, got := "한국의 수도는 서울입니다. 😀", NewTextDecoder(m), ""
	for _, id := range tokens(t, m, text) {
		got += d.Write(id)
	}
	if got += d.Write(m.EOS()) + d.Flush(); got != text {
		t.Errorf("%q, want %q", got, text)
	}
}

func FuzzTextDecoder(f *testing.F) {
	f.Add("안녕 \xff\xf0\x9f", uint8(1))
	f.Fuzz(func(t *testing.T, text string, size uint8) {
		d, got := &TextDecoder{}, ""
		for b := []byte(text); len(b) > 0; {
			n := min(len(b), int(size%4)+1)
			part := d.decode(b[:n])
			if strings.ToValidUTF8(part, "") != part {
				t.Fatalf("%q lets go of %q", text, part)
			}
			got, b = got+part, b[n:]
		}
		got += d.Flush()
		if strings.ToValidUTF8(text, "") == text && got != text {
			t.Errorf("%q comes out as %q", text, got)
		}
	})
}
