package prompt

import (
	"math"
	"strconv"
)

// AudioDuration is how the prompt states the length of a sound: "2.31s".
func AudioDuration(samples, rate int) string {
	if rate <= 0 {
		return "0.00s"
	}
	return strconv.FormatFloat(float64(samples)/float64(rate), 'f', 2, 64) + "s"
}

// VideoDuration is how the prompt states the length of a video: rounded to hundredths and written as Python writes
// floats, "8.0s", "12.5s", "3.33s".
func VideoDuration(frames int, fps float64) string {
	seconds := float64(frames) / fps
	if !(seconds >= 0 && seconds < 1e9) {
		return "0.0s"
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(seconds, 'f', 2, 64), 64)
	if err != nil {
		rounded = 0
	}
	return pythonFloat(rounded) + "s"
}

// pythonFloat writes a float as Python's repr does: the fewest digits that give it back, always with a point or an exponent.
func pythonFloat(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	for i := range len(s) {
		if s[i] == '.' {
			return s
		}
	}
	return s + ".0"
}
