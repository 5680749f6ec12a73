package vocoder

import (
	"encoding/binary"
	"math"
	"os"
	"testing"
)

// mixed is a number between -1 and 1 made of i by splitmix64; testdata/make_golden.py has the same.
func mixed(i uint64) float32 {
	z := (i + 1) * 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	z ^= z >> 31
	return float32(float64(z>>40)/(1<<23) - 1)
}

// madeUp is a spectrum of made-up numbers in the ranges the network uses, silent at both ends.
func madeUp(frames int) *Spectrum {
	fill := func(part uint64, scale, shift float32) []float32 {
		m := make([]float32, Bins*frames)
		for i := range m {
			m[i] = mixed(part<<32+uint64(i))*scale + shift
		}
		return m
	}
	s := &Spectrum{
		Frames: frames, Harmonic: fill(1, 3, -2), Turn: fill(2, 2, 0), Noise: fill(3, 2, -5),
		Residual: fill(4, 2, -4), Phase: fill(5, 4, 0), FundamentalPitch: make([]float32, frames),
	}
	for f := range s.FundamentalPitch {
		if f > 2 && f < frames-3 {
			s.FundamentalPitch[f] = 180 + 60*mixed(6<<32+uint64(f))
		}
	}
	return s
}

// madeUpNoise has the variance of Gaussian noise.
func madeUpNoise(frames int) Noise {
	return func(z []float32, frame int) {
		for bin := range Bins {
			at := 7<<32 + uint64(bin*frames+frame)*2
			z[2*bin], z[2*bin+1] = mixed(at)*math.Sqrt2*1.2247449, mixed(at+1)*math.Sqrt2*1.2247449
		}
	}
}

const goldenFrames = 24

// TestSynthesizeGolden compares with hibari-tts (testdata/make_golden.py).
func TestSynthesizeGolden(t *testing.T) {
	data, err := os.ReadFile("testdata/vocoder.f32")
	if err != nil {
		t.Fatal(err)
	}
	want := make([]float32, len(data)/4)
	for i := range want {
		want[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	got, err := New().Synthesize(nil, madeUp(goldenFrames), 0, goldenFrames, madeUpNoise(goldenFrames))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%d samples, want %d", len(got), len(want))
	}
	var worst, top float64
	for i := range got {
		worst = max(worst, math.Abs(float64(got[i]-want[i])))
		top = max(top, math.Abs(float64(want[i])))
	}
	if t.Logf("worst difference %.2g of %.2g", worst, top); worst > 2e-6*top {
		t.Errorf("differs by %g, the loudest sample is %g", worst, top)
	}
}

// TestSynthesizePart proves that a part sounds as in the whole.
func TestSynthesizePart(t *testing.T) {
	v, s := New(), madeUp(60)
	whole, err := v.Synthesize(nil, s, 0, 60, madeUpNoise(60))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range [][2]int{{0, 60}, {0, 3}, {5, 41}, {57, 60}, {30, 30}} {
		got, err := v.Synthesize(nil, s, part[0], part[1], madeUpNoise(60))
		if err != nil {
			t.Fatal(err)
		}
		want := whole[part[0]*Hop : part[1]*Hop]
		if len(got) != len(want) {
			t.Fatalf("%v: %d samples, want %d", part, len(got), len(want))
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("%v: sample %d is %g, in the whole %g", part, i, got[i], want[i])
			}
		}
	}
}

func TestSynthesizeRefuses(t *testing.T) {
	v := New()
	short := madeUp(8)
	short.Phase = short.Phase[:100]
	for name, c := range map[string]struct {
		s        *Spectrum
		from, to int
	}{
		"short matrix": {short, 0, 8},
		"no frames":    {madeUp(2), 0, 2},
		"beyond":       {madeUp(8), 0, 9},
		"before":       {madeUp(8), -1, 2},
		"backwards":    {madeUp(8), 4, 2},
	} {
		if _, err := v.Synthesize(nil, c.s, c.from, c.to, madeUpNoise(8)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// BenchmarkSynthesize runs one second of sound.
func BenchmarkSynthesize(b *testing.B) {
	v, s := New(), madeUp(80)
	silent := func([]float32, int) {}
	var pcm []float32
	b.ReportAllocs()
	for b.Loop() {
		pcm, _ = v.Synthesize(pcm[:0], s, 0, 80, silent)
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N), "ms/s")
}
