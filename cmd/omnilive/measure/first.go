package measure

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"omnilive/model"
)

// FirstSound asks the question runs times in one conversation, which holds the same before each: what the camera brought, and one
// turn that warms up. It waits for nothing but the model. told hears of each turn before it begins and may be nil.
func FirstSound(ctx context.Context, m model.Model, q Question, runs int, told func(done, of int)) (turns []Turn, err error) {
	c, err := m.NewConversation(ctx, q.Options)
	if err != nil {
		return nil, fmt.Errorf("measure the first sound: %w", err)
	}
	defer c.Close()
	t := &talk{c: c, q: &q}
	if err := t.watch(ctx, q.Context); err != nil {
		return nil, fmt.Errorf("measure the first sound: %w", err)
	}
	pos := 0
	for i := range runs + 1 {
		if told != nil {
			told(i, runs+1)
		}
		if i > 1 {
			if err := c.Truncate(pos); err != nil {
				return turns, fmt.Errorf("measure the first sound: %w", err)
			}
		}
		one, err := t.turn(ctx)
		if err != nil {
			return turns, fmt.Errorf("measure the first sound: %w", err)
		}
		if i == 0 { // by now all that the camera brought before is in
			pos = c.Len()
			continue
		}
		turns = append(turns, one)
	}
	return turns, nil
}

// Quantile is the smallest of the values that at least a share q of them do not exceed; 0 where there are none.
func Quantile[T int | float64 | time.Duration](values []T, q float64) T {
	if len(values) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(values))
	return s[min(max(int(math.Ceil(q*float64(len(s))))-1, 0), len(s)-1)]
}

// Of collects one figure of each turn.
func Of[T any](turns []Turn, f func(Turn) T) []T {
	all := make([]T, len(turns))
	for i, t := range turns {
		all[i] = f(t)
	}
	return all
}

var errNoTurns = errors.New("no turns were asked for")
