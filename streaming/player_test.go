package streaming

import (
	"slices"
	"testing"
	"time"

	"omnilive/media"
	"omnilive/model"
)

// An underrun is a silence in the middle of an answer: not the wait before it, not the silence behind it, and not what an
// interruption leaves out.
func TestUnderruns(t *testing.T) {
	var got []time.Duration
	p := newPlayer(nil, func(lasted time.Duration) { got = append(got, lasted) })
	f := media.Frame{}
	push := func(ms int) func() {
		return func() { p.push(model.Piece{PCM: make([]float32, ms*media.OutputRate/1000)}) }
	}
	play := func(frames int) func() {
		return func() {
			for range frames {
				p.fill(&f)
			}
		}
	}
	text := func() { p.push(model.Piece{Text: "words"}) }
	ms := time.Millisecond
	for _, c := range []struct {
		name string
		do   []func()
		want []time.Duration
	}{
		{"in time", []func(){play(9), push(40), play(1), push(40), play(1), push(40), play(9)}, nil},
		{"at the last moment", []func(){push(40), play(2), push(40), play(2)}, nil},
		{"late", []func(){push(40), play(5), push(40), play(9)}, []time.Duration{60 * ms}},
		{"twice", []func(){push(40), play(3), push(20), play(3), push(20)}, []time.Duration{20 * ms, 40 * ms}},
		{"in the middle of a frame", []func(){push(50), play(3), push(40)}, []time.Duration{10 * ms}},
		{"words without sound", []func(){push(40), play(5), text, play(5), push(20)}, []time.Duration{160 * ms}},
		{"at the end", []func(){push(40), play(50), text, play(50)}, nil},
		{"between answers", []func(){push(40), play(50), p.begin, play(5), push(40), play(2)}, nil},
		{"cut", []func(){push(40), play(1), p.cut, play(50), push(40), play(2)}, nil},
	} {
		got = nil
		for _, f := range append([]func(){p.cut, play(1), p.begin}, c.do...) {
			f()
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: underruns of %v, want %v", c.name, got, c.want)
		}
	}
}
