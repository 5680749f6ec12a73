package vision

import (
	"math"
	"testing"
)

// Samples ascend, begin with the first frame and end with the last, and are even in number.
func TestSampleFrames(t *testing.T) {
	for total := 2; total < 5000; total += 1 + total/50 {
		for _, fps := range []float64{0.5, 1, 12, 23.976, 30, 59.94, 240} {
			s, err := SampleFrames(total, fps)
			if err != nil {
				t.Fatal(err)
			}
			n := len(s.Index)
			if n%2 != 0 || n < 2 || n > 128 || s.Index[0] != 0 || s.Index[n-1] != total-1 || math.Abs(s.Duration-float64(total)/fps) > 0.0051 {
				t.Fatalf("%d at %v: %v", total, fps, s)
			}
			for i := 1; i < n; i++ {
				if s.Index[i] <= s.Index[i-1] {
					t.Fatalf("%d at %v: %v", total, fps, s.Index)
				}
			}
		}
	}
	for _, fps := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		if _, err := SampleFrames(10, fps); err == nil {
			t.Errorf("%v frames a second: no error", fps)
		}
	}
	for _, total := range []int{-1, 0, 1, math.MaxInt} {
		if _, err := SampleFrames(total, 30); err == nil {
			t.Errorf("%d frames: no error", total)
		}
	}
}
