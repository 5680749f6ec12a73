package vocoder

import "math"

const (
	rate     = 24000
	voiceMin = 40    // Hz; below there is no voice
	pitchMax = 11000 // Hz; harmonics go up to here
)

// pulses appends the pulse train of a pitch curve of one value a frame, interpolated linearly: at every sample the sum
// of cos(h·phase) over all harmonics h below pitchMax, which is sin((H+½)·phase)/(2·sin(phase/2)) − ½.
func pulses(dst, pitch []float32) []float32 {
	sum := 0.0
	for f := range pitch {
		left, right := pitch[max(f-1, 0)], pitch[min(f+1, len(pitch)-1)]
		silent := left <= voiceMin && pitch[f] <= voiceMin && right <= voiceMin
		if silent {
			sum += voiceMin * Hop
			for range Hop {
				dst = append(dst, 0)
			}
			continue
		}
		for i := range Hop {
			hz := between(left, pitch[f], right, i)
			voiced := hz > voiceMin
			hz = max(hz, voiceMin)
			sum += float64(hz)
			if !voiced {
				dst = append(dst, 0)
				continue
			}
			dst = append(dst, pulse(hz, sum))
		}
	}
	return dst
}

// between is the pitch at sample i of a frame: the frame's own value holds in its middle.
func between(left, here, right float32, i int) float32 {
	u := nearness[i]
	if i < Hop/2 {
		return left*(1-u) + here*u
	}
	return here*(1-u) + right*u
}

// nearness is how close each sample of a frame is to the later one of the two values around it.
var nearness = func() (u [Hop]float32) {
	for i := range u {
		_, part := math.Modf((float64(i)+0.5)/Hop + 0.5)
		u[i] = float32(part)
	}
	return u
}()

// pulse is the train's value where the pitches so far add up to sum.
func pulse(hz float32, sum float64) float32 {
	turns := sum * (1.0 / rate)
	phase := float32((turns - math.Floor(turns)) * (2 * math.Pi))
	h := float32(math.Floor(float64(pitchMax/hz))) + 0.5
	under := 2 * sin64(float64(phase*0.5))
	if under < 2e-3 && under > -2e-3 {
		return h - 0.5 // the limit
	}
	return sin64(float64(h*phase))/under - 0.5
}

func hann(i int) float32 {
	return float32(0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/window))
}
