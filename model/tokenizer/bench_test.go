package tokenizer

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// large is a tokenizer.json of the 8B's size: 128,000 tokens of text, 606 control tokens, 6,562 units and 65,536 codes.
func large(b *testing.B) []byte {
	var f struct {
		Added        []addedToken   `json:"added_tokens"`
		PreTokenizer any            `json:"pre_tokenizer"`
		Decoder      any            `json:"decoder"`
		Model        map[string]any `json:"model"`
	}
	readJSON(b, golden+"/tokenizer.json", &f)
	r := rand.New(rand.NewPCG(1, 2))
	var names []string
	vocab, merges := map[string]int{}, [][2]string{}
	for _, letter := range newAlphabet().letter {
		vocab[string(letter)] = len(names)
		names = append(names, string(letter))
	}
	for len(names) < 128_000 {
		x, y := names[r.IntN(len(names))], names[r.IntN(len(names))]
		if _, known := vocab[x+y]; !known && len(x+y) < 16 {
			vocab[x+y] = len(names)
			names = append(names, x+y)
			merges = append(merges, [2]string{x, y})
		}
	}
	f.Model["vocab"], f.Model["merges"], f.Added = vocab, merges, nil
	for id := int32(128_000); id < 200_704; id++ {
		f.Added = append(f.Added, addedToken{ID: id, Content: fmt.Sprintf("<|token%06d|>", id)})
	}
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		b.Fatal(err)
	}
	return data
}

func BenchmarkParse(b *testing.B) {
	data := large(b)
	b.ReportMetric(float64(len(data))/1e6, "file-MB")
	for b.Loop() {
		if _, err := Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	tok, err := Parse(large(b))
	if err != nil {
		b.Fatal(err)
	}
	for name, text := range map[string]string{
		"prose":  strings.Repeat("The quick brown fox jumps over the lazy dog, 1234 times. 안녕하세요, 무엇을 도와드릴까요?\n", 1000),
		"letter": strings.Repeat("a", 100_000),
		"spaces": strings.Repeat("a  ", 33_000),
		"names":  strings.Repeat("<|token", 15_000),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := tok.Encode(text, true); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
