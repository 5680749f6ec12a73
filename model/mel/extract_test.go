package mel

import (
	"math"
	"testing"
)

func sound(n int) []float32 {
	x := make([]float32, n)
	for i, v := range noise(n) {
		x[i] = float32(v * 30 * math.Sin(float64(i)/900)) // loud enough for silence to be cut
	}
	return x
}

// plain makes a spectrogram as the definition says, with no short way.
func plain(o Options, pcm []float32, samples int) (out [][]float64) {
	x := make([]float64, samples)
	for i, v := range pcm {
		x[i] = float64(v)
	}
	bank, _ := NewBank(o.Rate, o.Window, o.Bands, o.Low, o.High)
	hann, loudest := Hann(o.Window), math.Inf(-1)
	frames := (samples+2*o.Mirror-o.Window)/o.Hop + 1
	if o.DropLast {
		frames--
	}
	for f := range frames {
		w := make([]float64, o.Window)
		for i := range w {
			k := f*o.Hop + i - o.Mirror
			if k < 0 {
				k = -k
			}
			if k >= samples {
				k = 2*(samples-1) - k
			}
			w[i] = x[k] * hann[i]
		}
		row := make([]float64, o.Bands)
		for band := range row {
			for k, c := range spectrum(w) {
				p := square(c)
				if o.Scale == Natural {
					p = math.Sqrt(p + 1e-9)
				}
				row[band] += bank.Weight(band, k) * p
			}
			if o.Scale == Natural {
				row[band] = math.Log(max(row[band], 1e-5))
			} else {
				row[band] = math.Log10(max(row[band], 1e-10))
			}
			loudest = max(loudest, row[band])
		}
		out = append(out, row)
	}
	for _, row := range out {
		for i := range row {
			if o.Scale == Decades {
				row[i] = (max(row[i], loudest-8) + 4) / 4
			}
		}
	}
	return out
}

func TestSpectrogramsAgainstTheDefinition(t *testing.T) {
	small := Options{Rate: 16000, Window: 80, Hop: 32, Bands: 12, High: 8000, Mirror: 40, DropLast: true}
	for name, c := range map[string]struct {
		o           Options
		n, samples  int
		wantAudible int
	}{
		"whole":               {small, 1000, 1000, 31},
		"silence behind":      {small, 300, 1000, 11},
		"mirrored at the end": {small, 990, 1000, 31},
		"nothing":             {small, 0, 1000, 2},
		"one sample":          {small, 1, 1000, 2},
		"least":               {small, 41, 41, 1},
		"vocoder":             {Vocoder(16000, 64, 16, 10, 20, 7000), 500, 500, 31},
		"vocoder, padded":     {Vocoder(16000, 64, 16, 10, 20, 7000), 100, 500, 8},
	} {
		e, err := New(c.o)
		if err != nil {
			t.Fatal(err)
		}
		pcm := sound(c.n)
		rows, rest, err := e.Padded(pcm, c.samples)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := plain(c.o, pcm, c.samples)
		if len(want) != e.Frames(c.samples) || len(rows) != c.wantAudible*c.o.Bands {
			t.Errorf("%s: %d values and %d frames, want %d rows of %d frames", name, len(rows), e.Frames(c.samples), c.wantAudible, len(want))
		}
		for f, row := range want {
			for i, w := range row {
				got := rest
				if at := f*c.o.Bands + i; at < len(rows) {
					got = rows[at]
				}
				if math.Abs(float64(got)-w) > 1e-6*(1+math.Abs(w)) {
					t.Fatalf("%s: frame %d band %d: %v, want %v", name, f, i, got, w)
				}
			}
		}
	}
}

func TestBankKeepsItsArea(t *testing.T) {
	b, err := NewBank(24000, 4096, 20, 0, 12000)
	if err != nil {
		t.Fatal(err)
	}
	for band := range b.Bands() {
		area := 0.0
		for k := range 2049 {
			area += b.Weight(band, k) * 24000 / 4096
		}
		if math.Abs(area-1) > 0.01 {
			t.Errorf("band %d covers %v", band, area)
		}
	}
	for hz := 10.0; hz < 12000; hz *= 1.7 {
		if back := toHertz(toMel(hz)); math.Abs(back-hz) > 1e-9*hz {
			t.Errorf("%v Hz came back as %v", hz, back)
		}
	}
}

func TestBadSoundAndOptions(t *testing.T) {
	e, err := New(Whisper(128))
	if err != nil {
		t.Fatal(err)
	}
	nan := make([]float32, 1000)
	nan[7] = float32(math.NaN())
	loud := make([]float32, 1000)
	loud[7] = float32(math.Inf(-1))
	for name, pcm := range map[string][]float32{"nothing": nil, "too short": make([]float32, 200), "NaN": nan, "infinite": loud} {
		if _, err := e.Compute(pcm); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, _, err := e.Padded(make([]float32, 500), 400); err == nil {
		t.Error("more than all: no error")
	}
	for name, change := range map[string]func(*Options){
		"no rate":      func(o *Options) { o.Rate = 0 },
		"no window":    func(o *Options) { o.Window = 0 },
		"odd window":   func(o *Options) { o.Window = 401 },
		"huge window":  func(o *Options) { o.Window = 1 << 40 },
		"no hop":       func(o *Options) { o.Hop = 0 },
		"no bands":     func(o *Options) { o.Bands = 0 },
		"many bands":   func(o *Options) { o.Bands = 1 << 40 },
		"low":          func(o *Options) { o.Low = math.NaN() },
		"high":         func(o *Options) { o.High = math.Inf(1) },
		"mirror":       func(o *Options) { o.Mirror = -1 },
		"unknown unit": func(o *Options) { o.Scale = 7 },
	} {
		o := Whisper(80)
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if n := e.Frames(100); n != 0 {
		t.Errorf("%d frames of nearly nothing", n)
	}
}

func BenchmarkWhisper30s(b *testing.B) {
	e, err := New(Whisper(128))
	if err != nil {
		b.Fatal(err)
	}
	pcm := sound(480000)
	for b.Loop() {
		if _, err := e.Compute(pcm); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/30s")
}
