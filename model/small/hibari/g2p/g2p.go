package g2p

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"
)

// MaxText is the longest text Read takes, in bytes: about a quarter of an hour of speech.
const MaxText = 1 << 14

// A Word is what is said between two blanks.
type Word struct {
	Phonemes string // in the alphabet of vocab.json; marks included
	End      int    // offset in the text given to Read, just past the word
}

// A Reader turns text into phonemes.
type Reader struct {
	normalizer *normalizer
	tokenizer  tokenizer
	tagger     *tagger
	lexicon    lexicon
	unknown    func(word string) string
}

// Open reads the tables in the folder dir. unknown gives the phonemes of a word that is not in them, empty where it
// does not know either; nil stands for a function that never knows.
func Open(dir string, unknown func(word string) string) (*Reader, error) {
	if unknown == nil {
		unknown = func(string) string { return "" }
	}
	r := &Reader{unknown: unknown}
	var reading errgroup.Group
	reading.Go(func() error {
		var t json.RawMessage
		if err := load(dir, "normalize.json", &t); err != nil {
			return err
		}
		tables, err := parseTables(t)
		if err != nil {
			return fmt.Errorf("read normalize.json: %w", err)
		}
		r.normalizer = newNormalizer(tables)
		return load(dir, "tokenizer_exceptions.json", &r.tokenizer.exceptions)
	})
	reading.Go(func() (err error) {
		var f taggerFile
		if err := load(dir, "tagger.json.gz", &f); err != nil {
			return err
		}
		if r.tagger, err = newTagger(&f); err != nil {
			return fmt.Errorf("read tagger.json.gz: %w", err)
		}
		return nil
	})
	for name, d := range map[string]*dictionary{"lexicon_us_gold.json.gz": &r.lexicon.gold, "lexicon_us_silver.json.gz": &r.lexicon.silver} {
		reading.Go(func() error { return load(dir, name, d) })
	}
	if err := reading.Wait(); err != nil {
		return nil, err
	}
	return r, nil
}

// load decodes a JSON file of the folder dir, which is compressed where its name ends in .gz.
func load(dir, name string, into any) error {
	path := filepath.Join(dir, name)
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read pronunciation table: %w (run `omnilive models fetch`)", err)
	}
	defer f.Close()
	var plain io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if plain, err = gzip.NewReader(f); err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
	}
	const largest = 64 << 20 // the largest table has 8 MB
	data, err := io.ReadAll(io.LimitReader(plain, largest))
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// Read returns the words of text, sentence by sentence; those without a sound are left out. Text longer than MaxText is an error.
func (r *Reader) Read(text string) ([][]Word, error) {
	if len(text) > MaxText {
		return nil, fmt.Errorf("read text: %d bytes, at most %d can be spoken at once", len(text), MaxText)
	}
	var out [][]Word
	for _, s := range sentences(plain(text), r.normalizer.tables) {
		if words := r.sentence(s); len(words) > 0 {
			out = append(out, words)
		}
	}
	return out, nil
}

// sentence reads one sentence.
func (r *Reader) sentence(t traced) []Word {
	t = r.normalizer.normalize(t)
	tokens := r.tokenizer.tokenize(t.text)
	if len(tokens) == 0 {
		return nil
	}
	groups := words(tokens, r.tagger.tag(tokens), t)
	r.pronounce(groups)
	var out []Word
	var said strings.Builder
	for i, group := range groups {
		for _, p := range group {
			if p.apart && said.Len() > 0 && p.phonemes != "" && !strings.HasSuffix(said.String(), " ") {
				said.WriteByte(' ')
			}
			said.WriteString(p.phonemes)
		}
		last := group[len(group)-1]
		if (last.space || i == len(groups)-1) && said.Len() > 0 {
			for phonemes := range strings.FieldsSeq(taps.Replace(said.String())) { // figures are several words
				out = append(out, Word{phonemes, last.end})
			}
			said.Reset()
		}
	}
	return out
}

// taps brings sounds of the dictionary to the model's alphabet.
var taps = strings.NewReplacer("ɾ", "T", "ʔ", "t")

// Join writes sentences as one string, the form in which the voice's own tools print phonemes.
func Join(sentences [][]Word) string {
	var b strings.Builder
	for _, s := range sentences {
		for _, w := range s {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(w.Phonemes)
		}
	}
	return b.String()
}
