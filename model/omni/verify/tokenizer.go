package verify

import (
	"context"
	"fmt"
	"path/filepath"

	"omnilive/model/tokenizer"
)

// tokenizers checks tokenizer.json: texts to ids, and back.
func tokenizers(_ context.Context, r *Run) error {
	t, err := tokenizer.Open(filepath.Join(r.Dir, "tokenizer.json"))
	if err != nil {
		return err
	}
	var list struct {
		Cases []struct {
			Text    string  `json:"text"`
			IDs     []int32 `json:"ids"`
			Decoded string  `json:"decoded_skip_special"`
		} `json:"cases"`
	}
	if err := r.JSON("cases.json", &list); err != nil {
		return err
	}
	for i, c := range list.Cases {
		ids, err := t.Encode(c.Text, true)
		if err != nil {
			return err
		}
		what := fmt.Sprintf("%d: %.40q", i, c.Text)
		r.Integers(what+" ids", ids, c.IDs)
		r.Text(what+" text", t.Decode(c.IDs, true), c.Decoded)
	}
	return r.Err()
}
