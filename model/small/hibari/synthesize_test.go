package hibari

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"omnilive/model/small/hibari/g2p"
)

func say(t testing.TB, s *Synthesizer, text string, o SpeakOptions) Speech {
	t.Helper()
	speech, err := s.Synthesize(context.Background(), text, o)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return speech
}

// TestMarks holds what a caller relies on: marks ascend, end with words, and the last is the whole.
func TestMarks(t *testing.T) {
	s := open(t)
	for _, text := range append(lines(t, "testdata/sentences.txt")[:20], " Hello, **world**! 😀 It is 9:30am.\n", "Yes") {
		speech := say(t, s, text, SpeakOptions{})
		before := Mark{-1, 0}
		for i, m := range speech.Marks {
			if m.Samples < before.Samples || m.TextEnd <= before.TextEnd || m.Samples > len(speech.PCM) || m.TextEnd > len(text) {
				t.Errorf("%q: mark %v after %v, %d samples in all", text, m, before, len(speech.PCM))
			}
			last := i == len(speech.Marks)-1
			if rest := text[m.TextEnd:]; !last && rest != strings.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyz") {
				t.Errorf("%q: mark %v lies inside a word", text, m)
			}
			before = m
		}
		if before != (Mark{len(speech.PCM), len(text)}) {
			t.Errorf("%q: last mark %v, want %d samples", text, before, len(speech.PCM))
		}
	}
}

// TestMarksAreWhereWordsEnd says words with short pauses between them: every mark lies in one, with sound before it.
func TestMarksAreWhereWordsEnd(t *testing.T) {
	speech := say(t, open(t), "No, two; cow, pay, tea.", SpeakOptions{})
	if len(speech.Marks) != 5 {
		t.Fatalf("marks %v, want 5", speech.Marks)
	}
	for _, m := range speech.Marks[:4] {
		if r := rms(speech.PCM[m.Samples-120*ms : m.Samples-60*ms]); r < 0.02 {
			t.Errorf("before mark %v the sound has only %g", m, r)
		}
		quiet := 1.0
		for at := m.Samples - 30*ms; at < m.Samples+20*ms; at += grain {
			quiet = min(quiet, rms(speech.PCM[at:at+grain]))
		}
		if quiet > hush {
			t.Errorf("around mark %v the sound never falls below %g", m, quiet)
		}
	}
}

// TestEdges proves that speech begins at once and ends with the pause its last mark asks for.
func TestEdges(t *testing.T) {
	s := open(t)
	for _, text := range []string{"Hello there.", "Yes", "Well, ", "She sells", "Okay!", "Thanks,", "Fifty five."} {
		pcm := say(t, s, text, SpeakOptions{}).PCM
		top := 0.0
		for _, x := range pcm {
			top = max(top, math.Abs(float64(x)))
		}
		loud := func(x float32) bool { return math.Abs(float64(x)) > top*0.05 }
		first := slices.IndexFunc(pcm, loud)
		if first > 120*ms {
			t.Errorf("%q: begins %d ms late", text, first/ms)
		}
		slices.Reverse(pcm)
		if last := slices.IndexFunc(pcm, loud); last > 360*ms {
			t.Errorf("%q: ends with %d ms of silence", text, last/ms)
		}
	}
}

func TestNothingToSay(t *testing.T) {
	s := open(t)
	for _, text := range []string{"", " ", "\n\t", "😀🎉👍🏽", "**", "---", "\x00\xff", "```\n```"} {
		if speech := say(t, s, text, SpeakOptions{}); len(speech.PCM) > 0 || len(speech.Marks) > 0 {
			t.Errorf("%q: %d samples, %d marks", text, len(speech.PCM), len(speech.Marks))
		}
	}
	for _, text := range []string{"...", "?!", "—"} { // marks alone are a pause at most
		if n := len(say(t, s, text, SpeakOptions{}).PCM); n > Rate {
			t.Errorf("%q: %d samples", text, n)
		}
	}
}

func TestSynthesizeRefuses(t *testing.T) {
	s := open(t)
	for want, o := range map[string]SpeakOptions{"speed 2 ": {Speed: 2}, "speed 0.1 ": {Speed: 0.1}, "speed NaN": {Speed: math.NaN()}} {
		if _, err := s.Synthesize(t.Context(), "hi", o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", o, err)
		}
	}
	if _, err := s.Synthesize(t.Context(), strings.Repeat("word ", 1<<18), SpeakOptions{}); err == nil ||
		!strings.Contains(err.Error(), "at most 16384") {
		t.Errorf("1 MB of text: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("barge-in")
	cancel(stop)
	if _, err := s.Synthesize(ctx, "hi", SpeakOptions{}); !errors.Is(err, stop) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestSpeedAndSeed(t *testing.T) {
	s := open(t)
	const text = "The rain in Spain stays mainly in the plain"
	normal := say(t, s, text, SpeakOptions{})
	slow, fast := say(t, s, text, SpeakOptions{Speed: 0.5}), say(t, s, text, SpeakOptions{Speed: 1.5})
	if len(slow.PCM) < len(normal.PCM)*3/2 || len(fast.PCM) > len(normal.PCM)*4/5 {
		t.Errorf("%d samples at speed 0.5, %d at 1, %d at 1.5", len(slow.PCM), len(normal.PCM), len(fast.PCM))
	}
	if !slices.Equal(normal.PCM, say(t, s, text, SpeakOptions{Speed: 1}).PCM) {
		t.Error("the same seed makes another sound")
	}
	if slices.Equal(normal.PCM, say(t, s, text, SpeakOptions{Seed: 1}).PCM) {
		t.Error("another seed makes the same sound")
	}
}

// TestParallel proves that many callers get what one gets.
func TestParallel(t *testing.T) {
	s := open(t)
	texts := []string{"Hello there.", "What is seven times eight?", "Zorblax, 42 and $5.", "Good bye."}
	var want []Speech
	for _, text := range texts {
		want = append(want, say(t, s, text, SpeakOptions{}))
	}
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			got, err := s.Synthesize(context.Background(), texts[i%len(texts)], SpeakOptions{})
			if err != nil {
				t.Error(err)
				return
			}
			if !slices.Equal(got.PCM, want[i%len(texts)].PCM) || !slices.Equal(got.Marks, want[i%len(texts)].Marks) {
				t.Errorf("%q sounds otherwise beside others", texts[i%len(texts)])
			}
		})
	}
	wg.Wait()
}

// TestWaiting proves that who waits for a place gives up with the context.
func TestWaiting(t *testing.T) {
	s := *open(t)
	s.scratch = nil // nobody ever gets a place
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Synthesize(ctx, "hi", SpeakOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want %v", err, context.Canceled)
	}
}

// TestBreaths proves that nothing too long reaches the network, and nothing is lost.
func TestBreaths(t *testing.T) {
	word := func(n int, mark string) g2p.Word { return g2p.Word{Phonemes: strings.Repeat("a", n) + mark} }
	for name, c := range map[string]struct {
		in   []g2p.Word
		want []int // words in every breath
	}{
		"short":     {[]g2p.Word{word(5, ","), word(5, ".")}, []int{2}},
		"at a mark": {[]g2p.Word{word(150, ""), word(150, ","), word(50, ""), word(150, ".")}, []int{2, 2}},
		"no mark":   {[]g2p.Word{word(150, ""), word(150, ""), word(150, "")}, []int{2, 1}},
		"one word":  {[]g2p.Word{word(900, "")}, []int{1, 1, 1}},
	} {
		var got []int
		in, out := "", ""
		for _, w := range c.in {
			in += w.Phonemes
		}
		for _, b := range breaths([][]g2p.Word{c.in}) {
			got = append(got, len(b))
			size := 0
			for _, w := range b {
				out += w.Phonemes
				size += len(w.Phonemes) + 1
			}
			if size > maxPhonemes+1 {
				t.Errorf("%s: a breath of %d", name, size)
			}
		}
		if !slices.Equal(got, c.want) || in != out {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestLongText(t *testing.T) {
	speech := say(t, open(t), strings.Repeat("This sentence has no end and ", 40), SpeakOptions{Speed: 1.5})
	if seconds := len(speech.PCM) / Rate; seconds < 30 || seconds > 120 {
		t.Errorf("%d s of sound", seconds)
	}
}

// TestOpenRefuses proves that a missing or foreign file is named.
func TestOpenRefuses(t *testing.T) {
	open(t)
	whole := filepath.Join(os.Getenv("OMNILIVE_MODELS"), "hibari")
	for _, name := range []string{"hibari.onnx", "oov.json", "vocab.json", "normalize.json", "tagger.json.gz"} {
		dir := t.TempDir()
		files, err := os.ReadDir(whole)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if f.Name() != name {
				if err := os.Symlink(filepath.Join(whole, f.Name()), filepath.Join(dir, f.Name())); err != nil {
					t.Fatal(err)
				}
			}
		}
		if s, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
			if err == nil {
				s.Close()
			}
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("rubbish"), 0o644); err != nil {
			t.Fatal(err)
		}
		if s, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("with rubbish for %s: %v", name, err)
			if err == nil {
				s.Close()
			}
		}
	}
}

// TestForeignNetwork proves that another network than hibari's is refused.
func TestForeignNetwork(t *testing.T) {
	open(t)
	path := filepath.Join(os.Getenv("OMNILIVE_MODELS"), "hibari", "oov.onnx")
	if n, err := openNetwork(path, 1); err == nil || !strings.Contains(err.Error(), "0.2.1") {
		t.Errorf("%v", err)
		if err == nil {
			n.Close()
		}
	}
}

// FuzzSynthesize proves for short text that marks and sound fit together.
func FuzzSynthesize(f *testing.F) {
	f.Add("Hello, **you** 😀!", 1.0)
	f.Add("$5 at 9:30", 0.3)
	s := open(f)
	f.Fuzz(func(t *testing.T, text string, speed float64) {
		if len(text) > 40 {
			t.Skip()
		}
		speech, err := s.Synthesize(t.Context(), text, SpeakOptions{Speed: speed})
		if err != nil {
			return
		}
		if n := len(speech.Marks); (n == 0) != (len(speech.PCM) == 0) || n > 0 && speech.Marks[n-1] != (Mark{len(speech.PCM), len(text)}) {
			t.Fatalf("%q: %d samples, marks %v", text, len(speech.PCM), speech.Marks)
		}
		for _, x := range speech.PCM {
			if !(x >= -1 && x <= 1) {
				t.Fatalf("%q: sample of %g", text, x)
			}
		}
	})
}
