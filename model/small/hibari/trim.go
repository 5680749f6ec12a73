package hibari

import (
	"math"
	"strings"
)

const (
	ms       = Rate / 1000
	onset    = 10 * ms // silence kept before the first sound: weak consonants begin in it
	fade     = 5 * ms
	grain    = 5 * ms // sound is looked for in steps of this
	quietest = 0.004  // of the loudest grain: what is softer is no speech (-48 dB)
)

// trim cuts the silence off both ends and leaves pause samples after the last sound, adding zeros where the network
// made fewer. What is louder than 1 is clipped. lead is where the network begins the first phoneme. cut is how many samples went at the start. The result
// may use pcm's memory.
func trim(pcm []float32, lead, pause int) (trimmed []float32, cut int) {
	loud := make([]float64, len(pcm)/grain)
	top := 0.0
	for i := range loud {
		loud[i] = rms(pcm[i*grain : (i+1)*grain])
		top = max(top, loud[i])
	}
	first, last := 0, len(loud)
	for first < last && loud[first] <= quietest*top {
		first++
	}
	for last > first && loud[last-1] <= quietest*top {
		last--
	}
	cut = min(max(min(first*grain, lead)-onset, 0), len(pcm))
	end := min(last*grain+pause, len(pcm))
	trimmed = pcm[cut:max(end, cut)]
	for i, x := range trimmed {
		trimmed[i] = max(min(x, 1), -1)
	}
	for i := range min(fade, len(trimmed)/2) {
		a := float32(i) / fade
		trimmed[i] *= a
		trimmed[len(trimmed)-1-i] *= a
	}
	if missing := last*grain + pause - end; missing > 0 {
		trimmed = append(trimmed, make([]float32, missing)...)
	}
	return trimmed, cut
}

func rms(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(len(x)))
}

// pauseAfter is how much silence follows a breath that ends in word, in samples.
func pauseAfter(word string) int {
	word = strings.TrimRight(word, "\"”)")
	switch {
	case word == "":
		return 40 * ms
	case strings.ContainsAny(word[len(word)-1:], ".!?") || strings.HasSuffix(word, "…"):
		return 240 * ms
	case strings.ContainsAny(word[len(word)-1:], ",;:") || strings.HasSuffix(word, "—"):
		return 120 * ms
	}
	return 40 * ms
}
