package speechtokenizer

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"omnilive/model/checkpoint"
	"omnilive/model/ggml"
	"omnilive/model/mel"
)

func TestAgainstPlainLoops(t *testing.T) {
	even := small
	even.memory, even.digits = 4, 3
	for _, s := range []shape{small, even} {
		k := load(t, s, smallConfig(), ggml.F32)
		for _, n := range []int{400, 1000, 9000} {
			u, err := k.EncodeFully(context.Background(), chirp(n))
			if err != nil {
				t.Fatal(err)
			}
			want := plain{s.checkpoint(), s, 2}.numbers(spectrogram(t, chirp(n), int(s.mels)))
			if len(u.Index) != len(want) || len(u.Numbers) != len(want)*int(s.digits) {
				t.Fatalf("%d samples: %d units of %d numbers, want %d", n, len(u.Index), len(u.Numbers), len(want))
			}
			for i, row := range want {
				unit := 0
				for j := len(row) - 1; j >= 0; j-- {
					if d := math.Abs(row[j] - float64(u.Numbers[i*len(row)+j])); !(d < 1e-5) {
						t.Fatalf("%d samples: number %d of unit %d is off by %v", n, j, i, d)
					}
					unit = 3*unit + int(math.RoundToEven(row[j])) + 1
				}
				if unit != int(u.Index[i]) && u.Margin[i] > 2e-5 {
					t.Errorf("%d samples: unit %d is %d, want %d", n, i, u.Index[i], unit)
				}
			}
		}
	}
}

func spectrogram(t *testing.T, pcm []float32, bands int) (x rows) {
	t.Helper()
	e, err := mel.New(mel.Whisper(bands))
	if err != nil {
		t.Fatal(err)
	}
	frames, err := e.Compute(pcm)
	if err != nil {
		t.Fatal(err)
	}
	for ; len(frames) > 0; frames = frames[bands:] {
		var r []float64
		for _, v := range frames[:bands] {
			r = append(r, float64(v))
		}
		x = append(x, r)
	}
	return x
}

// Sound beyond a piece is its pieces one by one, a short rest included in the last.
func TestPieces(t *testing.T) {
	k := load(t, small, smallConfig(), ggml.F32)
	piece := 20*640 - 1600
	if k.piece != piece {
		t.Fatalf("pieces of %d samples, want %d", k.piece, piece)
	}
	for _, rest := range []int{0, 1, 1599, 1600, 4000} {
		x := chirp(2*piece + rest)
		got, err := k.Encode(context.Background(), x)
		if err != nil {
			t.Fatal(err)
		}
		cuts := []int{0, piece, 2 * piece, len(x)}
		if rest < 1600 {
			cuts = []int{0, piece, len(x)}
		}
		var want []int32
		for i := range len(cuts) - 1 {
			u, err := k.Encode(context.Background(), x[cuts[i]:cuts[i+1]])
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, u...)
		}
		if !slices.Equal(got, want) || len(got) != k.Count(len(x)) {
			t.Errorf("rest of %d: %v, want %v and %d of them", rest, got, want, k.Count(len(x)))
		}
	}
}

func TestHostileSound(t *testing.T) {
	k := load(t, small, smallConfig(), ggml.F32)
	for _, n := range []int{0, 1, 399} {
		if _, err := k.Encode(context.Background(), make([]float32, n)); !errors.Is(err, ErrShort) {
			t.Errorf("%d samples: %v", n, err)
		}
	}
	for _, v := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		x := chirp(2000)
		x[1234] = v
		if u, err := k.Encode(context.Background(), x); err == nil {
			t.Errorf("%v: %v", v, u)
		}
	}
	for name, v := range map[string]float32{"silence": 0, "full scale": 1, "beyond": 1e30, "least": math.SmallestNonzeroFloat32} {
		x := make([]float32, 3000)
		for i := range x {
			x[i] = v
		}
		u, err := k.Encode(context.Background(), x)
		if err != nil || len(u) != k.Count(3000) {
			t.Errorf("%s: %v, %v", name, u, err)
		}
		for _, i := range u {
			if i < 0 || int(i) >= k.Kinds() {
				t.Errorf("%s: unit %d", name, i)
			}
		}
	}
}

func TestMistakesOfTheCaller(t *testing.T) {
	k := load(t, small, smallConfig(), ggml.F32)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := k.Encode(ctx, chirp(2000)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := Declare(checkpoint.NewPlan(small.checkpoint()).At(prefix), smallConfig(), nil).Encode(context.Background(), chirp(2000)); err == nil {
		t.Error("encodes without a backend")
	}
	if _, err := Declare(checkpoint.NewPlan(small.checkpoint()).At(prefix), smallConfig(), k.backend).Encode(context.Background(), chirp(2000)); err == nil {
		t.Error("encodes without weights")
	}
	first, err := k.Encode(context.Background(), chirp(2000))
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := k.Encode(context.Background(), chirp(2000)); !slices.Equal(first, again) {
		t.Errorf("%v, then %v", first, again)
	}
	k.Close()
	k.Close()
}

// What rounding the matrices costs: the numbers before rounding move a little.
func TestOtherTypes(t *testing.T) {
	wide := small
	wide.hidden, wide.mlp = 64, 96
	want, err := load(t, wide, smallConfig(), ggml.F32).EncodeFully(context.Background(), chirp(9000))
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []ggml.Type{ggml.F16, ggml.BF16, ggml.Q8_0} {
		u, err := load(t, wide, smallConfig(), kind).EncodeFully(context.Background(), chirp(9000))
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range u.Numbers {
			if d := math.Abs(float64(v - want.Numbers[i])); !(d < 0.3) {
				t.Errorf("%v: number %d is %v, in f32 %v", kind, i, v, want.Numbers[i])
			}
		}
	}
}

func TestQuantise(t *testing.T) {
	for _, c := range []struct {
		h      []float32
		unit   int32
		margin float32
	}{
		{[]float32{0, 0, 0, 0, 0, 0, 0, 0}, 3280, 0.5},
		{[]float32{0.999, -0.999, 0, 0, -0.999, 0.999, 0.999, 0}, 4169, 0.499}, // omni-8b.md 6.2
		{[]float32{0.5, -0.5, 0, 0, 0, 0, 0, 0}, 3280, 0},                      // halves go to the even one, 0
		{[]float32{0.51, -0.51, 0, 0, 0, 0, 0, 0}, 3280 + 1 - 3, 0.01},
		{[]float32{-1, -1, -1, -1, -1, -1, -1, -1}, 0, 0.5},
		{[]float32{1, 1, 1, 1, 1, 1, 1, 1}, 6560, 0.5},
	} {
		unit, margin := quantise(c.h)
		if unit != c.unit || math.Abs(float64(margin-c.margin)) > 1e-6 {
			t.Errorf("%v is unit %d with margin %v, want %d with %v", c.h, unit, margin, c.unit, c.margin)
		}
	}
}

// The angles of the far end are those of the reference: a product rounded to f32.
func TestTurns(t *testing.T) {
	cos, sin := turns(64, 2004)
	for _, place := range []int{0, 1, 77, 2003} {
		for i := range 32 {
			angle := float64(float32(place) * (1 / float32(math.Pow(10000, float64(i)/32))))
			at := place*64 + i
			if cos[at] != float32(math.Cos(angle)) || cos[at+32] != cos[at] || sin[at+32] != float32(math.Sin(angle)) || sin[at] != sin[at+32] {
				t.Fatalf("place %d, pair %d: cos %v, sin %v", place, i, cos[at], sin[at])
			}
		}
	}
}
