package turn

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"omnilive/model"
	"omnilive/model/onnx"
)

// golden is what testdata/make_golden.py got from the original packages.
type golden struct {
	Spans [][2]int `json:"spans"`
	Turns []struct {
		Name        string    `json:"name"`
		Mean        float64   `json:"mean"`
		Points      [][2]int  `json:"points"`
		Values      []float32 `json:"values"`
		Probability float32   `json:"probability"`
	} `json:"turns"`
	Speech []float32 `json:"speech"`
}

func loadGolden(t testing.TB) (g golden, speech []float32) {
	t.Helper()
	b, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	wav, err := os.ReadFile("testdata/speech.wav")
	if err != nil {
		t.Fatal(err)
	}
	for wav = wav[44:]; len(wav) >= 2; wav = wav[2:] {
		speech = append(speech, float32(int16(binary.LittleEndian.Uint16(wav)))/32768)
	}
	return g, speech
}

// cases are the sounds of golden.Turns, by name.
func cases(g golden, speech []float32) map[string][]float32 {
	return map[string][]float32{
		"question":   speech[g.Spans[0][0]:g.Spans[0][1]],
		"statement":  speech[g.Spans[1][0]:g.Spans[1][1]],
		"cut off":    slices.Concat(speech[g.Spans[1][0]:g.Spans[1][0]+25600], make([]float32, 3200)),
		"both twice": slices.Concat(speech, speech),
		"short":      speech[4000:4100],
	}
}

func part(t testing.TB, name string) string {
	t.Helper()
	models, lib := os.Getenv("OMNILIVE_MODELS"), os.Getenv("OMNILIVE_LIB")
	if models == "" || lib == "" {
		t.Skip("OMNILIVE_MODELS and OMNILIVE_LIB are not set: no networks to run")
	}
	if err := onnx.Open(filepath.Join(lib, "libonnxruntime.so.1.32.0")); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(models, name)
}

func TestLogMelEqualsReference(t *testing.T) {
	g, speech := loadGolden(t)
	m, s := newLogMel(), &melScratch{out: make([]float32, mels*frames)}
	sounds := cases(g, speech)
	for _, want := range g.Turns {
		m.compute(s, sounds[want.Name])
		var sum, worst float64
		for _, v := range s.out {
			sum += float64(v)
		}
		for i, p := range want.Points {
			worst = max(worst, math.Abs(float64(s.out[p[0]*frames+p[1]]-want.Values[i])))
		}
		mean := sum / float64(len(s.out))
		t.Logf("%s: largest difference %.2g, of the mean %.2g", want.Name, worst, mean-want.Mean)
		if worst > 1e-3 || math.Abs(mean-want.Mean) > 1e-4 {
			t.Errorf("%s: log-mel differs by %v, its mean by %v", want.Name, worst, mean-want.Mean)
		}
	}
}

func TestSmartTurnEqualsReference(t *testing.T) {
	n, err := OpenSmartTurn(part(t, "smart-turn-v3.2-cpu.onnx"), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	g, speech := loadGolden(t)
	sounds := cases(g, speech)
	for _, want := range g.Turns {
		p, err := n.Probability(context.Background(), sounds[want.Name])
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.4f, reference %.4f", want.Name, p, want.Probability)
		// The network is quantised: noise of 1e-6 on its input moves the reference's own answer by up to 0.1.
		if math.Abs(float64(p-want.Probability)) > 0.1 || (p > 0.5) != (want.Probability > 0.5) {
			t.Errorf("%s: probability %v, reference %v", want.Name, p, want.Probability)
		}
	}
}

func TestSileroEqualsReference(t *testing.T) {
	n, err := OpenSpeech(part(t, "silero_vad_16k_op15.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	a, err := n.NewDetector()
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	other, err := n.NewDetector() // runs beside it; neither may hear the other
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	g, speech := loadGolden(t)
	for range 2 { // the second time after Reset
		for i, want := range g.Speech {
			p, err := a.Probability(speech[i*model.Hop : (i+1)*model.Hop])
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(float64(p-want)) > 1e-4 {
				t.Fatalf("hop %d: %v, reference %v", i, p, want)
			}
			if _, err := other.Probability(speech[len(speech)-(i+1)*model.Hop:][:model.Hop]); err != nil {
				t.Fatal(err)
			}
		}
		a.Reset()
	}
}
