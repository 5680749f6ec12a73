package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// golden is the stored output of the reference, Hugging Face's tokenizers.
const golden = "../omni/verify/testdata/tokenizer"

func open(t testing.TB) *Tokenizer {
	t.Helper()
	tok, err := Open(filepath.Join(golden, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func readJSON(t testing.TB, path string, v any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
}

func TestGolden(t *testing.T) {
	tok := open(t)
	var g struct {
		Cases []struct {
			Text    string
			IDs     []int32
			Decoded string `json:"decoded_skip_special"`
		}
	}
	readJSON(t, filepath.Join(golden, "cases.json"), &g)
	for _, c := range g.Cases {
		ids, err := tok.Encode(c.Text, true)
		if err != nil || !slices.Equal(ids, c.IDs) {
			t.Errorf("%q: %v, want %v (%v)", c.Text, ids, c.IDs, err)
		}
		if got := tok.Decode(ids, true); got != c.Decoded {
			t.Errorf("decoded %q, want %q", got, c.Decoded)
		}
	}
	if len(g.Cases) < 50 {
		t.Errorf("%d cases", len(g.Cases))
	}
}
