package media

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestTimelineHasNoJitter(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for _, ppm := range []float64{-200, 0, 200} {
		var l timeline
		var last time.Duration
		for i := range 50_000 { // 17 minutes
			sent := time.Duration(float64(i) * (1 + ppm/1e6) * float64(FrameTime))
			arrives := sent + time.Duration(rnd.IntN(100))*time.Millisecond
			at := l.place(uint32(i)*960+1<<31, arrives)
			if step := at - last; i > 0 && (step < 19*time.Millisecond || step > 21*time.Millisecond) {
				t.Fatalf("%v ppm: packet %d stands %v behind the one before", ppm, i, step)
			}
			last = at
			if d := at - sent; d < -20*time.Millisecond || d > 120*time.Millisecond {
				t.Fatalf("%v ppm: packet %d is placed %v from where it was sent", ppm, i, d)
			}
		}
	}
}

func TestTimelineJumps(t *testing.T) {
	var l timeline
	for i, c := range []struct {
		timestamp uint32
		now, want time.Duration
	}{
		{1000, time.Second, time.Second},
		{1960, time.Second, 1020 * time.Millisecond},
		{1000, time.Second, time.Second},                                  // late
		{1000 + 48000, 2 * time.Second, 2 * time.Second},                  // after a pause
		{3_000_000_000, 2100 * time.Millisecond, 2100 * time.Millisecond}, // a new count
		{3_000_000_960, 2120 * time.Millisecond, 2120 * time.Millisecond},
	} {
		if got := l.place(c.timestamp, c.now); (got - c.want).Abs() > time.Millisecond {
			t.Errorf("packet %d at %v, want %v", i, got, c.want)
		}
	}
}
