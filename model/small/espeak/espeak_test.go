package espeak

import (
	"context"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

const table = `Pty Language       Age/Gender VoiceName          File                 Other Languages
 5  cmn             --/M      Chinese_(Mandarin,_latin_as_English) sit/cmn              (zh-cmn 5)(zh 5)
 5  en-gb           --/M      English_(Great_Britain) gmw/en               (en 2)
 5  ko              --/M      Korean             ko                   
 5  nb              --/M      Norwegian_Bokmål  gmq/nb               (no 5)
 5  pt-br           --/M      Portuguese_(Brazil) roa/pt-BR            (pt 6)
`

func TestParseVoices(t *testing.T) {
	s := &Speaker{voices: parseVoices(table)}
	for lang, want := range map[string]string{
		"ko": "ko", "KO": "ko", "ko-KR": "ko", "zh": "cmn", "en": "en-gb", "no": "nb",
		"pt": "pt-br", "pt-BR": "pt-br", "xx": "", "": "", "5": "", "5)": "",
	} {
		if got := s.voice(lang); got != want {
			t.Errorf("voice(%q) = %q, want %q", lang, got, want)
		}
	}
	if got := s.Languages(); !slices.Equal(got, []string{"en", "ko", "nb", "no", "pt", "zh"}) {
		t.Errorf("languages %q", got)
	}
}

func find(t testing.TB) *Speaker {
	t.Helper()
	s, ok := Find()
	if !ok {
		t.Skip("espeak-ng is not installed")
	}
	return s
}

func TestSynthesize(t *testing.T) {
	s := find(t)
	for lang, text := range map[string]string{"ko": "안녕하세요, 반갑습니다.", "de": "Guten Tag!", "fr": "Bonjour **à tous** 😀", "zh": "你好"} {
		pcm, err := s.Synthesize(t.Context(), text, lang)
		if err != nil {
			t.Fatal(err)
		}
		if len(pcm) < Rate/3 || len(pcm) > 5*Rate || loudest(pcm) < 0.05 || loudest(pcm) > 1 {
			t.Errorf("%s: %d samples, the loudest %g", text, len(pcm), loudest(pcm))
		}
	}
	slow, err := s.SynthesizeAt(t.Context(), "Guten Tag, meine Damen und Herren.", "de", 0.6)
	if err != nil {
		t.Fatal(err)
	}
	fast, err := s.SynthesizeAt(t.Context(), "Guten Tag, meine Damen und Herren.", "de", 1.5)
	if err != nil {
		t.Fatal(err)
	}
	if len(slow) < len(fast)*3/2 {
		t.Errorf("slow has %d samples, fast %d", len(slow), len(fast))
	}
}

func TestSynthesizeNothing(t *testing.T) {
	s := find(t)
	for _, text := range []string{"", " \n", "😀🎉", "...", "**"} {
		if pcm, err := s.Synthesize(t.Context(), text, "de"); err != nil || len(pcm) > 0 {
			t.Errorf("%q: %d samples, %v", text, len(pcm), err)
		}
	}
}

func TestSynthesizeRefuses(t *testing.T) {
	s := &Speaker{program: "/nowhere/espeak-ng", voices: parseVoices(table), running: make(chan struct{}, parallel)}
	for want, call := range map[string]func() error{
		"no voice for language": func() error { _, err := s.Synthesize(t.Context(), "hi", "xx"); return err },
		"at most 8192": func() error {
			_, err := s.Synthesize(t.Context(), strings.Repeat("a", MaxText+1), "ko")
			return err
		},
		"out of range": func() error { _, err := s.SynthesizeAt(t.Context(), "hi", "ko", math.NaN()); return err },
		"/nowhere":     func() error { _, err := s.Synthesize(t.Context(), "hi", "ko"); return err },
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestSynthesizeKilled proves that the end of the context ends a program that hangs, and its place is free again.
func TestSynthesizeKilled(t *testing.T) {
	hang := t.TempDir() + "/espeak-ng"
	write(t, hang, "#!/bin/sh\nexec sleep 60\n")
	s := &Speaker{program: hang, voices: parseVoices(table), running: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("barge-in")
	time.AfterFunc(50*time.Millisecond, func() { cancel(stop) })
	if _, err := s.Synthesize(ctx, "hi", "ko"); !errors.Is(err, stop) {
		t.Fatalf("%v, want %v", err, stop)
	}
	if len(s.running) > 0 {
		t.Fatal("the place of the dead program is not free")
	}
}

// TestSynthesizeFlood proves that a program that never stops writing is stopped.
func TestSynthesizeFlood(t *testing.T) {
	flood := t.TempDir() + "/espeak-ng"
	write(t, flood, "#!/bin/sh\nexec yes\n")
	s := &Speaker{program: flood, voices: parseVoices(table), running: make(chan struct{}, 1)}
	if _, err := s.Synthesize(t.Context(), "hi", "ko"); err == nil {
		t.Fatal("no error")
	}
}

// TestResample keeps a tone's height and loudness, and its place.
func TestResample(t *testing.T) {
	for _, rate := range []int{16000, 22050, 44100} {
		pcm := make([]float32, rate/4)
		for i := range pcm {
			pcm[i] = float32(0.5 * math.Sin(2*math.Pi*1000*float64(i)/float64(rate)))
		}
		got := resample(pcm, rate)
		if want := Rate / 4; len(got) < want-2 || len(got) > want {
			t.Fatalf("%d Hz: %d samples, want %d", rate, len(got), want)
		}
		for i := 100; i < len(got)-100; i++ {
			if want := 0.5 * math.Sin(2*math.Pi*1000*float64(i)/Rate); math.Abs(float64(got[i])-want) > 2e-3 {
				t.Fatalf("%d Hz: sample %d is %g, want %g", rate, i, got[i], want)
			}
		}
	}
}

func FuzzParseWAV(f *testing.F) {
	f.Add([]byte("RIFF\x24\xf0\xff\x7fWAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x22\x56\x00\x00\x44\xac\x00\x00\x02\x00\x10\x00data\x00\xf0\xff\x7f\x9a\xff\x37\xff"))
	f.Add([]byte("RIFF....WAVEjunk\x01\x00\x00\x00x"))
	f.Fuzz(func(t *testing.T, b []byte) {
		pcm, rate, err := parseWAV(b)
		if err == nil && (len(pcm) > len(b)/2 || rate < 8000 || rate > 48000) {
			t.Fatalf("%d samples at %d Hz out of %d bytes", len(pcm), rate, len(b))
		}
	})
}

func FuzzParseVoices(f *testing.F) {
	f.Add(table)
	f.Fuzz(func(t *testing.T, s string) {
		for language, voice := range parseVoices(s) {
			if voice == "" || language == "" || voice[0] == '-' {
				t.Fatalf("%q: %q", language, voice)
			}
		}
	})
}

func loudest(pcm []float32) (top float64) {
	for _, x := range pcm {
		top = max(top, math.Abs(float64(x)))
	}
	return top
}

func write(t *testing.T, path, script string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
}
