package llama

/*
#include "native.h"
*/
import "C"

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// ErrNoVocab is returned where text meets a GGUF that carries no vocabulary: such a model takes ids and embeddings only.
var ErrNoVocab = errors.New("llama: this model has no vocabulary of its own")

// maxText is how long a text Tokenize accepts, in bytes.
const maxText = 1 << 22

// tokenizeSpan is how much text libllama sees at once: its pattern matcher recurses along a word and
// would overrun the stack on a very long one.
const tokenizeSpan = 8 << 10

// HasVocab reports whether Tokenize and Piece work.
func (m *Model) HasVocab() bool { return m.hasVocab }

// Tokenize turns text into token ids. With special set, the names of control tokens in text ("<|im_end|>") become these
// tokens: for templates only. Without it, no text whatsoever yields a control token or one
// added by name ("<tool_call>"). No begin-of-text token is added.
// Invalid UTF-8 is replaced by U+FFFD.
func (m *Model) Tokenize(text string, special bool) ([]int32, error) {
	if !m.hasVocab {
		return nil, fmt.Errorf("tokenize: %w", ErrNoVocab)
	}
	if len(text) > maxText {
		return nil, fmt.Errorf("tokenize: text of %d bytes is longer than %d", len(text), maxText)
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	var ids []int32
	for len(text) > 0 {
		n := spanEnd(text)
		part, err := m.tokenizeSpan(text[:n], special)
		if err != nil {
			return nil, err
		}
		ids = append(ids, part...)
		text = text[n:]
	}
	if !special {
		ids = m.withoutControl(ids)
	}
	return ids, nil
}

// spanEnd is where to cut the next span off text: all of it, or before a space between words, where
// tokenizers cut too, or failing that between runes.
func spanEnd(text string) int {
	if len(text) <= tokenizeSpan {
		return len(text)
	}
	for i := tokenizeSpan - 1; i > tokenizeSpan/2; i-- {
		if text[i] == ' ' && text[i-1] > ' ' && text[i+1:i+2] > " " {
			return i
		}
	}
	n := tokenizeSpan
	for !utf8.RuneStart(text[n]) {
		n--
	}
	return n
}

func (m *Model) tokenizeSpan(text string, special bool) ([]int32, error) {
	out := make([]int32, len(text)+8)
	for range 2 {
		n := int(C.native_tokenize(m.vocab, (*C.char)(unsafe.Pointer(unsafe.StringData(text))), C.int32_t(len(text)),
			(*C.int32_t)(&out[0]), C.int32_t(len(out)), C.bool(special)))
		if n >= 0 {
			return out[:n], nil
		}
		if n < -(8*len(text) + 64) {
			break
		}
		out = make([]int32, -n)
	}
	return nil, fmt.Errorf("tokenize: libllama refused a text of %d bytes", len(text))
}

// withoutControl spells out any control token that ordinary text led to, or drops it where even its letters do.
func (m *Model) withoutControl(ids []int32) []int32 {
	for i := 0; i < len(ids); i++ {
		if !m.steers(ids[i]) {
			continue
		}
		var spelled []int32
		for _, r := range string(m.Piece(ids[i])) {
			part, err := m.tokenizeSpan(string(r), false)
			if err == nil && !slices.ContainsFunc(part, m.steers) {
				spelled = append(spelled, part...)
			}
		}
		ids = append(ids[:i:i], append(spelled, ids[i+1:]...)...)
		i += len(spelled) - 1
	}
	return ids
}

// userDefined is libllama's attribute of tokens that a vocabulary's makers added by name, "<tool_call>" among them.
const userDefined = 1 << 4

// steers reports whether id means something to the model beyond its letters: a control token, or one added by name
// that is more than white space.
func (m *Model) steers(id int32) bool {
	if m.IsControl(id) {
		return true
	}
	return C.native_attributes(m.vocab, C.int32_t(id))&userDefined != 0 && len(bytes.TrimSpace(m.Piece(id))) > 0
}

// Piece is what a token writes: often part of a word, sometimes part of a rune (see [TextDecoder]).
// An id out of range, or a model without vocabulary, gives nil.
func (m *Model) Piece(id int32) []byte {
	if !m.hasVocab || !m.valid(id) {
		return nil
	}
	var small [64]byte
	n := int(C.native_piece(m.vocab, C.int32_t(id), (*C.char)(unsafe.Pointer(&small[0])), C.int32_t(len(small))))
	if n >= 0 {
		return append([]byte(nil), small[:n]...)
	}
	large := make([]byte, -n)
	n = int(C.native_piece(m.vocab, C.int32_t(id), (*C.char)(unsafe.Pointer(&large[0])), C.int32_t(len(large))))
	return large[:max(n, 0)]
}

// IsEOG reports whether id ends a reply (end of text, end of turn).
func (m *Model) IsEOG(id int32) bool {
	return m.hasVocab && m.valid(id) && bool(C.native_is_eog(m.vocab, C.int32_t(id)))
}

// IsControl reports whether id is a control token, one that steers the model and is never shown.
func (m *Model) IsControl(id int32) bool {
	return m.hasVocab && m.valid(id) && bool(C.native_is_control(m.vocab, C.int32_t(id)))
}

// BOS is the token that begins a text, or -1.
func (m *Model) BOS() int32 { return m.known(int32(C.native_bos(m.vocab))) }

// EOS is the token that ends a text, or -1.
func (m *Model) EOS() int32 { return m.known(int32(C.native_eos(m.vocab))) }

// EOT is the token that ends a turn, or -1.
func (m *Model) EOT() int32 { return m.known(int32(C.native_eot(m.vocab))) }

// AddBOS reports whether the model expects every text to begin with BOS.
func (m *Model) AddBOS() bool { return m.hasVocab && bool(C.native_add_bos(m.vocab)) }

func (m *Model) valid(id int32) bool { return id >= 0 && int(id) < m.nVocab }

func (m *Model) known(id int32) int32 {
	if m.valid(id) {
		return id
	}
	return -1
}
