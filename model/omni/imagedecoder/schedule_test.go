package imagedecoder

import (
	"math"
	"testing"
)

func TestScheduleShiftsTheLowEndTwice(t *testing.T) {
	shift := 3.0
	way, err := (&Scheduler{Train: 1000, Shift: &shift}).Schedule(6)
	if err != nil {
		t.Fatal(err)
	}
	if got := way.Sigmas[5]; math.Abs(float64(got)-0.008928) > 1e-6 {
		t.Errorf("the last sigma but one is %v, want 0.008928", got)
	}
	if way.Inputs[5] != 0.008 || way.Timesteps[5] < 8.9 {
		t.Errorf("timestep %v is told as %v, want 0.008", way.Timesteps[5], way.Inputs[5])
	}
}

func TestSchedules(t *testing.T) {
	for _, shift := range []float64{0.3, 1, 1.15, 3, 12} {
		for _, steps := range []int{1, 2, 3, 30, 50, 1000} {
			way, err := (&Scheduler{Train: 1000, Shift: &shift}).Schedule(steps)
			if err != nil {
				t.Fatal(err)
			}
			if len(way.Sigmas) != steps+1 || way.Sigmas[steps] != 0 || math.Abs(float64(way.Sigmas[0])-1) > 1e-6 {
				t.Fatalf("shift %v, %d steps: from %v to %v", shift, steps, way.Sigmas[0], way.Sigmas[len(way.Sigmas)-1])
			}
			for i := range steps {
				whole := float64(way.Inputs[i]) * 1000
				if !(way.Sigmas[i] > way.Sigmas[i+1]) || math.Abs(whole-math.Round(whole)) > 1e-4 || whole > float64(way.Timesteps[i])+1e-3 {
					t.Fatalf("shift %v, step %d of %d: sigma %v, then %v, timestep %v told as %v", shift, i, steps, way.Sigmas[i], way.Sigmas[i+1], way.Timesteps[i], way.Inputs[i])
				}
			}
		}
	}
	for _, steps := range []int{-1, 0, 1001} {
		if _, err := (&Scheduler{Train: 1000}).Schedule(steps); err == nil {
			t.Errorf("%d steps: no error", steps)
		}
	}
}
