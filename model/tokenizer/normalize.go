package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/text/unicode/norm"
)

// maxNesting bounds Sequences inside Sequences.
const maxNesting = 8

var errNesting = fmt.Errorf("sequences lie more than %d deep in one another", maxNesting)

// newNormalizer reads a normaliser; nil leaves text as it is.
func newNormalizer(raw json.RawMessage, depth int) (func(string) string, error) {
	kind, err := component(raw)
	if err != nil {
		return nil, err
	}
	switch kind {
	case "":
		return nil, nil
	case "NFC":
		return norm.NFC.String, nil
	case "NFD":
		return norm.NFD.String, nil
	case "NFKC":
		return norm.NFKC.String, nil
	case "NFKD":
		return norm.NFKD.String, nil
	case "Sequence":
		return newNormalizers(raw, depth)
	}
	return nil, fmt.Errorf("type %.40q is not known", kind)
}

func newNormalizers(raw json.RawMessage, depth int) (func(string) string, error) {
	if depth == maxNesting {
		return nil, errNesting
	}
	var s struct {
		Parts []json.RawMessage `json:"normalizers"`
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, err
	}
	var chain []func(string) string
	for _, part := range s.Parts {
		f, err := newNormalizer(part, depth+1)
		if err != nil {
			return nil, err
		}
		if f != nil {
			chain = append(chain, f)
		}
	}
	if len(chain) == 0 {
		return nil, nil
	}
	return func(text string) string {
		for _, f := range chain {
			text = f(text)
		}
		return text
	}, nil
}

// checkDecoder accepts only what [Decoder] does.
func checkDecoder(raw json.RawMessage, depth int) error {
	kind, err := component(raw)
	if err != nil {
		return err
	}
	switch kind {
	case "ByteLevel":
		return nil
	case "":
		return errors.New("none; this is no byte-level vocabulary")
	case "Sequence":
		var s struct {
			Parts []json.RawMessage `json:"decoders"`
		}
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		if len(s.Parts) == 1 && depth < maxNesting {
			return checkDecoder(s.Parts[0], depth+1)
		}
	}
	return fmt.Errorf("type %.40q is not known", kind)
}
