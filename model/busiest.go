package model

import "time"

// Busiest is how much of a time was spent on what worked most between two Works of a Worker.
func Busiest(before, after []time.Duration, of time.Duration) (most float64) {
	if len(before) != len(after) || of <= 0 {
		return 0
	}
	for i, b := range after {
		most = max(most, (b-before[i]).Seconds()/of.Seconds())
	}
	return most
}
