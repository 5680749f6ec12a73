package omni

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"omnilive/model"
)

func TestClonesAreBounded(t *testing.T) {
	var c clones
	c.keep(Voice{Name: "server's"})
	c.pinned = map[string]bool{"server's": true}
	for i := range mostClones {
		c.keep(Voice{Name: fmt.Sprint(i)})
	}
	if _, err := c.find("0"); err != nil { // used again: it goes last
		t.Fatal(err)
	}
	c.keep(Voice{Name: "one more"})
	for name, want := range map[string]bool{"server's": true, "0": true, "1": false, "2": true, "one more": true} {
		if _, err := c.find(name); (err == nil) != want {
			t.Errorf("voice %q: %v, want it kept: %v", name, err, want)
		}
	}
	if len(c.kept) != mostClones+1 {
		t.Errorf("%d voices are kept", len(c.kept))
	}
}

func TestRecordingsThatAreNone(t *testing.T) {
	m := &Model{} // refused before anything is touched
	loud := func(seconds float64) []float32 {
		x := make([]float32, int(seconds*model.OutputRate))
		for i := range x {
			x[i] = float32(math.Sin(float64(i) / 20))
		}
		return x
	}
	broken := loud(2)
	broken[100] = float32(math.NaN())
	for _, c := range []struct {
		name    string
		samples []float32
		want    string
	}{
		{"none", nil, "lasts 0.0 s: give at least 1 s"},
		{"short", loud(0.9), "at least 1 s"},
		{"long", loud(121), "at most 120 s"},
		{"silent", make([]float32, 2*model.OutputRate), "silent"},
		{"broken", broken, "not a number"},
	} {
		if _, err := m.CloneVoice(context.Background(), c.samples); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if a, b := nameOf(loud(1)), nameOf(loud(2)); a == b || a != nameOf(loud(1)) || len(a) != len(ClonePrefix)+16 {
		t.Errorf("names %q and %q", a, b)
	}
}
