package streaming

import (
	"testing"

	"omnilive/model"
)

// hops runs an endpointer over hops of (probability, loudness) and returns the signals by hop.
func hops(e *endpointer, steps ...[2]float32) map[int]signal {
	out := map[int]signal{}
	for i, s := range steps {
		if sig := e.step(s[0], s[1], int64(i+1)*model.Hop); sig != quiet {
			out[i] = sig
		}
	}
	return out
}

// In a quiet room the pause is seen before the detector sees it; the silence still counts from the detector's last voiced hop.
func TestPauseByLoudness(t *testing.T) {
	e := &endpointer{threshold: 0.5}
	loud, tail, gone := [2]float32{1, 0.3}, [2]float32{0.9, 0.002}, [2]float32{0.01, 0.002}
	got := hops(e, loud, loud, loud, loud, tail, tail, tail, gone, gone)
	if got[2] != started || got[5] != paused || len(got) != 2 {
		t.Errorf("signals %v", got)
	}
	if silence := e.silence(9 * model.Hop); silence != 2*model.Hop {
		t.Errorf("silence of %d samples, want %d", silence, 2*model.Hop)
	}
}

// In a loud room the detector alone decides, and a click does not end the pause.
func TestPauseInNoise(t *testing.T) {
	e := &endpointer{threshold: 0.5}
	loud, room, click := [2]float32{1, 0.3}, [2]float32{0.02, 0.1}, [2]float32{0.9, 0.3}
	got := hops(e, loud, loud, loud, room, room, click, room, room, click, click)
	if got[2] != started || got[4] != paused || got[9] != resumed || len(got) != 3 {
		t.Errorf("signals %v", got)
	}
}

func TestWait(t *testing.T) {
	semantic := DefaultSettings().Turn
	vad := TurnDetection{Type: ServerVAD, SilenceDurationMS: 500}
	for _, c := range []struct {
		t    TurnDetection
		e    string
		s    float64
		want int64
	}{{semantic, "", 0.9, 220}, {semantic, "", 0.4, 420}, {semantic, "", 0.1, 900}, {semantic, "", -1, 900}, {semantic, "low", 0.9, 500}, {semantic, "high", 0, 600}, {vad, "", 0.9, 500}} {
		if c.e != "" {
			c.t.Eagerness = c.e
		}
		if got := c.t.wait(c.s); got != c.want {
			t.Errorf("%s %s %.1f: %d ms, want %d", c.t.Type, c.e, c.s, got, c.want)
		}
	}
	for _, c := range []struct {
		sound, words float64
		want         int64
		what         string
	}{
		{0.05, 0.95, 220, "a question that sounds unfinished"},
		{0.05, 0.85, 420, "a statement that sounds unfinished"},
		{0.9, 0.85, 220, "a statement that sounds finished"},
		{0.95, 0.1, 900, "an open end that sounds finished"},
		{0.05, 0.5, 900, "bare words that sound unfinished"},
	} {
		if got := semantic.wait(combine(c.sound, c.words)); got != c.want {
			t.Errorf("%s waits %d ms, want %d", c.what, got, c.want)
		}
	}
}
