package tokenizer

import (
	"errors"
	"fmt"
	"strings"
)

// A Tokenizer holds what a tokenizer.json says.
type Tokenizer struct {
	spelled   []string // by id: the bytes that a token writes; "" where there is none
	kind      []kind   // by id
	ids       map[string]int32
	added     matcher // tokens looked for in the text as it is
	cooked    matcher // tokens looked for in normalised text
	normalize func(string) string
	cut       []cutter
	bpe       bpe
}

// kind says what an id is.
type kind uint8

const (
	absent  kind = iota
	word         // of the BPE vocabulary
	named        // added by name, shown
	special      // added by name, not shown
	blank        // added by name, but nothing beyond white space: steers nothing
)

func build(f *file) (t *Tokenizer, err error) {
	if err := f.Model.check(); err != nil {
		return nil, err
	}
	t = &Tokenizer{}
	if err := t.name(f); err != nil {
		return nil, err
	}
	if t.normalize, err = newNormalizer(f.Normalizer, 0); err != nil {
		return nil, fmt.Errorf("normalizer: %w", err)
	}
	if t.cut, err = newCutters(f.PreTokenizer, 0); err != nil {
		return nil, fmt.Errorf("pre_tokenizer: %w", err)
	}
	if err := checkDecoder(f.Decoder, 0); err != nil {
		return nil, fmt.Errorf("decoder: %w", err)
	}
	if err := t.bpe.load(t, &f.Model); err != nil {
		return nil, err
	}
	t.look(f.Added)
	return t, nil
}

// name fills the tables of ids.
func (t *Tokenizer) name(f *file) error {
	if len(f.Added) > maxTokens {
		return fmt.Errorf("%d added tokens, want at most %d", len(f.Added), maxTokens)
	}
	n := len(f.Model.Vocab) + len(f.Added)
	top := int32(-1)
	for _, id := range f.Model.Vocab {
		top = max(top, id)
	}
	for _, a := range f.Added {
		top = max(top, a.ID)
	}
	if limit := 2*n + 1<<16; int(top) >= limit || int(top) >= maxTokens {
		return fmt.Errorf("%d tokens, and one has the id %d", n, top)
	}
	t.spelled, t.kind = make([]string, top+1), make([]kind, top+1)
	t.ids = make(map[string]int32, n)
	letters := newAlphabet()
	for name, id := range f.Model.Vocab {
		if id < 0 || len(name) > maxName || name == "" {
			return fmt.Errorf("the vocabulary gives %.40q the id %d", name, id)
		}
		if t.kind[id] != absent {
			return fmt.Errorf("two tokens of the vocabulary have the id %d", id)
		}
		t.kind[id], t.spelled[id], t.ids[name] = word, letters.bytes(name), id
	}
	for _, a := range f.Added {
		if err := t.nameAdded(a, letters); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tokenizer) nameAdded(a addedToken, letters *alphabet) error {
	if a.ID < 0 || a.Content == "" || len(a.Content) > maxAdded {
		return fmt.Errorf("added token %.40q has the id %d", a.Content, a.ID)
	}
	id, known := t.ids[a.Content]
	if known && id != a.ID {
		return fmt.Errorf("added token %.40q has the ids %d and %d", a.Content, id, a.ID)
	}
	if t.kind[a.ID] != absent && !known {
		return fmt.Errorf("added token %.40q has the id of another, %d", a.Content, a.ID)
	}
	t.spelled[a.ID], t.ids[a.Content] = letters.bytes(a.Content), a.ID
	switch {
	case a.Special:
		t.kind[a.ID] = special
	case strings.TrimSpace(a.Content) == "":
		t.kind[a.ID] = blank
	default:
		t.kind[a.ID] = named
	}
	return nil
}

// look prepares the search for added tokens.
func (t *Tokenizer) look(added []addedToken) {
	for _, a := range added {
		if a.Normalized && t.normalize != nil {
			name := a
			name.Content = t.normalize(a.Content)
			t.cooked.add(name)
			continue
		}
		if a.Normalized {
			t.cooked.add(a)
			continue
		}
		t.added.add(a)
	}
}

// steers reports whether an id means more than its letters.
func (t *Tokenizer) steers(id int32) bool { return t.kind[id] == named || t.kind[id] == special }

// Size is one more than the highest id.
func (t *Tokenizer) Size() int { return len(t.spelled) }

// ID looks a token up by its name: the text of an added token, or the spelling of the vocabulary ("Ġthe").
func (t *Tokenizer) ID(name string) (int32, bool) {
	id, ok := t.ids[name]
	return id, ok
}

// IsAdded reports whether id was added by name, special or not.
func (t *Tokenizer) IsAdded(id int32) bool { return t.valid(id) && t.kind[id] >= named }

// IsSpecial reports whether id was added by name as special: decoding may leave it out.
func (t *Tokenizer) IsSpecial(id int32) bool { return t.valid(id) && t.kind[id] == special }

// Bytes is what a token writes, often a part of a word, sometimes a part of a rune; "" for an id that is no token.
func (t *Tokenizer) Bytes(id int32) string {
	if !t.valid(id) {
		return ""
	}
	return t.spelled[id]
}

// Added lists the ids of the tokens whose name begins with prefix and that were added by name, in order.
func (t *Tokenizer) Added(prefix string) (ids []int32) {
	for id, k := range t.kind {
		if k >= named && strings.HasPrefix(t.spelled[id], prefix) {
			ids = append(ids, int32(id))
		}
	}
	return ids
}

func (t *Tokenizer) valid(id int32) bool { return id >= 0 && int(id) < len(t.spelled) }

var errTooLong = errors.New("the text is longer than 4 MiB")
