package measure

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"omnilive/model"
)

// A fake answers after fixed times: hearing, prompt, then pieces of 400 ms, each taking longer the more answers are made at once.
type fake struct {
	model.Model
	hear, prefill, piece time.Duration
	pieces, room         int
	answering, open      atomic.Int32
	fail                 error // of every reply
}

type fakeTalk struct {
	m       *fake
	length  int
	seen    []model.SeeOptions
	partial []int // samples of what was heard of a question under way
	heard   int   // samples of soundtrack
	cuts    []int
}

func (m *fake) NewConversation(context.Context, model.Options) (model.Conversation, error) {
	if m.room > 0 && int(m.open.Load()) == m.room {
		return nil, model.ErrBusy
	}
	m.open.Add(1)
	c := &fakeTalk{m: m}
	return c, nil
}

func (c *fakeTalk) Close() { c.m.open.Add(-1) }

func (c *fakeTalk) Hear(_ context.Context, pcm []float32, o model.HearOptions) (model.Transcript, error) {
	if o.Final {
		time.Sleep(c.m.hear)
	} else {
		c.partial = append(c.partial, len(pcm))
	}
	return model.Transcript{}, nil
}

func (c *fakeTalk) See(_ context.Context, _ model.Picture, o model.SeeOptions) (string, error) {
	c.seen = append(c.seen, o)
	c.length++
	return "", nil
}

func (c *fakeTalk) Listen(_ context.Context, pcm []float32) error {
	c.heard += len(pcm)
	return nil
}

func (c *fakeTalk) Add(context.Context, model.Input) error { return nil }
func (c *fakeTalk) Len() int                               { return c.length }

func (c *fakeTalk) Truncate(n int) error {
	c.cuts = append(c.cuts, n)
	c.length = n
	return nil
}

func (c *fakeTalk) Instruct(context.Context, string, []model.Tool) error { return nil }

func (c *fakeTalk) Reply(ctx context.Context, in *model.Input, _ model.ReplyOptions) iter.Seq2[model.Piece, error] {
	return func(yield func(model.Piece, error) bool) {
		if c.m.fail != nil {
			yield(model.Piece{}, c.m.fail)
			return
		}
		c.m.answering.Add(1)
		defer c.m.answering.Add(-1)
		time.Sleep(c.m.prefill)
		c.length += 10
		if !yield(model.Piece{}, nil) {
			return
		}
		for range c.m.pieces {
			time.Sleep(c.m.piece * time.Duration(c.m.answering.Load()))
			if ctx.Err() != nil || !yield(model.Piece{PCM: make([]float32, model.OutputRate*2/5)}, ctx.Err()) {
				return
			}
		}
	}
}

const ms = time.Millisecond

func TestFirstSound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &fake{hear: 50 * ms, prefill: 20 * ms, piece: 100 * ms, pieces: 5}
		q := Question{Speech: make([]float32, 5*model.InputRate/2)}
		steps := 0
		turns, err := FirstSound(t.Context(), m, q, 3, func(done, of int) {
			if done != steps || of != 4 {
				t.Errorf("step %d of %d", done, of)
			}
			steps++
		})
		if err != nil {
			t.Fatal(err)
		}
		want := Turn{Heard: 50 * ms, Prefilled: 70 * ms, FirstSound: 170 * ms, First: 400 * ms, Sound: 2000 * ms, Made: 400 * ms}
		if len(turns) != 3 || turns[0] != want || turns[2] != want {
			t.Errorf("%+v, want three of %+v", turns, want)
		}
		if f := turns[0].RTF(); f != 0.25 {
			t.Errorf("answers at %v of real time, want 0.25", f)
		}
		if m.open.Load() != 0 {
			t.Error("the conversation stayed open")
		}
	})
}

// A camera's pictures and soundtrack come before the questions and in them, and each turn begins with the same in the window.
func TestFirstSoundWithCamera(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &fake{hear: 50 * ms, prefill: 20 * ms, piece: 100 * ms, pieces: 2}
		c := &fakeTalk{m: m}
		q := Question{
			Speech: make([]float32, 5*model.InputRate/2), Context: 3 * time.Second,
			Camera: func(int) model.Picture { return model.Picture{} },
		}
		if _, err := FirstSound(t.Context(), single{m, c}, q, 2, nil); err != nil {
			t.Fatal(err)
		}
		// Three before; each turn one for every whole second and one at the question's end.
		var now []bool
		for _, s := range c.seen {
			now = append(now, s.Now)
		}
		if !slices.Equal(now, []bool{false, false, false, true, true, true, true, true, true, true, true, true}) {
			t.Errorf("seen %v", now)
		}
		if at := c.seen[5].At; at != 5500*ms {
			t.Errorf("the first question's last look was at %v", at)
		}
		if !slices.Equal(c.partial[:2], []int{16000, 32000}) || len(c.partial) != 6 {
			t.Errorf("heard on the way: %v", c.partial)
		}
		if want := 3*model.InputRate + 3*len(q.Speech); c.heard != want {
			t.Errorf("%d samples of soundtrack, want %d", c.heard, want)
		}
		if !slices.Equal(c.cuts, []int{16}) {
			t.Errorf("cut to %v", c.cuts)
		}
	})
}

// single gives one conversation out.
type single struct {
	*fake
	c *fakeTalk
}

func (s single) NewConversation(context.Context, model.Options) (model.Conversation, error) {
	return s.c, nil
}

// An answer that is made slower than it plays is late by what the player waited.
func TestLateAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &fake{piece: 500 * ms, pieces: 4}
		turns, err := FirstSound(t.Context(), m, Question{Speech: make([]float32, 1600)}, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := turns[0]; got.Late != 300*ms || got.RTF() != 1.25 {
			t.Errorf("late by %v, at %v of real time", got.Late, got.RTF())
		}
	})
}

// A call's player takes twelve seconds in advance; that the model waits for it counts as nobody's time.
func TestPlayerIsNotOverfilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &fake{piece: 40 * ms, pieces: 50}
		from := time.Now()
		loads, most, err := Calls(t.Context(), m, Question{Speech: make([]float32, 16000)}, CallsOptions{Most: 1, Turns: 1})
		if err != nil || most != 1 || len(loads) != 1 {
			t.Fatal(loads, most, err)
		}
		got := loads[0].Turns[0]
		if f := got.RTF(); f < 0.099 || f > 0.11 {
			t.Errorf("answers at %v of real time, want 0.1", f)
		}
		if took := time.Since(from); took != time.Second+40*ms+20*time.Second { // question, first sound, answer
			t.Errorf("the call took %v", took)
		}
	})
}

func TestCallsThatKeepPace(t *testing.T) {
	for _, c := range []struct {
		name  string
		m     *fake
		o     CallsOptions
		tried []int
		most  int
		why   string // of the smallest number that does not hold
	}{
		{"as many as are tried", &fake{piece: 10 * ms}, CallsOptions{Most: 6}, []int{1, 2, 4, 6}, 6, ""},
		{"until answers stutter", &fake{piece: 75 * ms}, CallsOptions{Most: 16}, []int{1, 2, 4, 5, 6, 8}, 5, "times as long as they play"},
		{"until the wait is too long", &fake{piece: 10 * ms, hear: 100 * ms}, CallsOptions{Most: 16, Limit: 145 * ms}, []int{1, 2, 4, 5, 6, 8}, 4, "first sound takes 150 ms"},
		{"not one", &fake{piece: 500 * ms}, CallsOptions{Most: 4}, []int{1}, 0, "1.25 times"},
		{"as the model has room for", &fake{piece: 10 * ms, room: 3}, CallsOptions{Most: 8}, []int{1, 2, 3, 4}, 3, "no room"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.m.pieces, c.o.Turns, c.o.Pause = 30, 2, time.Second
				var order []int
				c.o.Progress = func(n int) { order = append(order, n) }
				// No question: all answers are made at once.
				loads, most, err := Calls(t.Context(), c.m, Question{}, c.o)
				if err != nil {
					t.Fatal(err)
				}
				var tried []int
				why := ""
				for _, l := range loads {
					tried = append(tried, l.Calls)
					if !l.Holds && why == "" {
						why = l.Why
					}
					if !l.Full && len(l.Turns) != 2*l.Calls {
						t.Errorf("%d turns in %d calls", len(l.Turns), l.Calls)
					}
				}
				if most != c.most || !slices.Equal(tried, c.tried) || len(order) != len(tried) || !strings.Contains(why, c.why) {
					t.Errorf("%d of %v hold (%q), want %d of %v (%q)", most, tried, why, c.most, c.tried, c.why)
				}
				if c.m.open.Load() != 0 {
					t.Error("conversations stayed open")
				}
			})
		})
	}
}

// One conversation's error ends the others, and is told rather than that they ended.
func TestCallsEndTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("out of order")
		m := &fake{fail: broken}
		from := time.Now()
		_, _, err := Calls(t.Context(), m, Question{Speech: make([]float32, 16000)}, CallsOptions{Most: 1, Turns: 100})
		if !errors.Is(err, broken) || time.Since(from) > 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(from))
		}
		ctx, stop := context.WithTimeout(t.Context(), 1500*ms)
		defer stop()
		_, _, err = Calls(ctx, &fake{piece: 10 * ms, pieces: 100}, Question{Speech: make([]float32, 16000)}, CallsOptions{Most: 4, Turns: 100})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if _, _, err := Calls(t.Context(), m, Question{}, CallsOptions{}); !errors.Is(err, errNoTurns) {
			t.Errorf("error %v", err)
		}
	})
}

func TestQuantile(t *testing.T) {
	v := []int{5, 1, 4, 2, 3, 10, 9, 8, 7, 6}
	for _, c := range []struct {
		q    float64
		want int
	}{{0, 1}, {0.5, 5}, {0.51, 6}, {0.95, 10}, {1, 10}} {
		if got := Quantile(v, c.q); got != c.want {
			t.Errorf("%v: %d, want %d", c.q, got, c.want)
		}
	}
	if Quantile([]int(nil), 0.5) != 0 || v[0] != 5 {
		t.Error("of nothing it is nothing, and values stay in their order")
	}
}
