package model

import (
	"testing"
	"time"
)

func TestBusiest(t *testing.T) {
	s := time.Second
	for _, c := range []struct {
		before, after []time.Duration
		of            time.Duration
		want          float64
	}{
		{[]time.Duration{s, 5 * s}, []time.Duration{2 * s, 5 * s}, 4 * s, 0.25},
		{[]time.Duration{s, 5 * s}, []time.Duration{2 * s, 8 * s}, 4 * s, 0.75},
		{nil, nil, s, 0},
		{nil, []time.Duration{s}, s, 0},
		{[]time.Duration{s}, []time.Duration{2 * s}, 0, 0},
	} {
		if got := Busiest(c.before, c.after, c.of); got != c.want {
			t.Errorf("%v to %v of %v: %v, want %v", c.before, c.after, c.of, got, c.want)
		}
	}
}
