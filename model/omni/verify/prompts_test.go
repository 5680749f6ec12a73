package verify

import (
	"os"
	"path/filepath"
	"testing"
)

// What needs no network is checked without one: texts, ids, and the prompts of whole checkpoints.
func TestPrompts(t *testing.T) {
	for name, check := range map[string]func(*Run) error{
		"tokenizer":     func(r *Run) error { return tokenizers(t.Context(), r) },
		"chat_template": func(r *Run) error { return chatTemplate(t.Context(), r) },
		"omni-tiny":     tinyPromptIDs,
		"omni-whole":    wholePromptIDs,
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join("testdata", name)
			if _, err := os.Stat(dir); err != nil {
				if os.Getenv("OMNILIVE_SHARED") == "" {
					t.Skip("not in testdata, and OMNILIVE_SHARED is not set")
				}
				dir = filepath.Join(os.Getenv("OMNILIVE_SHARED"), "golden", name)
			}
			rows := 0
			r, err := open(dir, name, Options{Report: func(row Row) {
				if rows++; !row.Passed {
					t.Errorf("%s: %s", row.What, row.Note)
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			defer r.close()
			if err := check(r); err != nil {
				t.Error(err)
			}
			if rows < 20 {
				t.Errorf("%d comparisons", rows)
			}
		})
	}
}
