package omni

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"omnilive/model/llama"
)

// openTiny loads the tiny checkpoint, with everything that a real one has.
func openTiny(t testing.TB, calls int) *Model {
	t.Helper()
	lib := os.Getenv("OMNILIVE_LIB")
	if lib == "" {
		t.Skip("OMNILIVE_LIB is not set; make test sets it")
	}
	if err := llama.Open(filepath.Join(lib, "llama")); err != nil {
		t.Fatal(err)
	}
	f, err := OpenFolder("verify/testdata/omni-whole")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	m, err := Load(t.Context(), f, Options{
		Threads: 1, CPUOnly: true, Cache: t.TempDir(), Engine: llama.EngineOptions{ContextPerSequence: 4096, Sequences: calls},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func TestMeasureEveryPart(t *testing.T) {
	m := openTiny(t, 3)
	steps := 0
	got, err := m.Measure(t.Context(), MeasureOptions{Runs: 2, Quick: true, Draw: true, Progress: func(done, of int, p Step) {
		if done != steps || p.Part == "" {
			t.Errorf("step %d of %d (%v) was told as %d", steps, of, p, done)
		}
		steps++
	}})
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, p := range got {
		rows = append(rows, p.Part)
		if p.Median <= 0 || p.P95 < p.Median || p.What == "" || p.Call > 0 && p.RTF() <= 0 || p.Count > 0 && (p.Rate() <= 0 || p.Unit == "") {
			t.Errorf("%+v", p)
		}
	}
	want := []string{
		"audio encoder", "speech tokenizer", "compressor", "vision encoder", "vision encoder", "image tokenizer", "language model",
		"language model", "language model", "language model", "vocoder", "vocoder", "speaker encoder", "image decoder", "image decoder",
	}
	if !slices.Equal(rows, want) || steps != len(want) {
		t.Errorf("measured %q in %d steps, want %q", rows, steps, want)
	}
	if last := got[9].What; !strings.HasSuffix(last, "calls at once: 2") {
		t.Errorf("with room for three calls the last of the powers of two is %q", last)
	}
	ids, rest := m.language.engine.Free(), 3
	if ids != rest {
		t.Errorf("%d sequences are free afterwards, want %d", ids, rest)
	}
}

func TestMeasureStops(t *testing.T) {
	m := openTiny(t, 1)
	ctx, stop := context.WithCancel(t.Context())
	_, err := m.Measure(ctx, MeasureOptions{Runs: 2, Quick: true, Progress: func(done, _ int, _ Step) {
		if done == 2 {
			stop()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
}

func TestMeasureTurn(t *testing.T) {
	m := openTiny(t, 1)
	blind, err := m.MeasureTurn(t.Context(), time.Second, 0, MeasureOptions{Runs: 3, Quick: true, Words: 4})
	if err != nil {
		t.Fatal(err)
	}
	seeing, err := m.MeasureTurn(t.Context(), time.Second, 2*time.Second, MeasureOptions{Runs: 3, Quick: true, Words: 4})
	if err != nil {
		t.Fatal(err)
	}
	if blind.Held != 0 || seeing.Held < 2 {
		t.Errorf("the window held %d positions without a camera, %d with one", blind.Held, seeing.Held)
	}
	for _, w := range []TurnWay{blind, seeing} {
		sum := w.Encode + w.Prefill + w.Transcripts + w.Units + w.Vocoder
		for _, d := range []time.Duration{w.Encode, w.Prefill, w.Transcripts, w.Units, w.Vocoder} {
			if d <= 0 || d >= sum {
				t.Errorf("%+v", w)
			}
		}
		if w.Total <= 0 || w.P95 < w.Total || w.Words != 4 {
			t.Errorf("%+v", w)
		}
	}
	if m.language.engine.Free() != 1 {
		t.Error("the window was not given back")
	}
}

func TestWeigh(t *testing.T) {
	m := openTiny(t, 2)
	all := m.Weigh()
	parts := map[string]PartWeight{}
	for _, p := range all {
		parts[p.Part] = p
	}
	for _, c := range Components {
		if p := parts[c.Name]; p.Numbers == 0 || p.Bytes == 0 || p.Device == "" {
			t.Errorf("%s weighs %+v", c.Name, p)
		}
	}
	l := m.folder.Config.Language
	if kv := parts["keys and values"]; kv.Bytes != 2*4096*l.Layers*l.KeyHeads*l.HeadSize*2*2 {
		t.Errorf("keys and values take %d bytes", kv.Bytes)
	}
	if p := parts[NamedVoices]; p.Bytes != 4*p.Numbers { // f32
		t.Errorf("the vocoder weighs %+v", p)
	}
}

func TestQuantile(t *testing.T) {
	ten := make([]time.Duration, 10)
	for i := range ten {
		ten[i] = time.Duration(10 - i)
	}
	for _, c := range []struct {
		times []time.Duration
		q     float64
		want  time.Duration
	}{{nil, 0.5, 0}, {ten, 0, 1}, {ten, 0.5, 5}, {ten, 0.51, 6}, {ten, 0.95, 10}, {ten, 1, 10}, {ten[:1], 0.5, 10}} {
		if got := Quantile(c.times, c.q); got != c.want {
			t.Errorf("%v of %v is %d, want %d", c.q, c.times, got, c.want)
		}
	}
	if ten[0] != 10 {
		t.Error("the times were sorted in place")
	}
}
