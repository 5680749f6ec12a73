// Package hibari speaks English: text becomes phonemes (package g2p), a network makes of them what a vocoder needs
// (package vocoder), and that becomes sound at 24 kHz. Network, tables and the meaning of both are those of
// hibari-tts 0.2.1 (Apache-2.0, by M. Williams; distilled from Kokoro-82M), whose README is the specification.
//
//	s, err := hibari.Open(dir, hibari.Options{})
//	speech, err := s.Synthesize(ctx, "Hello there.", hibari.SpeakOptions{})
//
// # Concurrency
//
// A Synthesizer may be used by many goroutines at once; at most Options.Parallel of them compute at the same moment and
// the others wait. Close waits for nobody: call it when no Synthesize is under way.
package hibari

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"

	"omnilive/model/onnx"
	"omnilive/model/small/hibari/g2p"
	"omnilive/model/small/hibari/vocoder"
)

// Rate is the sample rate of Speech.PCM.
const Rate = 24000

// MaxText is the longest text that Synthesize takes, in bytes.
const MaxText = g2p.MaxText

// Options of a Synthesizer. The zero value works.
type Options struct {
	Threads  int // threads inside one run of the network; 0 means 1
	Parallel int // runs at the same time; 0 means 2
}

// A Synthesizer holds the network and the tables.
type Synthesizer struct {
	reader  *g2p.Reader
	unknown *speller
	network *onnx.Session
	ids     map[rune]int64
	scratch chan *vocoder.Vocoder // holds Options.Parallel of them; who takes one may compute
	busy    atomic.Int64          // nanoseconds
}

// Open loads the synthesizer from the folder dir: hibari.onnx, vocab.json, oov.onnx, oov.json, normalize.json,
// tokenizer_exceptions.json, tagger.json.gz, lexicon_us_gold.json.gz and lexicon_us_silver.json.gz. onnx.Open must have
// been called before. A missing or broken file is an error that names it.
func Open(dir string, o Options) (*Synthesizer, error) {
	s := new(Synthesizer)
	var err error
	if s.ids, err = readVocabulary(filepath.Join(dir, "vocab.json")); err != nil {
		return nil, err
	}
	unknown, err := openSpeller(dir, o.Threads)
	if err != nil {
		return nil, err
	}
	s.unknown = unknown
	if s.network, err = openNetwork(filepath.Join(dir, "hibari.onnx"), o.Threads); err != nil {
		s.Close()
		return nil, err
	}
	if s.reader, err = g2p.Open(dir, unknown.spell); err != nil {
		s.Close()
		return nil, err
	}
	if o.Parallel <= 0 {
		o.Parallel = 2
	}
	s.scratch = make(chan *vocoder.Vocoder, o.Parallel)
	for range o.Parallel {
		s.scratch <- vocoder.New()
	}
	return s, nil
}

// Voices are the names of the voices, the default first.
func (s *Synthesizer) Voices() []string { return []string{"heart"} }

// Phonemize returns what text is read as, sentences and words joined by blanks, in the alphabet of vocab.json. It is
// empty for text that says nothing. Text longer than MaxText is an error.
func (s *Synthesizer) Phonemize(text string) (string, error) {
	sentences, err := s.reader.Read(text)
	return g2p.Join(sentences), err
}

// Warm runs every network once.
func (s *Synthesizer) Warm(ctx context.Context) error {
	_, err := s.Synthesize(ctx, "Hello, zorblax.", SpeakOptions{})
	return err
}

// Close frees the networks.
func (s *Synthesizer) Close() {
	if s.unknown != nil {
		s.unknown.network.Close()
	}
	if s.network != nil {
		s.network.Close()
	}
}

// readVocabulary reads the ids of the phonemes.
func readVocabulary(path string) (map[rune]int64, error) {
	var list map[string]int64
	if err := readJSON(path, &list); err != nil {
		return nil, err
	}
	ids := make(map[rune]int64, len(list))
	for text, id := range list {
		r := []rune(text)
		if len(r) != 1 || id < 0 {
			return nil, fmt.Errorf("open synthesizer: %s: %q: %d is not one character with its id", path, text, id)
		}
		ids[r[0]] = id
	}
	return ids, nil
}

func readJSON(path string, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("open synthesizer: %w (run `omnilive models fetch`)", err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("open synthesizer: %s: %w", path, err)
	}
	return nil
}
