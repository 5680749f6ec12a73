package cosyvoice

import "math"

// Times returns the times from 0 to 1, in f32 as the reference has them, at which the velocity is asked for, and 1 behind.
func (c MatchingConfig) Times() []float32 {
	t := make([]float32, c.Steps+1)
	for i := range t {
		s := float64(float32(i) / float32(c.Steps))
		if c.Scheduler == "cosine" {
			s = 1 - math.Cos(s*math.Pi/2)
		}
		t[i] = float32(s)
	}
	return t
}
