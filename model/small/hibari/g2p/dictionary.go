package g2p

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// An entry is what the dictionary has for one spelling.
type entry struct {
	phonemes string            // where the part of speech does not matter, else that of the default
	byTag    map[string]string // other readings by part of speech; an empty one means: spell the letters
}

// UnmarshalJSON reads a string, or an object of strings and nulls by part of speech.
func (e *entry) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &e.phonemes)
	}
	var forms map[string]*string
	if err := json.Unmarshal(data, &forms); err != nil {
		return err
	}
	e.byTag = make(map[string]string, len(forms))
	for tag, phonemes := range forms {
		if phonemes == nil {
			phonemes = new(string)
		}
		if tag == "DEFAULT" {
			e.phonemes = *phonemes
			continue
		}
		e.byTag[tag] = *phonemes
	}
	return nil
}

// A dictionary holds entries by spelling. A word with a capital also finds its plain form and the other way round,
// unless that form has an entry of its own.
type dictionary struct {
	words    texts            // in ascending order
	phonemes texts            // of each
	forms    map[string]entry // the words with more than one reading, whole
}

// UnmarshalJSON reads an object of entries.
func (d *dictionary) UnmarshalJSON(data []byte) error {
	var entries map[string]entry
	if err := json.Unmarshal(data, &entries); err != nil {
		return err
	}
	words := slices.Sorted(maps.Keys(entries))
	phonemes := make([]string, len(words))
	d.forms = map[string]entry{}
	for i, word := range words {
		e := entries[word]
		if phonemes[i] = e.phonemes; e.byTag != nil {
			d.forms[word] = e
		}
	}
	d.words, d.phonemes = newTexts(words), newTexts(phonemes)
	return nil
}

// entry is that of a word as it is written, an empty one where there is none.
func (d *dictionary) entry(word string) entry {
	e, _ := d.exact(word)
	return e
}

// exact finds a word as it is written.
func (d *dictionary) exact(word string) (entry, bool) {
	i, ok := d.words.find(word)
	if !ok {
		return entry{}, false
	}
	if e, ok := d.forms[word]; ok {
		return e, true
	}
	return entry{phonemes: d.phonemes.at(i)}, true
}

func (d *dictionary) find(word string) (entry, bool) {
	e, ok := d.exact(word)
	if ok || utf8.RuneCountInString(word) < 2 {
		return e, ok
	}
	low := lower(word)
	switch word {
	case low:
		e, ok = d.exact(capitalize(low))
	case capitalize(low):
		e, ok = d.exact(low)
	}
	return e, ok
}

func (d *dictionary) has(word string) bool {
	_, ok := d.find(word)
	return ok
}

func lower(s string) string { return strings.ToLower(s) }

func upper(s string) string { return strings.ToUpper(s) }

func capitalize(low string) string {
	r, n := utf8.DecodeRuneInString(low)
	if n == 0 {
		return low
	}
	return string(unicode.ToTitle(r)) + low[n:]
}
