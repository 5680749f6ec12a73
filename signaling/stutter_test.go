package signaling_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"omnilive/model"
	"omnilive/signaling"
	"omnilive/signaling/caller"
	"omnilive/streaming"
)

// An engine does the work of all calls, one piece after the other, in the order in which they come.
type engine struct {
	turn chan struct{} // 1 place
	busy atomic.Int64  // nanoseconds
	rtf  float64       // seconds of work for a second of an answer
}

// answers are words of 300 ms each.
const (
	wordTime    = 300 * time.Millisecond
	answerWords = 60
)

// word makes one.
func (e *engine) word(ctx context.Context) error {
	select {
	case e.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	work := time.Duration(e.rtf * float64(wordTime))
	time.Sleep(work)
	e.busy.Add(int64(work))
	<-e.turn
	return nil
}

// scripted is a model whose only cost is that of the engine.
type scripted struct{ *engine }

func (scripted) Abilities() model.Abilities { return model.Abilities{Voices: []string{"anna"}} }
func (scripted) Warm(context.Context) error { return nil }
func (scripted) Close() error               { return nil }

func (m scripted) NewConversation(context.Context, model.Options) (model.Conversation, error) {
	return &conversation{engine: m.engine}, nil
}

type conversation struct {
	*engine
	n int
}

func (c *conversation) Hear(context.Context, []float32, model.HearOptions) (model.Transcript, error) {
	return model.Transcript{}, nil
}

func (c *conversation) See(context.Context, model.Picture, model.SeeOptions) (string, error) {
	return "", nil
}
func (c *conversation) Add(context.Context, model.Input) error                     { return nil }
func (c *conversation) Len() int                                                   { return c.n }
func (c *conversation) Truncate(n int) error                                       { c.n = n; return nil }
func (c *conversation) Instruct(_ context.Context, _ string, _ []model.Tool) error { return nil }
func (c *conversation) Close()                                                     {}
func (c *conversation) Reply(ctx context.Context, _ *model.Input, _ model.ReplyOptions) iter.Seq2[model.Piece, error] {
	return func(yield func(model.Piece, error) bool) {
		ok := yield(model.Piece{Pos: c.n}, nil)
		for range answerWords {
			if !ok {
				return
			}
			if err := c.word(ctx); err != nil {
				yield(model.Piece{}, err)
				return
			}
			c.n++
			pcm := make([]float32, int(wordTime.Seconds()*model.OutputRate))
			ok = yield(model.Piece{Text: " word", PCM: pcm, Pos: c.n, Marks: []model.Mark{{Samples: len(pcm), TextEnd: 5, Pos: c.n}}}, nil)
		}
	}
}

// hush is a speech detector that hears nobody.
type hush struct{}

func (hush) Probability([]float32) (float32, error) { return 0, nil }
func (hush) Reset()                                 {}
func (hush) Close()                                 {}

// No call's pacer runs dry while the load is under 1. Beyond that calls stutter, unless admission has those wait, or refuses
// them, that would make the others stutter.
func TestNobodyStutters(t *testing.T) {
	for _, c := range []struct {
		name      string
		callers   int
		rtf       float64
		admission bool
		want      crowd
		stutters  bool
	}{
		{name: "one call just fast enough", callers: 1, rtf: 0.95, want: crowd{served: 1}},
		{name: "a load of 0.9", callers: 3, rtf: 0.3, want: crowd{served: 3}},
		{name: "a load of 0.96", callers: 8, rtf: 0.12, want: crowd{served: 8}},
		{name: "a load of 1.1", callers: 1, rtf: 1.1, want: crowd{served: 1}, stutters: true},
		{name: "a load of 1.8", callers: 6, rtf: 0.3, want: crowd{served: 6}, stutters: true},
		{name: "the same, admitted by load", callers: 6, rtf: 0.3, admission: true, want: crowd{served: 3, waiting: 2, refused: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := gather(t, c.callers, c.rtf, c.admission)
			t.Logf("%d underruns, load %+v", got.underruns, got.load)
			if (got.underruns > 0) != c.stutters {
				t.Errorf("%d underruns", got.underruns)
			}
			if got.served != c.want.served || got.waiting != c.want.waiting || got.refused != c.want.refused {
				t.Errorf("served %d, waiting %d, refused %d; want %+v", got.served, got.waiting, got.refused, c.want)
			}
			if l := got.load; c.admission && (l.Now < 0.8*3*c.rtf || l.Now > 1 || l.Call < 0.9*c.rtf || l.Call > 1.05*c.rtf) {
				t.Errorf("load %+v, of three calls that take %v each", l, c.rtf)
			}
		})
	}
}

// A crowd is calls that talk with one engine, all at once and all the time.
type crowd struct {
	served, waiting, refused int
	underruns                int
	load                     signaling.Load // as it was measured in the end
}

// gather has so many callers call, a second apart, and each ask again as soon as it was answered, for a minute.
func gather(t *testing.T, callers int, rtf float64, admission bool) (c crowd) {
	bubble(t, func(t *testing.T) {
		e := &engine{turn: make(chan struct{}, 1), rtf: rtf}
		var underruns atomic.Int64
		config := signaling.Config{Calls: callers, Log: slog.New(slog.DiscardHandler), NewSession: func(p streaming.Ports) (streaming.Runner, error) {
			return streaming.NewSession(streaming.Config{
				Model: scripted{e}, NewSpeech: func() (model.SpeechDetector, error) { return hush{}, nil },
				Underrun: func(time.Duration) { underruns.Add(1) },
			}, p)
		}}
		if admission {
			config.Admission = signaling.Admission{
				Queue: 2, Cost: func() float64 { return rtf },
				Busy: func(dst []time.Duration) []time.Duration { return append(dst, time.Duration(e.busy.Load())) },
			}
		}
		w := newWorld(t, config)
		defer w.close()
		c = w.crowd(callers)
		c.underruns = int(underruns.Load())
	})
	return c
}

// crowd is what gather does once there is somebody to call.
func (w *world) crowd(callers int) (c crowd) {
	ctx, stop := context.WithTimeout(w.t.Context(), time.Minute)
	defer stop()
	var talks sync.WaitGroup
	defer talks.Wait()
	var served atomic.Int64
	for range callers {
		call, _, err := w.dial(caller.Options{})
		if errors.Is(err, signaling.ErrBusy) {
			c.refused++
			continue
		}
		if err != nil {
			w.t.Fatal(err)
		}
		talks.Go(func() {
			defer call.Close()
			for n := 0; call.Type("And then?") == nil; n++ {
				if _, err := call.Answer(ctx, n); err != nil {
					break
				}
				if n == 0 {
					served.Add(1)
				}
			}
		})
		time.Sleep(time.Second)
	}
	<-ctx.Done()
	s := w.hub.Stats()
	c.load, c.waiting = s.Load, s.Waiting
	c.served = int(served.Load())
	return c
}
