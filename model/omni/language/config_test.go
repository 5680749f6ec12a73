package language

import (
	"bytes"
	"os"
	"testing"
)

// A configuration that is taken holds numbers that a model can have, and heads that share.
func FuzzConfig(f *testing.F) {
	text, err := os.ReadFile("../verify/testdata/omni-whole/config.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(bytes.ReplaceAll(text, []byte("4"), []byte("-4")))
	f.Add([]byte(`{"text_config":{"num_attention_heads":1,"num_key_value_heads":-1}}`))
	f.Add([]byte(`{"text_config":{}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ParseConfig(text)
		if err != nil {
			return
		}
		if min(c.Vocabulary, c.Width, c.Inner, c.Layers, c.Heads, c.KeyHeads, c.HeadSize, c.Positions) < 1 || c.Heads%c.KeyHeads != 0 {
			t.Errorf("took %+v", c)
		}
	})
}
