package llama

import (
	"errors"
	"fmt"
	"math"
)

// Sampling says how the next token is chosen. The zero value takes the likeliest token until the model ends its reply.
type Sampling struct {
	Temperature   float64    // 0: always the likeliest
	TopK          int        // choose among the K likeliest; 0: among all
	TopP          float64    // among the fewest whose probabilities reach P together; 0 or 1: all
	MinP          float64    // among those at least P times as likely as the likeliest; 0: all
	RepeatPenalty float64    // divides the score of tokens seen lately (multiplies a negative one); 0 or 1: off
	RepeatLast    int        // how many tokens back "lately" reaches; 0 means 64
	Seed          uint64     // same seed, same scores: same tokens
	MaxTokens     int        // 0: until the context is full
	Stop          []string   // the reply ends before the token that completes one of these
	Ends          []int32    // ids that end the reply, beside the model's own
	Allowed       [][2]int32 // only ids in these ranges, first and last included; empty: all. Ends is not limited by it.
}

func (o Sampling) check(m *Model) error {
	for _, c := range []struct {
		name          string
		value, lo, hi float64
	}{
		{"Temperature", o.Temperature, 0, 100},
		{"TopK", float64(o.TopK), 0, math.MaxInt32},
		{"TopP", o.TopP, 0, 1},
		{"MinP", o.MinP, 0, 1},
		{"RepeatPenalty", o.RepeatPenalty, 0, 100},
		{"RepeatLast", float64(o.RepeatLast), 0, math.MaxInt32},
		{"MaxTokens", float64(o.MaxTokens), 0, math.MaxInt32},
	} {
		if !(c.value >= c.lo && c.value <= c.hi) { // catches NaN
			return fmt.Errorf("sampling: %s is %v, want %v to %v", c.name, c.value, c.lo, c.hi)
		}
	}
	for _, r := range o.Allowed {
		if !m.valid(r[0]) || !m.valid(r[1]) || r[0] > r[1] {
			return fmt.Errorf("sampling: allowed ids %d to %d, want within 0 to %d", r[0], r[1], m.nVocab-1)
		}
	}
	for _, s := range o.Stop {
		if s == "" {
			return errors.New("sampling: a stop string is empty")
		}
	}
	if len(o.Stop) > 0 && !m.hasVocab {
		return fmt.Errorf("sampling: stop strings: %w", ErrNoVocab)
	}
	return nil
}
