package media

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

func tone(hertz float64, rate, n int) []float32 {
	pcm := make([]float32, n)
	for i := range pcm {
		pcm[i] = float32(0.5 * math.Sin(2*math.Pi*hertz*float64(i)/float64(rate)))
	}
	return pcm
}

// rms of the middle, where the filter has met no edge.
func rms(pcm []float32) float64 {
	pcm = pcm[len(pcm)/4 : 3*len(pcm)/4]
	var s float64
	for _, x := range pcm {
		s += float64(x) * float64(x)
	}
	return math.Sqrt(s / float64(len(pcm)))
}

func TestResampleKeepsTones(t *testing.T) {
	for _, c := range []struct{ from, to int }{
		{48000, 16000},
		{44100, 16000},
		{22050, 16000},
		{24000, 16000},
		{8000, 16000},
		{16000, 24000},
		{44100, 24000},
		{16000, 16000},
		{11025, 48000},
	} {
		n := c.from
		pass := 0.85 * float64(min(c.from, c.to)) / 2
		got, err := Resample(tone(pass, c.from, n), c.from, c.to)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != c.to {
			t.Errorf("%v: a second became %d samples", c, len(got))
		}
		want := tone(pass, c.to, c.to)
		worst := 0.0
		for i := c.to / 4; i < 3*c.to/4; i++ {
			worst = max(worst, math.Abs(float64(got[i]-want[i])))
		}
		if worst > 1e-3 {
			t.Errorf("%v: a tone of %.0f Hz is off by %.5f", c, pass, worst)
		}
	}
}

func TestResampleStopsAliases(t *testing.T) {
	for _, hertz := range []float64{8400, 10000, 15000, 23000} {
		got, _ := Resample(tone(hertz, 48000, 48000), 48000, 16000)
		if r := 20 * math.Log10(rms(got)/0.3536); r > -70 {
			t.Errorf("%.0f Hz comes through at %.1f dB", hertz, r)
		}
	}
}

func TestResampleStreamedEqualsWhole(t *testing.T) {
	in := tone(700, 44100, 9000)
	whole, err := Resample(in, 44100, 16000)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := NewResampler(44100, 16000)
	for range 2 { // Flush makes it new
		var got []float32
		rest := in
		for k := 1; len(rest) > 0; k = k*7%997 + 1 {
			k = min(k, len(rest))
			got = r.Resample(got, rest[:k])
			rest = rest[k:]
		}
		if got = r.Flush(got); !slices.Equal(got, whole) {
			t.Errorf("%d samples in pieces, %d as a whole", len(got), len(whole))
		}
	}
}

func TestResampleEdges(t *testing.T) {
	for _, bad := range [][2]int{{0, 16000}, {16000, -1}, {1 << 40, 16000}, {383_999, 383_997}} {
		if _, err := NewResampler(bad[0], bad[1]); err == nil {
			t.Errorf("%v: no error", bad)
		}
	}
	for _, ok := range [][2]int{{384_000, 1000}, {1000, 384_000}, {44_100, 48_000}} {
		for _, n := range []int{0, 1, 2, 100} {
			got, err := Resample(make([]float32, n), ok[0], ok[1])
			want := (n*ok[1] + ok[0] - 1) / ok[0]
			if err != nil || len(got) != want {
				t.Errorf("%v: %d samples became %d, want %d, %v", ok, n, len(got), want, err)
			}
		}
	}
}

func TestResampleAllocatesNothing(t *testing.T) {
	r, _ := NewResampler(24000, 16000)
	src, dst := make([]float32, 480), make([]float32, 0, 400)
	if n := testing.AllocsPerRun(100, func() { dst = r.Resample(dst[:0], src) }); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

func BenchmarkResample(b *testing.B) {
	for _, c := range [][2]int{{24000, 16000}, {48000, 16000}, {44100, 16000}} {
		b.Run(fmt.Sprintf("%d-%d", c[0], c[1]), func(b *testing.B) {
			r, _ := NewResampler(c[0], c[1])
			src, dst := make([]float32, c[0]/50), make([]float32, 0, 2000)
			b.ReportAllocs()
			for b.Loop() {
				dst = r.Resample(dst[:0], src)
			}
			b.ReportMetric(0.02*float64(b.N)/b.Elapsed().Seconds(), "x-realtime")
		})
	}
}
