package hibari

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"omnilive/model/onnx"
)

var opened struct {
	once sync.Once
	s    *Synthesizer
	err  error
}

// open returns one Synthesizer for all tests.
func open(t testing.TB) *Synthesizer {
	t.Helper()
	models, lib := os.Getenv("OMNILIVE_MODELS"), os.Getenv("OMNILIVE_LIB")
	if models == "" || lib == "" {
		t.Skip("OMNILIVE_MODELS or OMNILIVE_LIB is not set: nothing to speak with")
	}
	opened.once.Do(func() {
		if opened.err = onnx.Open(filepath.Join(lib, "libonnxruntime.so.1.32.0")); opened.err == nil {
			opened.s, opened.err = Open(filepath.Join(models, "hibari"), Options{})
		}
	})
	if opened.err != nil {
		t.Fatal(opened.err)
	}
	return opened.s
}

func lines(t testing.TB, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// better are the sentences read otherwise than by hibari-tts on purpose.
var better = map[string]string{
	"It is approx. 5 miles, i.e. very far.": "the point of an abbreviation before a number ends no sentence",
	"No. 5 is alive, and so is #7.":         "the same: hibari-tts says no",
	"Bus No. 12 stops at 7th Ave.":          "the same",
	"Est. 1890, approx. 12 ft tall.":        "the same",
}

// TestPhonemesGolden compares with hibari-tts (testdata/make_golden.py).
func TestPhonemesGolden(t *testing.T) {
	s := open(t)
	texts, want := lines(t, "testdata/sentences.txt"), lines(t, "testdata/phonemes.txt")
	if len(texts) != len(want) {
		t.Fatalf("%d sentences, %d references", len(texts), len(want))
	}
	equal := 0
	for i, text := range texts {
		got, err := s.Phonemize(text)
		if err != nil {
			t.Fatal(err)
		}
		_, other := better[text]
		if got == want[i] != other {
			equal++
			continue
		}
		t.Errorf("%s\n got %s\nwant %s", text, got, want[i])
	}
	t.Logf("%d of %d as expected, %d of these better", equal, len(texts), len(better))
}
