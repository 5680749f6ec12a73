package omni

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"omnilive/model"
	"omnilive/model/llama"
)

// load opens the networks of golden.
func load(t testing.TB) *Model {
	t.Helper()
	lib := os.Getenv("OMNILIVE_LIB")
	if lib == "" {
		t.Skip("OMNILIVE_LIB is not set; make test sets it")
	}
	if err := llama.Open(filepath.Join(lib, "llama")); err != nil {
		t.Fatal(err)
	}
	f, err := OpenFolder(golden)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	m, err := Load(context.Background(), f, Options{
		Threads: 1, CPUOnly: true, Cache: t.TempDir(), Engine: llama.EngineOptions{ContextPerSequence: 256, Sequences: 1, Batch: 64, KVType: llama.KVF32},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// noise is a sound that rises and falls.
func noise(n int, seed uint64) []float32 {
	r, x := rand.New(rand.NewPCG(seed, 1)), make([]float32, n)
	for i := range x {
		x[i] = (r.Float32() - 0.5) * float32(0.3+0.3*math.Sin(float64(i)/9000))
	}
	return x
}

// What is heard of a growing utterance is what the whole has, at every pause and over the borders of windows and pieces.
func TestHearingEqualsTheWhole(t *testing.T) {
	m := load(t)
	ctx, r := context.Background(), rand.New(rand.NewPCG(4, 2))
	all := noise(90*model.InputRate, 7)
	h := m.Hearing()
	calls := 0
	for n := 0; n < len(all); {
		n = min(len(all), n+model.InputRate*4/10+r.IntN(model.InputRate*9/10))
		got, err := h.Encode(ctx, all[:n])
		if err != nil {
			t.Fatal(err)
		}
		calls++
		if n < len(all) && calls%9 != 0 { // a pause, now and then
			continue
		}
		want, err := m.Audio(ctx, all[:n])
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%d samples: %d rows and %d codes, want %d and %d, or other ones", n, got.Media.Rows, len(got.Media.Codes), want.Media.Rows, len(want.Media.Codes))
		}
	}
	if w := h.Work(); w.Windows > calls+3 || w.Pieces > calls+1 {
		t.Errorf("%d calls: %+v", calls, w)
	}
	before := h.Work()
	again, err := h.Encode(ctx, slices.Clone(all))
	if err != nil || h.Work() != before || again.Media.Rows != 90*25 {
		t.Errorf("the same once more: %+v, before %+v, %v", h.Work(), before, err)
	}
}

// Another utterance is noticed, an interrupted one goes on, and one that cannot be leaves nothing behind.
func TestHearingGoesOn(t *testing.T) {
	m := load(t)
	ctx := context.Background()
	all := noise(35*model.InputRate, 3)
	check := func(h *Hearing, samples []float32) {
		t.Helper()
		got, err := h.Encode(ctx, samples)
		if err != nil {
			t.Fatal(err)
		}
		if want, err := m.Audio(ctx, samples); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%d samples: not those of the whole, %v", len(samples), err)
		}
	}
	h := m.Hearing()
	check(h, all)
	check(h, all[:31*model.InputRate])                    // shorter
	check(h, all[model.InputRate:])                       // longer, and another
	check(h, noise(2*model.InputRate, 8))                 // another
	check(h, append(noise(2*model.InputRate, 8), all...)) // which goes on
	h.Reset()
	done, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := h.Encode(done, all); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	check(h, all)
	bad := slices.Clone(all)
	bad[len(bad)-1] = float32(math.NaN())
	if _, err := h.Encode(ctx, bad); err == nil || !strings.Contains(err.Error(), "NaN") {
		t.Errorf("NaN: %v", err)
	}
	check(h, all)
	for _, n := range []int{0, 1, 320, 399, maxHearing + 1} {
		_, err := h.Encode(ctx, make([]float32, n))
		if err == nil {
			t.Errorf("%d samples: no error", n)
		}
		if _, want := m.Audio(ctx, make([]float32, min(n, 400))); n < 400 && (want == nil || want.Error() != err.Error()) {
			t.Errorf("%d samples: %v, the whole says %v", n, err, want)
		}
	}
	check(h, all[:400])
}

func TestSoundtrackEqualsTheVideos(t *testing.T) {
	m := load(t)
	ctx, r := context.Background(), rand.New(rand.NewPCG(1, 2))
	all := noise(95*model.InputRate+777, 5)
	clear(all[30*model.InputRate : 60*model.InputRate])
	p := model.Picture{Width: 56, Height: 56, RGB: make([]byte, 3*56*56)}
	want, err := m.Video(ctx, Clip{Frames: []model.Picture{p, p}, FPS: 2, Sound: all})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time silence is known
		s, err := m.Soundtrack()
		if err != nil {
			t.Fatal(err)
		}
		var got []float32
		seconds := 0
		take := func() {
			if s.At() != seconds {
				t.Errorf("the next row is second %d, %d were taken", s.At(), seconds)
			}
			rows, n := s.Take()
			got, seconds = append(got, rows...), seconds+n
		}
		for rest := all; len(rest) > 0; {
			n := min(len(rest), 1+r.IntN(3*model.InputRate))
			if err := s.Push(ctx, rest[:n]); err != nil {
				t.Fatal(err)
			}
			if rest = rest[n:]; s.Pending() != (len(all)-len(rest))/(30*model.InputRate)*30-seconds {
				t.Fatalf("%d seconds wait at %d samples", s.Pending(), len(all)-len(rest))
			}
			if r.IntN(4) == 0 {
				take()
			}
		}
		if err := s.Finish(ctx); err != nil {
			t.Fatal(err)
		}
		take()
		if !slices.Equal(got, want.Sound) || seconds != 96 {
			t.Errorf("%d values of %d seconds, want %d, or other ones", len(got), seconds, len(want.Sound))
		}
		if c := s.Counts(); c != (SoundtrackCounts{Windows: 3, Silent: 1}) {
			t.Errorf("counts %+v", c)
		}
	}
}

// Nobody takes the rows, samples are no numbers, all comes at once, the encoder is interrupted: the clock stays right.
func TestSoundtrackUnderHostility(t *testing.T) {
	m := load(t)
	ctx := context.Background()
	s, err := m.Soundtrack()
	if err != nil {
		t.Fatal(err)
	}
	all := noise(600*model.InputRate, 5)
	all[5], all[6] = float32(math.NaN()), float32(math.Inf(-1))
	if err := s.Push(ctx, nil); err != nil || s.Pending() != 0 {
		t.Errorf("nothing: %v, %d seconds", err, s.Pending())
	}
	if err := s.Push(ctx, all); err != nil {
		t.Fatal(err)
	}
	if c := s.Counts(); c != (SoundtrackCounts{Windows: 20, Dropped: 300, Mended: 2}) || s.Pending() != 300 || s.At() != 300 {
		t.Errorf("counts %+v, %d seconds wait from %d", c, s.Pending(), s.At())
	}
	newest, _ := s.Take()

	done, cancel := context.WithCancel(ctx)
	cancel()
	if s, err = m.Soundtrack(); err != nil {
		t.Fatal(err)
	}
	for _, from := range []int{0, 299} {
		if err := s.Push(done, all[from*model.InputRate:][:(299-from)*model.InputRate+from/299*model.InputRate]); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	}
	if err := s.Push(ctx, all[300*model.InputRate:]); err != nil {
		t.Fatal(err)
	}
	if rows, n := s.Take(); n != 300 || !slices.Equal(rows, newest) {
		t.Errorf("after an interruption: %d seconds, or other rows", n)
	}
	if err := s.Push(done, all); !errors.Is(err, context.Canceled) || len(s.open) > maxOpen*s.window() {
		t.Errorf("cancelled: %v, %d samples kept", err, len(s.open))
	}
	if c := s.Counts(); c.Dropped != 600 || s.At() != 900 {
		t.Errorf("counts %+v, from %d", c, s.At())
	}
}

// An hour of sound takes no more memory than its first minutes.
func TestSoundtrackIsFlat(t *testing.T) {
	m := load(t)
	ctx := context.Background()
	s, err := m.Soundtrack()
	if err != nil {
		t.Fatal(err)
	}
	piece := noise(model.InputRate, 5)
	heap := func() int64 {
		var st runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&st)
		return int64(st.HeapAlloc)
	}
	var first int64
	for second := range 3600 {
		if err := s.Push(ctx, piece); err != nil {
			t.Fatal(err)
		}
		if second == 600 {
			first = heap()
		}
		if second%40 == 0 {
			s.Take()
		}
	}
	if grown := heap() - first; grown > 1<<20 {
		t.Errorf("%d bytes more after an hour than after ten minutes", grown)
	}
	if c := s.Counts(); c.Windows != 120 || c.Dropped != 0 {
		t.Errorf("counts %+v", c)
	}
}
