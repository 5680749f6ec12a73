package media

import (
	"testing"
)

// level makes samples that are all x.
func level(x int16, n int) []byte {
	b := make([]byte, 0, 2*n)
	for range n {
		b = append(b, byte(x), byte(uint16(x)>>8))
	}
	return b
}

// drain reads what is there: for each frame its first sample, times 32768.
func drain(t *testing.T, q *frameQueue) []int {
	t.Helper()
	var f Frame
	var got []int
	for {
		ok, err := q.take(&f)
		if !ok || err != nil {
			return got
		}
		if f.PTS != q.out-inputFrame || len(f.PCM) != inputFrame {
			t.Fatalf("PTS %d of %d, %d samples", f.PTS, q.out, len(f.PCM))
		}
		got = append(got, int(f.PCM[0]*32768))
	}
}

func TestFrameQueueGaps(t *testing.T) {
	const s = 16 // samples in a millisecond
	type put struct{ at, samples int }
	for _, c := range []struct {
		name   string
		puts   []put
		frames int
		silent int
	}{
		{"in a row", []put{{1000, 320}, {1320, 320}, {1640, 320}}, 3, 0},
		{"a jitter of 5 ms", []put{{0, 320}, {320 + 5*s, 320}, {640 - 5*s, 320}}, 3, 0},
		{"10 ms packets", []put{{0, 160}, {160, 160}, {320, 160}, {480, 160}}, 2, 0},
		{"60 ms packets", []put{{0, 960}, {960, 960}}, 6, 0},
		{"a hole of 100 ms", []put{{0, 320}, {320 + 100*s, 320}}, 7, 5},
		{"a hole in a frame", []put{{0, 160}, {160 + 110*s, 320}}, 7, 5},
		{"a hole of a minute", []put{{0, 320}, {60000 * s, 320}}, 102, 100},
		{"set back by a minute", []put{{60000 * s, 320}, {0, 320}, {320, 320}}, 3, 0},
		{"odd bytes", []put{{0, 320}, {0, 0}, {320, 320}}, 2, 0},
	} {
		q := newFrameQueue()
		for _, p := range c.puts {
			q.put(int64(p.at), level(1000, p.samples))
		}
		got := drain(t, q)
		silent := 0
		for _, x := range got {
			if x == 0 {
				silent++
			}
		}
		if len(got) != c.frames || silent != c.silent || q.filled != uint64(c.silent*inputFrame) {
			t.Errorf("%s: %d frames, %d silent, want %d and %d: %v", c.name, len(got), silent, c.frames, c.silent, got)
		}
	}
}

// TestFrameQueueDrift holds that a sender's clock that runs off is followed without holes.
func TestFrameQueueDrift(t *testing.T) {
	for _, ppm := range []float64{-300, 300} {
		q := newFrameQueue()
		frames := 0
		for i := range 30_000 { // 10 minutes
			q.put(int64(float64(i)*inputFrame*(1+ppm/1e6)), level(7, inputFrame))
			frames += len(drain(t, q))
		}
		if frames != 30_000 || q.filled != 0 {
			t.Errorf("%v ppm: %d frames, %d samples filled", ppm, frames, q.filled)
		}
	}
}

func TestFrameQueueDropsOldest(t *testing.T) {
	q := newFrameQueue()
	for i := range queueFrames + 5 {
		q.put(int64(i*inputFrame), level(int16(i+1), inputFrame))
	}
	got := drain(t, q)
	if len(got) != queueFrames+5 || got[4] != 0 || got[5] != 6 || got[len(got)-1] != queueFrames+5 {
		t.Errorf("%v: want five silent frames, then those that were kept", got)
	}
	if q.dropped != 5 {
		t.Errorf("%d dropped, want 5", q.dropped)
	}
}

func TestFrameQueueAllocatesNothing(t *testing.T) {
	q := newFrameQueue()
	b := level(5, inputFrame)
	f := Frame{PCM: make([]float32, 0, inputFrame)}
	at := int64(0)
	n := testing.AllocsPerRun(100, func() {
		q.put(at, b)
		at += inputFrame
		if ok, err := q.take(&f); !ok || err != nil {
			t.Fatal(ok, err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}
