package tokenizer

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// small is a vocabulary of two letters.
const small = `{"added_tokens":[],"normalizer":null,"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},
"decoder":{"type":"ByteLevel"},"model":{"type":"BPE","vocab":{"a":0,"b":1,"Ġ":2,"c":3,"ab":4},"merges":["a b"]}}`

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"{", "", "invalid character"},
		{`"BPE"`, `"Unigram"`, `type "Unigram"`},
		{`"BPE"`, `"BPE","dropout":0.1`, "dropout"},
		{`"BPE"`, `"BPE","byte_fallback":true`, "byte_fallback"},
		{`"BPE"`, `"BPE","continuing_subword_prefix":"##"`, "##"},
		{`"BPE"`, `"BPE","end_of_word_suffix":"</w>"`, "</w>"},
		{`"BPE"`, `"BPE","unk_token":"<unk>"`, "<unk>"},
		{`"a":0`, `"a":-1`, "-1"},
		{`"a":0`, `"a":1`, "two tokens"},
		{`"a":0`, `"a":2000000000`, "2000000000"},
		{`"a":0`, `"a":70000`, "70000"},
		{`"a":0`, `"a":"0"`, "vocab"},
		{`"a":0`, `"":0`, "vocabulary gives"},
		{`"vocab":{"a":0,"b":1,"Ġ":2,"c":3,"ab":4}`, `"vocab":{}`, "empty"},
		{`["a b"]`, `["a c"]`, "merge 0"},
		{`["a b"]`, `["a b c"]`, "3 parts"},
		{`["a b"]`, `[["a"]]`, "1 parts"},
		{`["a b"]`, `{"a":"b"}`, "merges"},
		{`"added_tokens":[]`, `"added_tokens":[{"id":0,"content":"x"}]`, "id of another"},
		{`"added_tokens":[]`, `"added_tokens":[{"id":7,"content":"c"}]`, "ids 3 and 7"},
		{`"added_tokens":[]`, `"added_tokens":[{"id":-7,"content":"x"}]`, "-7"},
		{`"added_tokens":[]`, `"added_tokens":[{"id":7,"content":""}]`, "7"},
		{`"added_tokens":[]`, `"added_tokens":[{"id":3,"content":"c"}]`, "nobody could say it"},
		{`"normalizer":null`, `"normalizer":{"type":"Nmt"}`, `normalizer: type "Nmt"`},
		{`"normalizer":null`, `"normalizer":{}`, "no type"},
		{`"normalizer":null`, `"normalizer":` + nested("normalizers"), "deep"},
		{`"type":"ByteLevel","add`, `"type":"Metaspace","add`, `pre_tokenizer: type "Metaspace"`},
		{`"type":"ByteLevel","add`, `"type":"Split","pattern":{"Regex":"(?=a)"},"behavior":"Isolated","add`, "(?=a)"},
		{`"type":"ByteLevel","add`, `"type":"Split","pattern":{"Regex":"a(?!b)"},"behavior":"Isolated","add`, "(?!b)"},
		{`"type":"ByteLevel","add`, `"type":"Split","pattern":{"Regex":"(((("},"behavior":"Isolated","add`, "bracket"},
		{`"type":"ByteLevel","add`, `"type":"Split","pattern":{"Regex":"(a{999}){999}"},"behavior":"Isolated","add`, "invalid"},
		{`"type":"ByteLevel","add`, `"type":"Split","pattern":{"Regex":"a++"},"behavior":"Isolated","add`, "nested repetition"},
		{`"type":"ByteLevel","add`, `"type":"Split","pattern":{"Regex":"a"},"behavior":"MergedWithNext","add`, "MergedWithNext"},
		{`"type":"ByteLevel","add`, `"type":"Split","add`, "without a pattern"},
		{`"decoder":{"type":"ByteLevel"}`, `"decoder":null`, "decoder: none"},
		{`"decoder":{"type":"ByteLevel"}`, `"decoder":{"type":"WordPiece"}`, "WordPiece"},
	} {
		if !strings.Contains(small, c.old) {
			t.Fatalf("%s is not in the file", c.old)
		}
		_, err := Parse([]byte(strings.Replace(small, c.old, c.new, 1)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", c.new, err, c.want)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "tokenizer.json")); !os.IsNotExist(unwrapped(err)) {
		t.Errorf("no file: %v", err)
	}
}

func unwrapped(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			return err
		}
		if err = u.Unwrap(); os.IsNotExist(err) {
			return err
		}
	}
}

func nested(list string) string {
	open := fmt.Sprintf(`{"type":"Sequence","%s":[`, list)
	return strings.Repeat(open, 9) + strings.Repeat("]}", 9)
}

func TestVariants(t *testing.T) {
	for _, c := range []struct {
		old, new, text string
		want           []int32
	}{
		{"", "", "ab c", []int32{4, 2, 3}},
		{`["a b"]`, `[["a","b"]]`, "ab", []int32{4}},
		{`"add_prefix_space":false`, `"add_prefix_space":true`, "ab", []int32{2, 4}},
		{`["a b"]`, `[],"ignore_merges":true`, "ab", []int32{4}},
		{`["a b"]`, `[]`, "ab", []int32{0, 1}},
		{"", "", "axb", []int32{4}}, // no token for x, and none for what is unknown: it is left out
		{`"BPE"`, `"BPE","unk_token":"c"`, "axxb", []int32{0, 3, 3, 1}},
		{`"BPE"`, `"BPE","fuse_unk":true,"unk_token":"c"`, "axxb", []int32{0, 3, 1}},
		{`"added_tokens":[]`, `"added_tokens":[{"id":9,"content":"X","lstrip":true,"rstrip":true}]`, "a X b", []int32{0, 9, 1}},
		{`"added_tokens":[]`, `"added_tokens":[{"id":9,"content":"X"},{"id":8,"content":"XY"}]`, "aXYXb", []int32{0, 8, 9, 1}},
		{`"added_tokens":[]`, `"added_tokens":[{"id":9,"content":"bb","single_word":true}]`, "abb bb", []int32{4, 1, 2, 9}},
		{`"added_tokens":[]`, `"added_tokens":[{"id":9,"content":"b"},{"id":8,"content":"bc"}]`, "a", nil},
		{`"normalizer":null`, `"normalizer":{"type":"NFKC"}`, "ａｂ", []int32{4}},
		{`"type":"ByteLevel","add`, `"type":"Split","pattern":{"String":"b"},"behavior":"Removed","add`, "abc", []int32{0, 3}},
		{`"type":"ByteLevel","add`, `"type":"Split","pattern":{"String":"b"},"behavior":"Removed","invert":true,"add`, "abc", []int32{1}},
	} {
		tok, err := Parse([]byte(strings.Replace(small, c.old, c.new, 1)))
		if c.want == nil {
			if err == nil {
				t.Errorf("%s was taken", c.new)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.new, err)
			continue
		}
		if ids, err := tok.Encode(c.text, true); err != nil || !slices.Equal(ids, c.want) {
			t.Errorf("%s: %q gives %v, want %v (%v)", c.new, c.text, ids, c.want, err)
		}
	}
}

// FuzzParse: whatever a file says, it is refused, or texts go through without harm.
func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(strings.Replace(small, `"added_tokens":[]`, `"added_tokens":[{"id":9,"content":"X","lstrip":true,"normalized":true}]`, 1)))
	f.Add([]byte(strings.Replace(small, `"type":"ByteLevel","add`, `"type":"Split","pattern":{"Regex":"\\s+(?!\\S)|a*"},"behavior":"Removed","add`, 1)))
	f.Add([]byte(strings.Replace(small, `"normalizer":null`, `"normalizer":`+nested("normalizers"), 1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		tok, err := Parse(data)
		if err != nil {
			return
		}
		for _, special := range []bool{false, true} {
			ids, err := tok.Encode(" ab\nX c\u3000 <|im_end|>", special)
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range ids {
				if id < 0 || int(id) >= tok.Size() {
					t.Fatalf("id %d of %d", id, tok.Size())
				}
			}
			tok.Decode(ids, special)
		}
	})
}
