package hibari

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"

	"omnilive/model/small/hibari/vocoder"
)

// madeUpNoise is the Noise of testdata/reference.py for a spectrum of so many frames.
func madeUpNoise(frames int) vocoder.Noise {
	unit := func(i uint64) float32 {
		z := (i + 1) * 0x9E3779B97F4A7C15
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		z ^= z >> 31
		return float32((float64(z>>40)/(1<<23) - 1) * math.Sqrt(3))
	}
	return func(z []float32, frame int) {
		for bin := range vocoder.Bins {
			at := uint64(bin*frames+frame) * 2
			z[2*bin], z[2*bin+1] = unit(at), unit(at+1)
		}
	}
}

// untrimmed speaks text with made-up noise and cuts nothing off.
func untrimmed(t *testing.T, s *Synthesizer, text string) (pcm []float32) {
	t.Helper()
	sentences, err := s.reader.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	v := vocoder.New()
	for _, b := range breaths(sentences) {
		ids, _ := s.encode(b)
		spectrum, _, err := predict(s.network, ids, 1)
		if err != nil {
			t.Fatal(err)
		}
		if pcm, err = v.Synthesize(pcm, spectrum, 0, spectrum.Frames, madeUpNoise(spectrum.Frames)); err != nil {
			t.Fatal(err)
		}
	}
	return pcm
}

// TestSoundGolden compares three short texts with hibari-tts (testdata/make_golden.py).
func TestSoundGolden(t *testing.T) {
	s := open(t)
	data, err := os.ReadFile("testdata/sound.i16")
	if err != nil {
		t.Fatal(err)
	}
	var want []float32
	for i := 0; i < len(data); i += 2 {
		want = append(want, float32(int16(binary.LittleEndian.Uint16(data[i:])))/32768)
	}
	var got []float32
	for _, text := range []string{"Yes.", "Hello there!", "Is it you?"} {
		got = append(got, untrimmed(t, s, text)...)
	}
	// The network's int8 kernels round differently from processor to processor: the noise floor of that, not of us.
	compare(t, "three texts", got, want, 40)
}

// TestSoundAgainstPython compares all sentences with hibari-tts where OMNILIVE_PYTHON names a Python that has it.
func TestSoundAgainstPython(t *testing.T) {
	python := os.Getenv("OMNILIVE_PYTHON")
	if python == "" {
		t.Skip("OMNILIVE_PYTHON is not set: no hibari-tts to compare with")
	}
	s := open(t)
	var texts []string
	for _, text := range lines(t, "testdata/sentences.txt") {
		if better[text] == "" {
			texts = append(texts, text)
		}
	}
	cmd := exec.CommandContext(t.Context(), python, "testdata/reference.py")
	cmd.Stdin = strings.NewReader(strings.Join(texts, "\n"))
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skipf("%s does not start: %v", python, err)
	}
	out := bufio.NewReader(pipe)
	for _, text := range texts {
		var n uint32
		if err := binary.Read(out, binary.LittleEndian, &n); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		want := make([]float32, n)
		if err := binary.Read(out, binary.LittleEndian, want); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		compare(t, text, untrimmed(t, s, text), want, 100)
	}
	_, _ = io.Copy(io.Discard, out)
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
}

// compare wants got to be want but for a difference decibels below it.
func compare(t *testing.T, what string, got, want []float32, decibels float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%q: %d samples, want %d", what, len(got), len(want))
		return
	}
	var signal, noise, worst float64
	for i := range got {
		d := float64(got[i] - want[i])
		signal += float64(want[i]) * float64(want[i])
		noise += d * d
		worst = max(worst, math.Abs(d))
	}
	if db := 10 * math.Log10(signal/noise); db < decibels {
		t.Errorf("%q: %.1f dB from the reference, %g at worst", what, db, worst)
	} else {
		t.Logf("%q: %.1f dB, %.2g at worst", what, db, worst)
	}
}
