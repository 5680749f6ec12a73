package imagedecoder

import (
	"fmt"
	"math"
)

const maxSteps = 1000

// A Schedule is the way from noise (σ = 1) to the picture (σ = 0).
type Schedule struct {
	Sigmas    []float32 // one more than steps; the last is 0
	Timesteps []float32 // σ times the scheduler's num_train_timesteps
	Inputs    []float32 // the σ that the transformer is told: thousandths of the whole part of the timestep
}

// Schedule returns the way in so many steps, as diffusers' FlowMatchEulerDiscreteScheduler.set_timesteps makes it. The
// smallest σ has been shifted when the scheduler was made and is shifted once more with the others. Products are rounded
// before they are added to (a conversion keeps Go from fusing the two), since a timestep that just misses a whole number is
// told as the one below.
func (s *Scheduler) Schedule(steps int) (Schedule, error) {
	if steps < 1 || steps > maxSteps {
		return Schedule{}, fmt.Errorf("picture in %d steps, want 1 to %d", steps, maxSteps)
	}
	train, shift := float64(s.Train), s.shift()
	once := func(sigma float32) float64 {
		return float64(float32(shift) * sigma / (1 + float32(float32(shift-1)*sigma)))
	}
	first, last := once(1)*train, once(1/float32(s.Train))*train
	out := Schedule{Sigmas: make([]float32, steps+1), Timesteps: make([]float32, steps), Inputs: make([]float32, steps)}
	for i := range steps {
		t := first
		if i > 0 {
			t = first + float64(float64(i)*((last-first)/float64(steps-1)))
		}
		if i > 0 && i == steps-1 {
			t = last
		}
		sigma := t / train
		out.Sigmas[i] = float32(shift * sigma / (1 + float64((shift-1)*sigma)))
		out.Timesteps[i] = out.Sigmas[i] * float32(train)
		out.Inputs[i] = float32(math.Trunc(float64(out.Timesteps[i]))) / 1000
	}
	return out, nil
}
