package tokenizer

import (
	"fmt"
	"strings"
)

// maxText is how long a text may be, in bytes.
const maxText = 4 << 20

// A Part is a stretch of a text from one source.
type Part struct {
	Text string
	// Special marks text of the program's own, in which names of added tokens ("<|im_end|>", "<tool_call>") become these
	// tokens. Never set it for what a user, a tool or a model said.
	Special bool
}

// Encode turns text into ids. With special false, no text whatsoever gives a token added by name; with special true, the
// ids are those of the reference with add_special_tokens=False. Invalid UTF-8 is replaced by U+FFFD.
func (t *Tokenizer) Encode(text string, special bool) ([]int32, error) {
	return t.EncodeParts(Part{text, special})
}

// EncodeParts turns a text that came from several sources into ids. Between two added tokens the parts count as one text, so
// that the ids are those of the whole: words are cut across the seams, as the reference would that saw the text only.
// Names of added tokens are looked for inside of each special part, never across a seam.
func (t *Tokenizer) EncodeParts(parts ...Part) ([]int32, error) {
	total := 0
	for _, p := range parts {
		if total += len(p.Text); total > maxText || total < 0 {
			return nil, fmt.Errorf("tokenize: %w", errTooLong)
		}
	}
	e := encoder{t: t, ids: make([]int32, 0, total/3+len(parts))}
	for _, p := range parts {
		text := strings.ToValidUTF8(p.Text, "\uFFFD")
		if !p.Special {
			e.run.WriteString(t.normal(text))
			continue
		}
		e.search(&t.added, text, func(text string) {
			e.search(&t.cooked, t.normal(text), func(text string) { e.run.WriteString(text) })
		})
	}
	e.flush()
	return e.ids, nil
}

func (t *Tokenizer) normal(text string) string {
	if t.normalize == nil || text == "" {
		return text
	}
	return t.normalize(text)
}

// encoder gathers text up to the next added token.
type encoder struct {
	t   *Tokenizer
	ids []int32
	run strings.Builder
}

// search appends the added tokens of text and hands what lies between them to rest.
func (e *encoder) search(m *matcher, text string, rest func(string)) {
	at := 0
	for {
		start, end, id, ok := m.next(text, at)
		if !ok {
			break
		}
		if start > at {
			rest(text[at:start])
		}
		e.flush()
		e.ids = append(e.ids, id)
		at = end
	}
	if at < len(text) {
		rest(text[at:])
	}
}

// flush encodes the gathered text.
func (e *encoder) flush() {
	if e.run.Len() == 0 {
		return
	}
	text := e.run.String()
	e.run.Reset()
	e.words(text, e.t.cut)
}

// words takes text apart with each cutter in turn.
func (e *encoder) words(text string, chain []cutter) {
	if len(chain) == 0 {
		e.ids = e.t.bpe.encode(e.ids, text)
		return
	}
	chain[0].cut(text, func(part string) { e.words(part, chain[1:]) })
}
