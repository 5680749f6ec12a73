package live

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"omnilive/model"
	"omnilive/model/omni"
)

// While somebody speaks the model writes down what it heard so far, and that leaves no trace.
func TestCaptionsOfSpeechUnderWay(t *testing.T) {
	l := open(t, 2)
	ctx := context.Background()
	x := append(wave(t, "question.wav"), wave(t, "question2.wav")...)
	c := begin(t, l)
	defer c.Close()
	ask(t, c, x[:12000], 2)
	if err := c.Truncate(c.answer.first + 10); err != nil { // interrupted, so that closing ids wait
		t.Fatal(err)
	}
	shown := 0
	for n := 8000; n < len(x); n += 6400 {
		h, err := c.Hear(ctx, x[:n], model.HearOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if h.Text != "" {
			shown++
		}
	}
	if shown < 2 {
		t.Errorf("%d captions of %d samples", shown, len(x))
	}
	got := ask(t, c, x, 0)

	straight := begin(t, l)
	defer straight.Close()
	ask(t, straight, x[:12000], 2)
	if err := straight.Truncate(straight.answer.first + 10); err != nil {
		t.Fatal(err)
	}
	if want := ask(t, straight, x, 0); got.text != want.text || got.heard != want.heard || !slices.Equal(got.pcm, want.pcm) {
		t.Errorf("with captions %q, without %q", got.text, want.text)
	}
}

// The soundtrack of the call goes into the window with what the camera shows, and is that of a video of the same length.
func TestSoundtrackOfTheCall(t *testing.T) {
	l := openWith(t, 1, 32768, Options{})
	ctx := context.Background()
	c := begin(t, l)
	defer c.Close()
	r := rand.New(rand.NewPCG(5, 6))
	x := make([]float32, 95*model.InputRate)
	for i := range x {
		x[i] = float32(r.NormFloat64()) / 20
	}
	var got []float32
	for at := 0; at < len(x); {
		n := min(5000+r.IntN(40000), len(x)-at)
		if err := c.Listen(ctx, x[at:at+n]); err != nil {
			t.Fatal(err)
		}
		at += n
		for range 2 {
			if _, err := c.See(ctx, scene(r), model.SeeOptions{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, s := range c.log.all {
		for _, p := range s.parts {
			if p.item != nil {
				got = append(got, p.item.Sound...)
			}
		}
	}
	p := scene(r)
	whole, err := l.m.Video(ctx, omni.Clip{Frames: []model.Picture{p, p}, FPS: 2, Sound: x})
	if err != nil {
		t.Fatal(err)
	}
	if want := whole.Sound[:90*l.m.Width()]; !slices.Equal(got, want) {
		t.Errorf("%d seconds in the window, 90 of the video's are complete, equal: %v", len(got)/l.m.Width(), slices.Equal(got, want))
	}
}
