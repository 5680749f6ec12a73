package llama

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func scores(n int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 0))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64() * 3)
	}
	return x
}

func TestArgmax(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		x    []float32
		want int
	}{
		{[]float32{1}, 0},
		{[]float32{1, 3, 2}, 1},
		{[]float32{2, 3, 3}, 1},
		{[]float32{-5, -4, -6}, 1},
		{[]float32{nan, 1}, 1},
		{[]float32{1, nan}, 0},
		{[]float32{nan, nan}, 0},
		{[]float32{-inf, -inf}, 0},
		{[]float32{-inf, 0}, 1},
	} {
		if got := argmax(c.x); got != c.want {
			t.Errorf("argmax(%v) = %d, want %d", c.x, got, c.want)
		}
	}
	for n := 1; n < 3000; n += 7 {
		x := scores(n, uint64(n))
		want := 0
		for i, v := range x {
			if v > x[want] {
				want = i
			}
		}
		if got := argmax(x); got != want {
			t.Fatalf("argmax of %d numbers is %d, want %d", n, got, want)
		}
	}
}

// frequencies counts how often each of the scores is drawn.
func frequencies(t *testing.T, o Sampling, logits []float32, history ...int32) []float64 {
	t.Helper()
	const n = 20000
	s, out := newSampler(o, len(logits)), make([]float64, len(logits))
	for range n {
		id, err := s.sample(logits, history)
		if err != nil {
			t.Fatal(err)
		}
		out[id] += 1. / n
	}
	return out
}

func TestSampler(t *testing.T) {
	logits := []float32{float32(math.Log(.5)), float32(math.Log(.25)), float32(math.Log(.15)), float32(math.Log(.1))}
	for _, c := range []struct {
		name string
		o    Sampling
		last []int32
		want []float64
	}{
		{"as they are", Sampling{Temperature: 1}, nil, []float64{.5, .25, .15, .1}},
		{"greedy", Sampling{}, nil, []float64{1, 0, 0, 0}},
		{"hot", Sampling{Temperature: 100}, nil, []float64{.25, .25, .25, .25}},
		{"cold", Sampling{Temperature: .5}, nil, []float64{.7246, .1812, .0652, .029}},
		{"top k", Sampling{Temperature: 1, TopK: 2}, nil, []float64{.6667, .3333, 0, 0}},
		{"top p", Sampling{Temperature: 1, TopP: .6}, nil, []float64{.6667, .3333, 0, 0}},
		{"top p of top k", Sampling{Temperature: 1, TopK: 3, TopP: .99}, nil, []float64{.5556, .2778, .1667, 0}},
		{"min p", Sampling{Temperature: 1, MinP: .25}, nil, []float64{.5556, .2778, .1667, 0}},
		{"allowed", Sampling{Temperature: 1, Allowed: [][2]int32{{1, 1}, {3, 3}}}, nil, []float64{0, .7143, 0, .2857}},
		{"ends beside allowed", Sampling{Temperature: 1, Allowed: [][2]int32{{1, 1}}, Ends: []int32{0, 1}}, nil, []float64{.6667, .3333, 0, 0}},
		{"greedy allowed", Sampling{Allowed: [][2]int32{{2, 3}}}, nil, []float64{0, 0, 1, 0}},
		{"penalty", Sampling{RepeatPenalty: 3}, []int32{0, 0, embedded}, []float64{0, 1, 0, 0}},
		{"penalty too far back", Sampling{RepeatPenalty: 3, RepeatLast: 2}, []int32{0, 3, 3}, []float64{1, 0, 0, 0}},
	} {
		before := slices.Clone(logits)
		for i, got := range frequencies(t, c.o, logits, c.last...) {
			if math.Abs(got-c.want[i]) > .015 {
				t.Errorf("%s: token %d comes with %.3f, want %.3f", c.name, i, got, c.want[i])
			}
		}
		if !slices.Equal(logits, before) {
			t.Errorf("%s: the scores were changed", c.name)
		}
	}
}

func TestSamplerSeed(t *testing.T) {
	logits := scores(5000, 1)
	draw := func(seed uint64) (ids []int32) {
		s := newSampler(Sampling{Temperature: 1, TopK: 50, TopP: .9, Seed: seed}, len(logits))
		for range 50 {
			id, err := s.sample(logits, nil)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		return ids
	}
	if !slices.Equal(draw(7), draw(7)) || slices.Equal(draw(7), draw(8)) {
		t.Error("the seed does not decide")
	}
}

func TestSamplerNotFinite(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, x := range [][]float32{{nan, nan}, {-inf, -inf}, {inf, 1}} {
		for _, o := range []Sampling{{}, {Temperature: 1}, {Allowed: [][2]int32{{0, 0}, {1, 1}}}} {
			if id, err := newSampler(o, len(x)).sample(x, nil); err == nil && !isFinite(x[id]) {
				t.Errorf("%v gives %d", x, id)
			}
		}
	}
	if id, err := newSampler(Sampling{Temperature: 1}, 2).sample([]float32{nan, 1}, nil); id != 1 || err != nil {
		t.Errorf("one number among NaN: %d, %v", id, err)
	}
}

func TestStopper(t *testing.T) {
	m := load(t, smol)
	for _, c := range []struct {
		text, stop string
		stops      bool
	}{
		{"Hello\n\nUser: hi", "\nUser:", true}, {"Hello there", "re.", false}, {"안녕하세요", "하", true}, {"안녕하세요", "서", false}, {"aaaaab", "aab", true},
	} {
		s := newStopper(m, []string{c.stop, "never to be seen"})
		stopped := false
		for _, id := range tokens(t, m, c.text) {
			stopped = stopped || s.stopsAt(id)
		}
		if stopped != c.stops {
			t.Errorf("%q in %q: %v", c.stop, c.text, stopped)
		}
	}
	e := start(t, m, EngineOptions{Sequences: 1, ContextPerSequence: 128})
	s := newSequence(t, e)
	appendAll(t, s, tokens(t, m, chat("Count from one to ten.")))
	whole := spell(m, generate(t, s, Sampling{MaxTokens: 20}))
	stop := whole[len(whole)/2 : len(whole)/2+4]
	if err := s.Truncate(len(tokens(t, m, chat("Count from one to ten.")))); err != nil {
		t.Fatal(err)
	}
	cut := spell(m, generate(t, s, Sampling{MaxTokens: 20, Stop: []string{stop}}))
	if s.Reason() != StopString || len(cut) >= len(whole)/2+4 || whole[:len(cut)] != cut {
		t.Errorf("%q stopped at %q gives %q, reason %d", whole, stop, cut, s.Reason())
	}
}

func BenchmarkSample(b *testing.B) {
	logits := scores(152000, 1)
	history := make([]int32, 1000)
	for i := range history {
		history[i] = int32(i * 7)
	}
	for _, o := range []Sampling{{}, {RepeatPenalty: 1.05}, {Temperature: .7, TopK: 40, TopP: .9}, {Temperature: .7, TopP: .9}, {Temperature: .7, MinP: .05}} {
		b.Run(fmt.Sprintf("t=%v,k=%d,p=%v,min=%v,repeat=%v", o.Temperature, o.TopK, o.TopP, o.MinP, o.RepeatPenalty), func(b *testing.B) {
			s := newSampler(o, len(logits))
			for b.Loop() {
				if _, err := s.sample(logits, history); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
