package small

import (
	"context"
	"errors"
	"math"
	"runtime"
	"sync/atomic"
	"time"

	"omnilive/model"
)

// work is what the parts do not count themselves.
type work struct {
	aside atomic.Int64  // nanoseconds of the vision encoder and of espeak-ng
	cost  atomic.Uint64 // bits of Cost
}

// since counts what began at from and has ended now.
func (w *work) since(from time.Time) { w.aside.Add(int64(time.Since(from))) }

// Work appends how long the language model, the recognizer, the synthesizer and, by its cores, the processor that they share
// have been at work so far.
func (m *Model) Work(dst []time.Duration) []time.Duration {
	words, hearing, voice := m.engine.Work().Busy, m.recognizer.Busy(), m.voice.Busy()
	all := (words+hearing)*time.Duration(m.cfg.Threads) + voice + time.Duration(m.work.aside.Load())
	return append(dst, words, hearing, voice/voices, all/time.Duration(runtime.GOMAXPROCS(0)))
}

// Cost is how much work a second of an answer was when the model was warmed, in seconds, of what is busiest; 0 before.
func (m *Model) Cost() float64 { return math.Float64frombits(m.work.cost.Load()) }

// trial finds the cost of an answer.
func (m *Model) trial(ctx context.Context, c model.Conversation) error {
	samples, before := 0, m.Work(nil)
	for p, err := range c.Reply(ctx, &model.Input{Text: "Tell me about the sea."}, model.ReplyOptions{MaxTokens: 32}) {
		if err != nil && !errors.Is(err, model.ErrMaxTokens) {
			return err
		}
		samples += len(p.PCM)
	}
	spoken := time.Duration(samples) * time.Second / model.OutputRate
	m.work.cost.Store(math.Float64bits(model.Busiest(before, m.Work(nil), spoken)))
	return nil
}

var _ model.Worker = (*Model)(nil)
