package vision

import (
	"fmt"
	"math"
	"strconv"
)

// How the 8B's service samples a video: two frames a second, in pairs.
const (
	// SampleRate is how many frames a second are wanted.
	SampleRate   = 2.0
	frameFactor  = 2
	minFrames    = 4
	maxFrames    = 128
	maxTotal     = 1 << 30
	maxFrameRate = 1e6
)

// A Sampling says which frames of a video are encoded.
type Sampling struct {
	Index    []int   // frames, ascending
	FPS      float64 // sampled frames a second
	Duration float64 // seconds, to two digits
}

// SampleFrames spreads the frames to encode over a video of total frames at fps a second: smart_nframes and the linear
// spacing of the 8B's service. It needs the whole video; Stream picks by a clock instead.
func SampleFrames(total int, fps float64) (Sampling, error) {
	if total < frameFactor || total > maxTotal || !(fps > 0 && fps <= maxFrameRate) {
		return Sampling{}, fmt.Errorf("sample frames: %d frames at %v a second: want %d frames or more", total, fps, frameFactor)
	}
	most := float64(min(maxFrames, total) / frameFactor * frameFactor)
	wanted := math.Min(math.Min(math.Max(float64(total)/fps*SampleRate, minFrames), most), float64(total))
	n := int(math.Floor(wanted/frameFactor)) * frameFactor
	s := Sampling{Index: make([]int, n), FPS: float64(n) / float64(total) * fps}
	end := float32(total - 1)
	step := end / float32(n-1)
	for i := range s.Index { // as PyTorch's linspace: from both ends, in float32
		at := step * float32(i)
		if i >= n/2 {
			at = end - step*float32(n-1-i)
		}
		s.Index[i] = int(math.RoundToEven(float64(at)))
	}
	text := strconv.FormatFloat(float64(n)/s.FPS, 'f', 2, 64)
	var err error
	if s.Duration, err = strconv.ParseFloat(text, 64); err != nil {
		return Sampling{}, fmt.Errorf("sample frames: %w", err)
	}
	return s, nil
}
