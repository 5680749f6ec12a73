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
		for i := range 50_000 { // 17 minutes
			sent := time.Duration(float64(i) * (1 + ppm/1e6) * float64(FrameTime))
			arrives := sent + time.Duration(rnd.IntN(100))*time.Millisecond
			if at := l.place(uint32(i)*960+1<<31, arrives); at != int64(i)*960 {
				t.Fatalf("%v ppm: packet %d stands at %d", ppm, i, at)
			}
			if d := l.anchor + fromTicks(l.ticks) - sent; d < -20*time.Millisecond || d > 120*time.Millisecond {
				t.Fatalf("%v ppm: packet %d is thought to have been sent %v from when it was", ppm, i, d)
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
		{1000, time.Second, 0},
		{1960, time.Second, 20 * time.Millisecond},
		{1000 + 48000, 2 * time.Second, time.Second},                       // after a pause
		{3_000_000_000, 2100 * time.Millisecond, 1100 * time.Millisecond},  // a new count
		{3_000_000_960, 2120 * time.Millisecond, 1120 * time.Millisecond},  //
		{5, 2140 * time.Millisecond, 1140 * time.Millisecond},              // and one more
		{1<<32 - 955, 2160 * time.Millisecond, 1120 * time.Millisecond},    // a little back
		{5 + 48000*60, 62120 * time.Millisecond, 61140 * time.Millisecond}, // a long pause
	} {
		if got := fromTicks(l.place(c.timestamp, c.now)); (got - c.want).Abs() > time.Millisecond {
			t.Errorf("packet %d at %v, want %v", i, got, c.want)
		}
	}
}
