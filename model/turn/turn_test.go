package turn

import (
	"context"
	"errors"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"sync"
	"testing"

	"omnilive/model"
)

func TestFFTEqualsDefinition(t *testing.T) {
	var x [fftSize]float64
	var s scratch
	r := rand.New(rand.NewPCG(1, 2))
	for i := range x {
		x[i] = r.NormFloat64()
	}
	for i := range s.a {
		s.a[i] = complex(float32(x[2*i]), float32(x[2*i+1]))
	}
	var got [bins]float32
	newRealFFT().power(&s, &got)
	for k := range got {
		var sum complex128
		for i, v := range x {
			sum += complex(v, 0) * cmplx.Exp(complex(0, -2*math.Pi*float64(i*k%fftSize)/fftSize))
		}
		want := real(sum)*real(sum) + imag(sum)*imag(sum)
		if math.Abs(float64(got[k])-want) > 1e-3*(1+want) {
			t.Errorf("bin %d: %v, by definition %v", k, got[k], want)
		}
	}
}

func TestLog2(t *testing.T) {
	for _, x := range []float32{floor, 1e-5, 0.5, 0.7071, 0.7072, 1, 1.4142, 1.4143, 3, 1e9, math.MaxFloat32} {
		if want := math.Log2(float64(x)); math.Abs(float64(log2(x))-want) > 1e-5 {
			t.Errorf("log2(%v) = %v, want %v", x, log2(x), want)
		}
	}
}

func TestLogMelRefusesWhatIsNoNumber(t *testing.T) {
	m, s := newLogMel(), &melScratch{out: make([]float32, mels*frames)}
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		if m.compute(s, []float32{0.1, float32(bad)}) {
			t.Errorf("%v went through", bad)
		}
	}
	if !m.compute(s, []float32{0.5}) || !m.compute(s, make([]float32, 2*window)) {
		t.Error("silence or a single sample was refused")
	}
}

func TestSileroGuards(t *testing.T) {
	n, err := OpenSpeech(part(t, "silero_vad_16k_op15.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := n.NewDetector()
	if err != nil {
		t.Fatal(err)
	}
	hop := make([]float32, model.Hop)
	if _, err := d.Probability(hop[1:]); err == nil {
		t.Error("a short hop was taken")
	}
	before, _ := d.Probability(hop)
	d.Reset()
	hop[7] = float32(math.NaN())
	if _, err := d.Probability(hop); err == nil {
		t.Error("a hop with a NaN was taken")
	}
	hop[7] = 0
	if after, err := d.Probability(hop); err != nil || after != before {
		t.Errorf("after a NaN the detector says %v (%v), at first %v", after, err, before)
	}
	if a := testing.AllocsPerRun(10, func() { _, _ = d.Probability(hop) }); a != 0 {
		t.Errorf("a hop allocates %v times", a)
	}
	n.Close()
	if _, err := d.Probability(hop); err == nil {
		t.Error("a closed network still answers")
	}
	d.Close()
	if _, err := n.NewDetector(); err == nil {
		t.Error("a closed network makes detectors")
	}
}

func TestSmartTurnServesManyAtOnce(t *testing.T) {
	n, err := OpenSmartTurn(part(t, "smart-turn-v3.2-cpu.onnx"), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	g, speech := loadGolden(t)
	sounds := cases(g, speech)
	alone := map[string]float32{}
	for _, name := range []string{"question", "cut off"} {
		alone[name], _ = n.Probability(t.Context(), sounds[name])
	}
	var wg sync.WaitGroup
	for name, want := range alone {
		wg.Go(func() {
			for range 3 {
				if p, err := n.Probability(t.Context(), sounds[name]); err != nil || p != want {
					t.Errorf("%s: %v (%v), alone %v", name, p, err, want)
				}
			}
		})
	}
	wg.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := n.Probability(ctx, speech); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if p, err := n.Probability(t.Context(), nil); p != 0 || err != nil {
		t.Errorf("no sound: %v %v", p, err)
	}
}

func BenchmarkSilero(b *testing.B) {
	n, err := OpenSpeech(part(b, "silero_vad_16k_op15.onnx"))
	if err != nil {
		b.Fatal(err)
	}
	defer n.Close()
	d, err := n.NewDetector()
	if err != nil {
		b.Fatal(err)
	}
	_, speech := loadGolden(b)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if i+model.Hop > len(speech) {
			i = 0
		}
		if _, err := d.Probability(speech[i : i+model.Hop]); err != nil {
			b.Fatal(err)
		}
		i += model.Hop
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N), "us/hop")
}

func BenchmarkLogMel(b *testing.B) {
	m, s := newLogMel(), &melScratch{out: make([]float32, mels*frames)}
	_, speech := loadGolden(b)
	for _, c := range []struct {
		name    string
		seconds int
	}{{"2s", 2}, {"4s", 4}, {"8s", 8}} {
		sound := append(speech, speech...)[:c.seconds*16000]
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				m.compute(s, sound)
			}
			b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N), "ms/turn")
		})
	}
}

func BenchmarkSmartTurn(b *testing.B) {
	n, err := OpenSmartTurn(part(b, "smart-turn-v3.2-cpu.onnx"), 1)
	if err != nil {
		b.Fatal(err)
	}
	defer n.Close()
	_, speech := loadGolden(b)
	for b.Loop() {
		if _, err := n.Probability(b.Context(), speech); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N), "ms/turn")
}
