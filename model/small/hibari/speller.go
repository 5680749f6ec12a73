package hibari

import (
	"path/filepath"
	"strings"

	"omnilive/model/onnx"
)

// A speller guesses how a word is said that is in no dictionary: a transformer over its letters, whose output is read
// as in connectionist temporal classification (repetitions once, blanks not at all).
type speller struct {
	network *onnx.Session
	letters map[rune]int64
	sounds  []string // by id, from 1
	longest int      // letters
}

func openSpeller(dir string, threads int) (*speller, error) {
	var layout struct {
		In      []string `json:"in"`
		Out     []string `json:"out"`
		Longest int      `json:"maxlen"`
	}
	if err := readJSON(filepath.Join(dir, "oov.json"), &layout); err != nil {
		return nil, err
	}
	s := &speller{letters: make(map[rune]int64, len(layout.In)), sounds: layout.Out, longest: layout.Longest}
	for i, letter := range layout.In {
		for _, r := range letter {
			s.letters[r] = int64(i + 1)
		}
	}
	var err error
	s.network, err = onnx.NewSession(filepath.Join(dir, "oov.onnx"),
		onnx.Options{Threads: threads, Inputs: []string{"chars"}, Outputs: []string{"ids"}})
	return s, err
}

// spell returns the phonemes of word, empty where it has no letter the network knows or the network fails.
func (s *speller) spell(word string) string {
	var letters []int64
	for _, r := range word {
		if id := s.letters[r]; id > 0 && len(letters) < s.longest {
			letters = append(letters, id)
		}
	}
	if len(letters) == 0 {
		return ""
	}
	out, err := s.network.Run(onnx.Of(letters, 1, len(letters)))
	if err != nil {
		return ""
	}
	ids, err := onnx.Values[int64](out[0])
	if err != nil {
		return ""
	}
	var b strings.Builder
	before := int64(0)
	for _, id := range ids {
		if id != before && id > 0 && int(id) <= len(s.sounds) {
			b.WriteString(s.sounds[id-1])
		}
		before = id
	}
	return b.String()
}
