package measure

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"omnilive/model"
)

// CallsOptions say how many conversations are tried and what they must keep to.
type CallsOptions struct {
	Most     int             // conversations at once
	Turns    int             // of each
	Pause    time.Duration   // between an answer's last sample and the next question
	Limit    time.Duration   // that the p95 of the first sound may reach
	Progress func(calls int) // before each number of them; may be nil
}

// A Load is what so many conversations at once came to.
type Load struct {
	Calls int
	Turns []Turn // of all of them
	Full  bool   // the model had no room for so many
	Holds bool
	Why   string // it does not hold
}

// Calls runs one conversation, two, four and so on at once, in real time, until they no longer keep pace, and then between the last
// number that held and the first that did not. Which holds: nineteen answers of twenty are made faster than they play (Turn.RTF of at
// most 1), and the first sound of as many comes within the limit. It returns every number tried, ascending, and the
// largest that held, 0 where none did.
func Calls(ctx context.Context, m model.Model, q Question, o CallsOptions) (loads []Load, most int, err error) {
	if o.Most < 1 || o.Turns < 1 {
		return nil, 0, errNoTurns
	}
	low, high := 0, o.Most+1 // low holds; high does not, or is not tried
	for n := 1; low+1 < high; {
		if o.Progress != nil {
			o.Progress(n)
		}
		l, err := o.load(ctx, m, q, n)
		if err != nil {
			return loads, low, fmt.Errorf("measure %d calls: %w", n, err)
		}
		loads = append(loads, l)
		if l.Holds {
			low = n
		} else {
			high = n
		}
		n = next(low, high, o.Most)
	}
	slices.SortFunc(loads, func(a, b Load) int { return a.Calls - b.Calls })
	return loads, low, nil
}

// next is the number to try: twice as many, or the middle once it is known what does not hold.
func next(low, high, most int) int {
	if high <= most {
		return (low + high) / 2
	}
	return min(2*low, most)
}

// load runs n conversations.
func (o CallsOptions) load(ctx context.Context, m model.Model, q Question, n int) (Load, error) {
	l := Load{Calls: n}
	talks := make([]*talk, 0, n)
	defer func() {
		for _, t := range talks {
			t.c.Close()
		}
	}()
	for range n {
		c, err := m.NewConversation(ctx, q.Options)
		if errors.Is(err, model.ErrBusy) {
			l.Full, l.Why = true, "no room for so many"
			return l, nil
		}
		if err != nil {
			return l, err
		}
		talks = append(talks, &talk{c: c, q: &q, pace: true})
	}
	turns, failed := make([][]Turn, n), make([]error, n)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var all sync.WaitGroup
	for i, t := range talks {
		all.Go(func() {
			if turns[i], failed[i] = o.converse(ctx, t, q.duration()*time.Duration(i)/time.Duration(n)); failed[i] != nil {
				stop()
			}
		})
	}
	all.Wait()
	for i := range talks {
		l.Turns = append(l.Turns, turns[i]...)
	}
	l.judge(o.Limit)
	return l, first(failed)
}

// first is the error that came before the others were told to stop.
func first(failed []error) error {
	for _, err := range failed {
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	return errors.Join(failed...)
}

// converse has one conversation, which begins a little after the others.
func (o CallsOptions) converse(ctx context.Context, t *talk, after time.Duration) (turns []Turn, err error) {
	if err := sleep(ctx, after); err != nil {
		return nil, err
	}
	if err := t.watch(ctx, t.q.Context); err != nil {
		return nil, err
	}
	for i := range o.Turns {
		if i > 0 {
			if err := t.wait(ctx, o.Pause); err != nil {
				return turns, err
			}
		}
		one, err := t.turn(ctx)
		if err != nil {
			return turns, err
		}
		turns = append(turns, one)
	}
	return turns, nil
}

// judge says whether the conversations kept pace.
func (l *Load) judge(limit time.Duration) {
	pace, wait := l.RTF(0.95), l.FirstSound(0.95)
	switch {
	case pace > 1:
		l.Why = fmt.Sprintf("answers take %.2f times as long as they play", pace)
	case limit > 0 && wait > limit:
		l.Why = fmt.Sprintf("the first sound takes %d ms", wait.Milliseconds())
	default:
		l.Holds = true
	}
}

// FirstSound is a quantile of the first sound's wait.
func (l *Load) FirstSound(q float64) time.Duration {
	return Quantile(Of(l.Turns, func(t Turn) time.Duration { return t.FirstSound }), q)
}

// RTF is a quantile of the answers' real-time factor.
func (l *Load) RTF(q float64) float64 { return Quantile(Of(l.Turns, Turn.RTF), q) }

// Late is for how long all players together had nothing to play in the middle of an answer.
func (l *Load) Late() (d time.Duration) {
	for _, t := range l.Turns {
		d += t.Late
	}
	return d
}
