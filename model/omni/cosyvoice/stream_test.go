package cosyvoice

import (
	"context"
	"slices"
	"testing"
)

// A stream gives the same samples however the units come in, as many as the utterance has.
func TestStreamInPieces(t *testing.T) {
	c, h := smallFlow(), smallHiFT()
	d := decoder(t, c, h)
	units := someUnits(c, 47, 2)
	speak := func(v *Voice, piece int) (all []float32, first int) {
		s, err := d.Stream(v, StreamOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for at := 0; at < len(units); at += piece {
			samples, err := s.Push(context.Background(), units[at:min(len(units), at+piece)])
			if err != nil {
				t.Fatal(err)
			}
			if all = append(all, samples...); len(all) > 0 && first == 0 {
				first = at + piece
			}
		}
		samples, err := s.Flush(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return append(all, samples...), first
	}
	for _, prompt := range []int{0, 3, 5} {
		v := voice(t, c, prompt)
		want, _ := speak(v, len(units))
		if len(want) != len(units)*c.Ratio*h.Samples() {
			t.Fatalf("%d samples of %d units", len(want), len(units))
		}
		got, first := speak(v, 1)
		if !slices.Equal(got, want) {
			t.Errorf("prompt %d: unit by unit it sounds otherwise", prompt)
		}
		if hop := (5-prompt%5)%5 + 5; first != hop+c.Lookahead {
			t.Errorf("prompt %d: first sound after %d units, want %d", prompt, first, hop+c.Lookahead)
		}
	}
}

// What fits no hop is spoken at the end; nothing at all is no sound.
func TestStreamShort(t *testing.T) {
	c, h := smallFlow(), smallHiFT()
	d := decoder(t, c, h)
	for n := range 9 {
		for _, whole := range []bool{false, true} {
			s, err := d.Stream(voice(t, c, 5), StreamOptions{Whole: whole})
			if err != nil {
				t.Fatal(err)
			}
			pushed, err := s.Push(context.Background(), someUnits(c, n, 0))
			if err != nil {
				t.Fatal(err)
			}
			flushed, err := s.Flush(context.Background())
			if err != nil || len(pushed)+len(flushed) != n*c.Ratio*h.Samples() {
				t.Errorf("%d units, whole %v: %d and %d samples, %v", n, whole, len(pushed), len(flushed), err)
			}
			s.Close()
		}
	}
}

func TestStreamHops(t *testing.T) {
	d := decoder(t, smallFlow(), smallHiFT())
	for _, hops := range [][]int{{}, {0}, {5, 3}, {-5}} {
		if _, err := d.Stream(voice(t, smallFlow(), 0), StreamOptions{Hops: hops}); err == nil {
			t.Errorf("hops %v: no error", hops)
		}
	}
	for _, overlap := range []int{-1, 101, 1 << 40} {
		if _, err := d.Stream(voice(t, smallFlow(), 0), StreamOptions{Overlap: overlap}); err == nil {
			t.Errorf("overlap %d: no error", overlap)
		}
	}
}

// The halves of the window: the first sample is nearly all old, the last nearly all new.
func TestFade(t *testing.T) {
	samples := []float32{1, 1, 1, 1, 7}
	fade(samples, []float32{0, 0, 0, 0})
	near(t, "new", samples, []float32{0.08, 0.25319469, 0.64235963, 0.95444567, 7}, 1e-7) // numpy.hamming(8)[:4]
	samples = []float32{0, 0, 0, 0}
	fade(samples, []float32{1, 1, 1, 1})
	near(t, "old", samples, []float32{0.95444567, 0.64235963, 0.25319469, 0.08}, 1e-6)
}

// Windows of a long utterance give what the whole gives.
func TestVocoderWindows(t *testing.T) {
	h := smallHiFT()
	d := decoder(t, smallFlow(), h)
	mel, source := make([]float32, (2*window+31)*h.Mel), make([]float32, (2*window+31)*h.Samples())
	g := newGenerator(3)
	g.normal(mel)
	g.normal(source)
	whole, err := d.decode(context.Background(), mel, source)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := d.Decode(context.Background(), mel, source)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "windows", parts, whole, 1e-5)
	if r := DefaultHiFT().reach(); r < 14 || r > 24 {
		t.Errorf("CosyVoice2's vocoder reaches %d frames, want at least the 14 that were measured and not many more", r)
	}
}

func TestBadMel(t *testing.T) {
	h := smallHiFT()
	d := decoder(t, smallFlow(), h)
	nan := make([]float32, 3*h.Mel)
	nan[7] /= nan[7]
	for i, mel := range [][]float32{nil, make([]float32, h.Mel+1), nan} {
		if _, _, err := d.Vocode(context.Background(), mel, nil); err == nil {
			t.Errorf("mel %d: no error", i)
		}
	}
	mel := make([]float32, 2*h.Mel)
	if _, _, err := d.Vocode(context.Background(), mel, make([]float32, 2*h.Samples()+1)); err == nil {
		t.Error("a former source longer than the mel frames: no error")
	}
	if _, err := d.Decode(context.Background(), mel, make([]float32, 5)); err == nil {
		t.Error("a source of another length: no error")
	}
	samples, _, err := d.Vocode(context.Background(), mel, nil)
	if err != nil || len(samples) != 2*h.Samples() {
		t.Errorf("two frames: %d samples, %v", len(samples), err)
	}
}

// Loud mel frames do not break the sound.
func TestVocoderBounds(t *testing.T) {
	h := smallHiFT()
	d := decoder(t, smallFlow(), h)
	mel := make([]float32, 20*h.Mel)
	for i := range mel {
		mel[i] = 1e6 * float32(i%3-1)
	}
	samples, _, err := d.Vocode(context.Background(), mel, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range samples {
		if !(x >= -0.99 && x <= 0.99) {
			t.Fatalf("sample %d is %v", i, x)
		}
	}
}
