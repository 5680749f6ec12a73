package live

import (
	"context"
	"math"
	"time"

	"omnilive/model"
	"omnilive/model/omni"
)

// Work appends how long the language model and the devices of networks have been at work so far, see omni.Model.
func (l *Model) Work(dst []time.Duration) []time.Duration { return l.m.Work(dst) }

// Cost is how much work a second of an answer was when the model was warmed, in seconds, of what is busiest; 0 before.
func (l *Model) Cost() float64 { return math.Float64frombits(l.cost.Load()) }

// trial finds the cost of an answer: a second of units out of the language model, one at a time, and through the vocoder.
func (l *Model) trial(ctx context.Context, w *omni.Window, v omni.Voice) error {
	const units = 25
	before := l.Work(nil)
	s, err := l.m.Speech(v, speechOptions)
	if err != nil {
		return err
	}
	defer s.Close()
	for range units {
		if err := w.Append(ctx, l.forms.newline[:1]); err != nil {
			return err
		}
		if _, err := s.Push(ctx, 0); err != nil {
			return err
		}
	}
	if _, err := s.Flush(ctx); err != nil {
		return err
	}
	l.cost.Store(math.Float64bits(model.Busiest(before, l.Work(nil), time.Second)))
	return nil
}

var _ model.Worker = (*Model)(nil)
