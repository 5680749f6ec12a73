package llama

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"
)

// A planned part of a step, as the tests see it.
type planned struct {
	seq        int
	n          int
	generating bool
}

// watchPlans notes all plans of an engine that does not run yet.
func watchPlans(e *Engine) func() [][]planned {
	var mu sync.Mutex
	var all [][]planned
	e.probe = func(tokens, embeddings []part) {
		var step []planned
		for _, p := range slices.Concat(tokens, embeddings) {
			step = append(step, planned{p.seq.id, p.n, p.gen != nil})
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, step)
	}
	return func() [][]planned {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

// idleEngine is an engine without its goroutine: the test makes its plans.
func idleEngine(t *testing.T, o EngineOptions) *Engine {
	t.Helper()
	e, err := NewEngine(tiny(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// waiting puts a prompt of n positions on the queue, as Append does.
func waiting(t *testing.T, e *Engine, s *Sequence, n int, embeddings bool) *prefill {
	t.Helper()
	p := &prefill{ctx: context.Background(), seq: s, n: n, result: make(chan error, 1)}
	if embeddings {
		p.embd = make([]float32, n*tinyWidth)
	} else {
		p.tokens = make([]int32, n)
	}
	e.admit(p)
	return p
}

func shares(parts ...[]part) map[int]int {
	out := map[int]int{}
	for _, p := range slices.Concat(parts...) {
		out[p.seq.id] = p.n
	}
	return out
}

// What a step holds, by what waits.
func TestPlan(t *testing.T) {
	now := time.Now()
	type prompt struct {
		class      Class
		due        time.Duration // from now; 0: none given
		n          int
		embeddings bool
		want       int // of its positions in the step
	}
	for name, c := range map[string]struct {
		prompts []prompt
		talkers int
	}{
		"alone, background takes small bites":         {prompts: []prompt{{class: Background, n: 100, want: 16}}},
		"one bite for all of the background":          {prompts: []prompt{{class: Background, n: 10, want: 10}, {class: Background, n: 100, want: 6}}},
		"alone, a turn takes all":                     {prompts: []prompt{{class: Turn, n: 100, want: 40}}},
		"a turn before everything":                    {prompts: []prompt{{class: Background, n: 100}, {n: 100, want: 10}, {class: Turn, n: 30, want: 30}}},
		"background rests for a turn with room left":  {prompts: []prompt{{class: Background, n: 100, embeddings: true}, {class: Turn, n: 3, want: 3}}},
		"background rests for a turn without prompts": {prompts: []prompt{{class: Background, n: 100}, {class: Turn}}},
		"who is due first, by class":                  {prompts: []prompt{{class: Turn, due: 2 * time.Second, n: 100}, {class: Turn, due: time.Second, n: 100, want: 40}}},
		"late is not more urgent than another class":  {prompts: []prompt{{class: Normal, due: -time.Hour, n: 100}, {class: Turn, n: 100, want: 40}}},
		"who came first":                              {prompts: []prompt{{n: 30, want: 30}, {n: 30, want: 10}}},
		"background that has waited too long":         {prompts: []prompt{{class: Background, due: -time.Second, n: 100, want: 10}, {class: Turn, n: 30, want: 30}}},
		"while they talk, a turn has the room":        {talkers: 4, prompts: []prompt{{class: Background, n: 100}, {class: Turn, n: 100, want: 16}}},
		"while they talk, background takes crumbs":    {talkers: 4, prompts: []prompt{{class: Background, n: 100, want: 4}}},
		"while they talk, others share the room":      {talkers: 4, prompts: []prompt{{n: 10, want: 10}, {class: Background, n: 100, want: 4}}},
	} {
		t.Run(name, func(t *testing.T) {
			e := idleEngine(t, EngineOptions{Sequences: 8, ContextPerSequence: 128, Batch: 40, Interleave: 16})
			want := map[int]int{}
			for _, p := range c.prompts {
				s := newSequence(t, e)
				due := time.Time{}
				if p.due != 0 {
					due = now.Add(p.due)
				}
				s.SetPriority(p.class, due)
				if p.n > 0 {
					waiting(t, e, s, p.n, p.embeddings)
				}
				if p.want > 0 {
					want[s.id] = p.want
				}
			}
			for range c.talkers {
				s := newSequence(t, e)
				e.generations = append(e.generations, &generation{seq: s, pending: true})
				want[s.id] = 1
			}
			tokens, embeddings := e.plan(time.Now())
			got := shares(tokens, embeddings)
			if len(got) != len(want) {
				t.Fatalf("the step holds %v, want %v", got, want)
			}
			for id, n := range want {
				if got[id] != n {
					t.Fatalf("the step holds %v, want %v", got, want)
				}
			}
			if !slices.IsSortedFunc(tokens, func(a, b part) int { return a.seq.id - b.seq.id }) {
				t.Error("the parts are not in the cache's order")
			}
		})
	}
}

// Background rests as long as anyone has a turn, whoever ends it, and works when the turn is over or the wait too long.
func TestBackgroundRests(t *testing.T) {
	e := idleEngine(t, EngineOptions{Sequences: 2, ContextPerSequence: 128})
	low, high := newSequence(t, e), newSequence(t, e)
	low.SetPriority(Background, time.Time{})
	p := waiting(t, e, low, 50, false)
	steps := []struct {
		name string
		do   func()
		work bool
	}{
		{"alone", func() {}, true},
		{"a turn begins", func() { high.SetPriority(Turn, time.Time{}) }, false},
		{"and is told again", func() { high.SetPriority(Turn, time.Now()) }, false},
		{"it ends", func() { high.SetPriority(Normal, time.Time{}) }, true},
		{"another turn", func() { high.SetPriority(Turn, time.Time{}) }, false},
		{"it was waited for long enough", func() { p.due = time.Now().Add(-1) }, true},
		{"no longer", func() { p.due = time.Now().Add(time.Hour) }, false},
		{"its own call has the turn", func() { low.SetPriority(Turn, time.Time{}); p.assess(time.Now()) }, true},
		{"and gives it back", func() { low.SetPriority(Background, time.Time{}); p.assess(time.Now()) }, false},
		{"the other call ends", func() { high.Close() }, true},
	}
	for _, s := range steps {
		if s.do(); e.hasWork() != s.work {
			t.Fatalf("%s: there is work to do: %v, want %v", s.name, e.hasWork(), s.work)
		}
	}
	if at, ok := e.patience(); !ok || at.Sub(p.came) != Patience {
		t.Errorf("it rests until %v, %v", at, ok)
	}
}

// A turn that comes while a long background prompt is being read waits for a step at most, keeps it out until its first
// tokens are there, and the prompt is read to its end all the same.
func TestTurnOvertakesBackground(t *testing.T) {
	e, err := NewEngine(tiny(t), EngineOptions{Sequences: 3, ContextPerSequence: 512, Batch: 8, Interleave: 4})
	if err != nil {
		t.Fatal(err)
	}
	plans := watchPlans(e)
	run(t, e)
	frames, call := newSequence(t, e), newSequence(t, e)
	frames.SetPriority(Background, time.Time{})
	var read sync.WaitGroup
	read.Go(func() {
		if err := frames.Append(context.Background(), ids(500, 12)); err != nil {
			t.Error(err)
		}
	})
	for len(plans()) < 3 {
		time.Sleep(time.Millisecond)
	}
	call.SetPriority(Turn, time.Time{})
	from := len(plans())
	for range 3 { // a question comes in pieces: words, rows of features, words
		appendAll(t, call, ids(7, 13))
	}
	got := 0
	for _, err := range call.Generate(context.Background(), Sampling{MaxTokens: 8}) {
		if err != nil {
			t.Fatal(err)
		}
		got++
	}
	meanwhile := plans()[from:]
	call.SetPriority(Normal, time.Time{})
	read.Wait()
	if got != 8 || frames.Len() != 500 {
		t.Fatalf("%d tokens, %d positions read", got, frames.Len())
	}
	background := 0
	for _, step := range meanwhile {
		if slices.ContainsFunc(step, func(p planned) bool { return p.seq == frames.id }) {
			background++
		}
	}
	if background > 1 {
		t.Errorf("%d of the turn's %d steps read the background", background, len(meanwhile))
	}
	for _, step := range plans() {
		for _, p := range step {
			if p.seq == frames.id && p.n > 4 {
				t.Fatalf("a step read %d positions of the background", p.n)
			}
		}
	}
}

// What a step of the background had done when it gave way leaves no trace.
func TestGivingWay(t *testing.T) {
	e := tinyEngine(t, EngineOptions{Sequences: 3, ContextPerSequence: 512, Batch: 32, Interleave: 32})
	plain, frames, call := newSequence(t, e), newSequence(t, e), newSequence(t, e)
	appendAll(t, plain, ids(400, 3))
	frames.SetPriority(Background, time.Time{})
	var read sync.WaitGroup
	read.Go(func() {
		if err := frames.Append(context.Background(), ids(400, 3)); err != nil {
			t.Error(err)
		}
	})
	for range 20 {
		call.SetPriority(Turn, time.Time{})
		appendAll(t, call, ids(2, 4))
		call.SetPriority(Normal, time.Time{})
	}
	read.Wait()
	for i, v := range frames.Logits() {
		if d := v - plain.Logits()[i]; d > 1e-4 || d < -1e-4 {
			t.Fatalf("score %d is off by %g", i, d)
		}
	}
}

// A background prompt whose caller gives up while it rests comes back at once.
func TestRestingPromptGivesUp(t *testing.T) {
	e := tinyEngine(t, EngineOptions{Sequences: 2, ContextPerSequence: 128})
	frames, call := newSequence(t, e), newSequence(t, e)
	call.SetPriority(Turn, time.Time{})
	frames.SetPriority(Background, time.Time{})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- frames.Append(ctx, ids(20, 1)) }()
	select {
	case err := <-done:
		t.Fatalf("it was read during a turn: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	cancel()
	if err := <-done; err == nil || frames.Len() != 0 {
		t.Errorf("%v, %d positions", err, frames.Len())
	}
}
