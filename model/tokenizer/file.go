package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Limits on a file. The 8B's has 200,704 tokens.
const (
	maxFile   = 256 << 20
	maxTokens = 1 << 22
	maxName   = 1 << 12 // bytes of a token of the vocabulary
	maxAdded  = 256     // bytes of a token added by name
)

// file is tokenizer.json as far as it is read.
type file struct {
	Added        []addedToken    `json:"added_tokens"`
	Normalizer   json.RawMessage `json:"normalizer"`
	PreTokenizer json.RawMessage `json:"pre_tokenizer"`
	Decoder      json.RawMessage `json:"decoder"`
	Model        modelPart       `json:"model"`
}

// addedToken is a token found by its name before anything else.
type addedToken struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"` // only between characters that make no word
	Lstrip     bool   `json:"lstrip"`      // takes the white space before it along
	Rstrip     bool   `json:"rstrip"`      // takes the white space behind it along
	Normalized bool   `json:"normalized"`  // looked for after normalisation
	Special    bool   `json:"special"`     // left out of decoded text
}

type modelPart struct {
	Type         string           `json:"type"`
	Dropout      *float64         `json:"dropout"`
	Unknown      *string          `json:"unk_token"`
	Prefix       *string          `json:"continuing_subword_prefix"`
	Suffix       *string          `json:"end_of_word_suffix"`
	FuseUnknown  bool             `json:"fuse_unk"`
	ByteFallback bool             `json:"byte_fallback"`
	IgnoreMerges bool             `json:"ignore_merges"`
	Vocab        map[string]int32 `json:"vocab"`
	Merges       json.RawMessage  `json:"merges"`
}

// Open reads a tokenizer.json.
func Open(path string) (*Tokenizer, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read tokenizer: %w", err)
	}
	defer f.Close()
	var data bytes.Buffer
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		data.Grow(int(min(info.Size(), maxFile)) + bytes.MinRead)
	}
	if _, err := data.ReadFrom(io.LimitReader(f, maxFile+1)); err != nil {
		return nil, fmt.Errorf("read tokenizer: %w", err)
	}
	t, err := Parse(data.Bytes())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// Parse makes a Tokenizer out of the bytes of a tokenizer.json.
func Parse(data []byte) (*Tokenizer, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("read tokenizer: the file is longer than %d bytes", maxFile)
	}
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("read tokenizer: %w", err)
	}
	t, err := build(&f)
	if err != nil {
		return nil, fmt.Errorf("read tokenizer: %w", err)
	}
	return t, nil
}

// check refuses what would silently give other ids.
func (m *modelPart) check() error {
	switch {
	case m.Type != "BPE" && m.Type != "":
		return fmt.Errorf("the model is of type %q, only BPE is known", m.Type)
	case m.Dropout != nil && *m.Dropout != 0:
		return fmt.Errorf("the model has dropout %v, want none", *m.Dropout)
	case m.Prefix != nil && *m.Prefix != "":
		return fmt.Errorf("continuing_subword_prefix %q is not known", *m.Prefix)
	case m.Suffix != nil && *m.Suffix != "":
		return fmt.Errorf("end_of_word_suffix %q is not known", *m.Suffix)
	case m.ByteFallback:
		return errors.New("byte_fallback is not known: this is no byte-level vocabulary")
	case len(m.Vocab) == 0:
		return errors.New("the vocabulary is empty")
	case len(m.Vocab) > maxTokens:
		return fmt.Errorf("the vocabulary has %d tokens, want at most %d", len(m.Vocab), maxTokens)
	}
	return nil
}

// pairs reads merges in either form: ["a b", …] of old files or [["a","b"], …].
func (m *modelPart) pairs() ([][]string, error) {
	if len(m.Merges) == 0 {
		return nil, nil
	}
	var out [][]string
	if err := json.Unmarshal(m.Merges, &out); err == nil {
		return out, nil
	}
	var lines []string
	if err := json.Unmarshal(m.Merges, &lines); err != nil {
		return nil, fmt.Errorf("merges: %w", err)
	}
	out = make([][]string, len(lines))
	for i, line := range lines {
		out[i] = strings.Split(line, " ")
	}
	return out, nil
}

// component reads the type of a normaliser, pre-tokenizer or decoder; "" is none.
func component(raw json.RawMessage) (string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return "", nil
	}
	var c struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return "", err
	}
	if c.Type == "" {
		return "", errors.New("a component has no type")
	}
	return c.Type, nil
}
