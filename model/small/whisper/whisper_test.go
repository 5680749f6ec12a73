package whisper

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"omnilive/model"
	"omnilive/model/ggml"
)

// opened is one recognizer for all tests; loading it takes seconds. compact is the same with weights of 8 bits.
var opened, compact struct {
	once sync.Once
	r    *Recognizer
	err  error
}

func open(t testing.TB) *Recognizer {
	t.Helper()
	path := weightsFile(t)
	opened.once.Do(func() { opened.r, opened.err = Open(path, Options{Languages: []string{"en", "ko"}}) })
	if opened.err != nil {
		t.Fatal(opened.err)
	}
	return opened.r
}

func openCompact(t testing.TB) *Recognizer {
	t.Helper()
	path := weightsFile(t)
	compact.once.Do(func() { compact.r, compact.err = Open(path, Options{Languages: []string{"en", "ko"}, Compact: true}) })
	if compact.err != nil {
		t.Fatal(compact.err)
	}
	return compact.r
}

// weightsFile loads the libraries and says where the weights are.
func weightsFile(t testing.TB) string {
	t.Helper()
	models, lib := os.Getenv("OMNILIVE_MODELS"), os.Getenv("OMNILIVE_LIB")
	if models == "" || lib == "" {
		t.Skip("OMNILIVE_MODELS and OMNILIVE_LIB are not set: no weights, no native libraries")
	}
	path := filepath.Join(models, "whisper-base.gguf")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%v: make it with `omnilive models fetch`", err)
	}
	if err := ggml.Load(filepath.Join(lib, "llama")); err != nil {
		t.Fatal(err)
	}
	return path
}

// clip returns a sentence of testdata/speech, mu-law at 16 kHz.
func clip(t testing.TB, i int) []float32 {
	t.Helper()
	files, err := filepath.Glob("testdata/speech/*.wav")
	if err != nil || len(files) != 40 {
		t.Fatalf("%d sentences, %v", len(files), err)
	}
	b, err := os.ReadFile(files[i])
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(b), "data") + 8
	x := make([]float32, binary.LittleEndian.Uint32(b[at-4:]))
	for i, c := range b[at : at+len(x)] {
		c = ^c
		v := (int(c&15)<<3+0x84)<<(c>>4&7) - 0x84
		if c&0x80 != 0 {
			v = -v
		}
		x[i] = float32(v) / 32768
	}
	return x
}

func golden(t testing.TB, name string, v any) {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// network is what make_golden.py writes of the first sentence.
type network struct {
	Frames   []int       `json:"frames"`
	Features [][]float64 `json:"features"`
	Rows     []int       `json:"rows"`
	States   [][]float64 `json:"states"`
	Tokens   []int32     `json:"tokens"`
	LogProb  float64     `json:"log_prob"`
	NoSpeech float64     `json:"no_speech"`
}

func features(t testing.TB, pcm []float32) []float32 {
	t.Helper()
	m, err := newMelBank()
	if err != nil {
		t.Fatal(err)
	}
	mel, err := m.features(pcm)
	if err != nil {
		t.Fatal(err)
	}
	return mel
}

func TestFeaturesEqualTheReference(t *testing.T) {
	var want network
	golden(t, "network.json", &want)
	got := features(t, clip(t, 0))
	for i, frame := range want.Frames {
		for j, w := range want.Features[i] {
			if v := float64(got[frame*bands+j]); math.Abs(v-w) > 2e-4 {
				t.Fatalf("frame %d band %d: %v, want %v", frame, j, v, w)
			}
		}
	}
}

func TestTheWholeWindowEqualsTheReference(t *testing.T) {
	r := open(t)
	var want network
	golden(t, "network.json", &want)
	l, ctx := r.l, context.Background()
	mel := features(t, clip(t, 0))
	if err := l.around.prepare(maxStates); err != nil {
		t.Fatal(err)
	}
	g := l.encoder
	g.Reset()
	in := g.Input(ggml.F32, 3*bands, maxFrames)
	states := g.Output(l.w.encode(g, l.c, in, l.around.encoder))
	if err := g.Compute(ctx, func() { ggml.Put(g, in, triples(mel, maxFrames)) }); err != nil {
		t.Fatal(err)
	}
	row := make([]float32, l.c.width)
	for i, at := range want.Rows {
		if err := ggml.Take(g, states, int64(at*l.c.width), row); err != nil {
			t.Fatal(err)
		}
		worst := 0.0
		for j, w := range want.States[i] {
			worst = max(worst, math.Abs(float64(row[j])-w))
		}
		if worst > 0.02 { // states reach ±20; keys and values are f16 here
			t.Errorf("state %d is off by %v", at, worst)
		}
	}
	if err := l.hear(ctx, mel, maxFrames); err != nil {
		t.Fatal(err)
	}
	h, err := l.greedy(ctx, request{languages: []string{"en"}, limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(h.tokens, want.Tokens) {
		t.Errorf("tokens %v, want %v", h.tokens, want.Tokens)
	}
	if math.Abs(h.logProb-want.LogProb) > 0.01 || math.Abs(h.noSpeech-want.NoSpeech) > 0.01 {
		t.Errorf("log probability %v and no speech %v, want %v and %v", h.logProb, h.noSpeech, want.LogProb, want.NoSpeech)
	}
}

// Where the words differ from the reference's, but for capitals, they are those that were spoken: "a pear" for its "a pair".
func TestSameWordsAsTheReference(t *testing.T) {
	t.Run("16 bits", func(t *testing.T) { sameWords(t, open(t)) })
	t.Run("8 bits", func(t *testing.T) { sameWords(t, openCompact(t)) })
}

func sameWords(t *testing.T, r *Recognizer) {
	var want []string
	golden(t, "words.json", &want)
	spoken, err := os.ReadFile("testdata/sentences.txt")
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Split(string(spoken), "\n")
	exact, same := 0, 0
	for i, w := range want {
		got, err := r.Transcribe(context.Background(), clip(t, i), TranscribeOptions{Language: "en", Final: true})
		if err != nil {
			t.Fatal(err)
		}
		if got.Text == w {
			exact++
		}
		if strings.EqualFold(got.Text, w) {
			same++
		} else if !strings.EqualFold(got.Text, said[i]) {
			t.Errorf("%d: %q, want %q", i, got.Text, w)
		}
	}
	if t.Logf("%d the same, %d to the letter", same, exact); same < 39 || exact < 38 {
		t.Errorf("%d of %d the same and %d equal to the letter, want 39 and 38", same, len(want), exact)
	}
}

func TestDraftsNeverChangeTheAnswer(t *testing.T) {
	t.Run("16 bits", func(t *testing.T) { sameWithDrafts(t, open(t)) })
	t.Run("8 bits", func(t *testing.T) { sameWithDrafts(t, openCompact(t)) })
}

func sameWithDrafts(t *testing.T, r *Recognizer) {
	l, ctx := r.l, context.Background()
	for _, i := range []int{0, 5, 37} {
		mel := features(t, clip(t, i))
		if err := l.hear(ctx, mel, len(mel)/bands+afterSound); err != nil {
			t.Fatal(err)
		}
		for _, languages := range [][]string{{"en"}, {"en", "ko"}} {
			plain, err := l.greedy(ctx, request{languages: languages, limit: 40})
			if err != nil {
				t.Fatal(err)
			}
			n := len(plain.tokens)
			wrong := slices.Clone(plain.tokens)
			wrong[n/2] = 1000
			for name, d := range map[string][]int32{
				"right": plain.tokens, "beginning": plain.tokens[:n/2], "wrong": wrong, "too long": append(slices.Clone(plain.tokens), 11, 400),
				"nonsense": {5000, 6000, 7000}, "not text": {l.vocab.start, -1, 1 << 30}, "ends early": append(slices.Clone(plain.tokens[:2]), l.vocab.end),
			} {
				got, err := l.greedy(ctx, request{languages: languages, limit: 40, draft: d})
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(got.tokens, plain.tokens) || got.logProb != plain.logProb || got.noSpeech != plain.noSpeech || got.language != plain.language {
					t.Errorf("%d %s: %v, want %v", i, name, got, plain)
				}
				if name == "right" && got.passes != len(languages) {
					t.Errorf("%d: a right draft took %d passes", i, got.passes)
				}
			}
		}
	}
}

func TestTheLimitHoldsWithAndWithoutADraft(t *testing.T) {
	r := open(t)
	l, ctx := r.l, context.Background()
	mel := features(t, clip(t, 0))
	if err := l.hear(ctx, mel, len(mel)/bands+afterSound); err != nil {
		t.Fatal(err)
	}
	plain, err1 := l.greedy(ctx, request{languages: []string{"en"}, limit: 4})
	draft, err2 := l.greedy(ctx, request{languages: []string{"en"}, limit: 4, draft: append(slices.Clone(plain.tokens), 1, 2, 3)})
	if err1 != nil || err2 != nil || len(plain.tokens) != 4 || !plain.cut || !slices.Equal(draft.tokens, plain.tokens) || !draft.cut || draft.logProb != plain.logProb {
		t.Errorf("%v %v, %v %v", plain, err1, draft, err2)
	}
}

// What was heard before leaves nothing behind: neither a longer utterance nor a whole window.
func TestSilenceComesBackBehindTheSound(t *testing.T) {
	l, ctx := open(t).l, context.Background()
	mel := features(t, clip(t, 0))
	hear := func(frames int) (heard result) {
		t.Helper()
		err := l.hear(ctx, mel, frames)
		if err == nil {
			heard, err = l.greedy(ctx, request{languages: []string{"en"}, limit: 40})
		}
		if err != nil {
			t.Fatal(err)
		}
		return heard
	}
	n := len(mel)/bands + afterSound
	want := hear(n)
	for _, between := range []int{leastFrames, n + 2, 4 * spanStates, 4*spanStates + 2, maxFrames} {
		hear(between)
		if got := hear(n); !slices.Equal(got.tokens, want.tokens) || got.logProb != want.logProb || got.noSpeech != want.noSpeech {
			t.Errorf("after %d frames: %v, want %v", between, got, want)
		}
		if kept := len(l.around.silence); kept != (n/2+spanStates-1)/spanStates {
			t.Errorf("after %d frames %d stretches of silence are kept for %d states", between, kept, n/2)
		}
	}
}

func TestSilenceAndNoiseHaveNoWords(t *testing.T) {
	r := open(t)
	random := rand.New(rand.NewPCG(1, 2))
	for _, seconds := range []int{0, 1, 4} {
		for _, loud := range []float64{0, 1e-4, 0.01, 0.2} {
			pcm := make([]float32, seconds*sampleRate)
			for i := range pcm {
				pcm[i] = float32(random.NormFloat64() * loud)
			}
			got, err := r.Transcribe(context.Background(), pcm, TranscribeOptions{Language: "en", Final: true})
			if err != nil || got.Text != "" || got.NoSpeech < 0.5 {
				t.Errorf("%d s of noise of %v: %+v, %v", seconds, loud, got, err)
			}
		}
	}
}

func TestWordsHaveTimes(t *testing.T) {
	r := open(t)
	got, err := r.Transcribe(context.Background(), clip(t, 0), TranscribeOptions{Language: "en", Times: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []float64{0, 0.16, 0.36, 0.5, 0.84, 1.1, 1.36} // of the reference: starts, and the end of the last
	if len(got.Words) != len(want)-1 {
		t.Fatalf("words %v", got.Words)
	}
	text := ""
	for i, w := range got.Words {
		text += w.Text
		if math.Abs(float64(w.Start)/sampleRate-want[i]) > 0.1 || math.Abs(float64(w.End)/sampleRate-want[i+1]) > 0.1 {
			t.Errorf("%q from %d to %d, want %v to %v s", w.Text, w.Start, w.End, want[i], want[i+1])
		}
	}
	if strings.TrimSpace(text) != got.Text {
		t.Errorf("words %q, text %q", text, got.Text)
	}
}

func TestLongSpeechIsHeardToItsEnd(t *testing.T) {
	r := open(t)
	var want []string
	golden(t, "words.json", &want)
	var pcm []float32
	for i := range 20 {
		pcm = append(append(pcm, clip(t, i)...), make([]float32, sampleRate/2)...)
	}
	if len(pcm) < maxWindow {
		t.Fatalf("only %d samples", len(pcm))
	}
	got, err := r.Transcribe(context.Background(), pcm, TranscribeOptions{Language: "en", Times: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"kitchen light", "apples", "yesterday"} {
		if !strings.Contains(got.Text, s) {
			t.Errorf("%q lacks %q", got.Text, s)
		}
	}
	if !slices.IsSortedFunc(got.Words, func(a, b model.Word) int { return a.Start - b.Start }) || got.Words[len(got.Words)-1].End > len(pcm)+sampleRate/2 {
		t.Errorf("words out of order or too late: %v", got.Words)
	}
}

func TestOtherLanguagesAndBadInput(t *testing.T) {
	r := open(t)
	ctx := context.Background()
	if _, err := r.Transcribe(ctx, clip(t, 3), TranscribeOptions{Language: "ko", Times: true}); err != nil {
		t.Error(err)
	}
	if got, err := r.Transcribe(ctx, clip(t, 3), TranscribeOptions{}); err != nil || got.Language != "en" {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := r.Transcribe(ctx, clip(t, 3), TranscribeOptions{Language: "xx"}); err == nil || !strings.Contains(err.Error(), "xx") {
		t.Error(err)
	}
	bad := clip(t, 3)
	bad[100] = float32(math.NaN())
	if _, err := r.Transcribe(ctx, bad, TranscribeOptions{}); err == nil || !strings.Contains(err.Error(), "100") {
		t.Errorf("NaN: %v", err)
	}
	cause := errors.New("hung up")
	done, cancel := context.WithCancelCause(ctx)
	cancel(cause)
	if _, err := r.Transcribe(done, clip(t, 3), TranscribeOptions{}); !errors.Is(err, cause) {
		t.Error(err)
	}
}

func TestManyCallersAreServed(t *testing.T) {
	r := open(t)
	var wait sync.WaitGroup
	pcm := clip(t, 38)
	for i := range 6 {
		wait.Go(func() {
			got, err := r.Transcribe(context.Background(), pcm, TranscribeOptions{Language: "en", Final: i%2 == 0, Draft: "Why is the sky blue?"})
			if err != nil || got.Text != "Why is the sky blue?" {
				t.Errorf("%q, %v", got.Text, err)
			}
		})
	}
	wait.Wait()
}

func TestEncodeGivesTheTokensThatWereHeard(t *testing.T) {
	r := open(t)
	var want network
	golden(t, "network.json", &want)
	v := r.l.vocab
	text := v.text(want.Tokens)
	if got := v.encode(text); !slices.Equal(got, want.Tokens) {
		t.Errorf("%q: %v, want %v", text, got, want.Tokens)
	}
	if got := v.encode(spaced(strings.TrimSpace(text))); !slices.Equal(got, want.Tokens) {
		t.Errorf("the transcript of %q: %v, want %v", text, got, want.Tokens)
	}
	for _, s := range []string{" It's 7.30, isn't it?", " 한국의 수도는 서울입니다.", "", "  two  spaces ", "\xff\xfe", " naïve 東京 🙂"} {
		if got := v.text(v.encode(s)); got != s {
			t.Errorf("%q becomes %q", s, got)
		}
	}
}

// Everything the product does with one utterance of 5 s, on one thread.
func BenchmarkTranscribe(b *testing.B) {
	r := open(b)
	l, ctx := r.l, context.Background()
	pcm := append(clip(b, 0), append(make([]float32, sampleRate/4), clip(b, 33)...)...)
	pcm = append(pcm, make([]float32, max(0, 5*sampleRate-len(pcm)))...)[:5*sampleRate]
	mel := features(b, pcm)
	n := len(mel)/bands + afterSound
	first, err := r.Transcribe(ctx, pcm, TranscribeOptions{Language: "en", Final: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("features", func(b *testing.B) {
		defer processor(b)()
		for b.Loop() {
			if _, err := l.mel.features(pcm); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoder", func(b *testing.B) {
		defer processor(b)()
		for b.Loop() {
			if err := l.hear(ctx, mel, n); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, draft := range map[string]string{"final": "", "final with a right draft": first.Text} {
		b.Run(name, func(b *testing.B) {
			defer processor(b)()
			for b.Loop() {
				if _, err := r.Transcribe(ctx, pcm, TranscribeOptions{Language: "en", Final: true, Draft: draft}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("token", func(b *testing.B) {
		steps := 0
		for b.Loop() {
			h, err := l.greedy(ctx, request{languages: []string{"en"}, limit: 100})
			if err != nil {
				b.Fatal(err)
			}
			steps += h.passes
		}
		b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(steps), "ms/token")
	})
}

// processor reports the processor time per operation, which neighbours disturb less than the wall's.
func processor(b *testing.B) func() {
	used := func() int64 {
		var u syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
		return u.Utime.Nano() + u.Stime.Nano()
	}
	start := used()
	return func() { b.ReportMetric(float64(used()-start)/1e6/float64(b.N), "cpu-ms/op") }
}
