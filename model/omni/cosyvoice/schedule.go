package cosyvoice

import "math"

// Times returns the times from 0 to 1 at which the velocity is asked for, and 1 behind. Each step is rounded to f32 as
// PyTorch's linspace and cos round it: the estimator sees a thousand times the time within sines.
func (c MatchingConfig) Times() []float32 {
	t := make([]float32, c.Steps+1)
	part := 1 / float32(c.Steps)
	for i := range t {
		s := float32(part * float32(i))
		if i >= len(t)/2 { // the second half counts from the end
			s = 1 - float32(part*float32(c.Steps-i))
		}
		if c.Scheduler == "cosine" {
			s = 1 - float32(math.Cos(float64(float32(float32(s*0.5)*math.Pi))))
		}
		t[i] = s
	}
	return t
}

// after returns the time after a step from t to the next of the schedule, and the step.
func after(t, next float32) (time, step float32) {
	step = next - t
	return t + step, step
}
