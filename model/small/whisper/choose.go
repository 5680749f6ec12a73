package whisper

import "math"

// A choice is what the decoder holds most probable next.
type choice struct {
	id      int32
	logProb float64 // among the ids that may be chosen
}

// choose picks the most probable id of p that may come next. p is changed.
func (l *listener) choose(p []float32, first bool) choice {
	for _, id := range l.c.suppress {
		p[id] = 0
	}
	if first {
		for _, id := range l.c.first {
			p[id] = 0
		}
	}
	clear(p[l.vocab.zero:]) // times
	best, at, sum := float32(-1), 0, 0.0
	for i, v := range p {
		sum += float64(v)
		if v > best {
			best, at = v, i
		}
	}
	return choice{id: int32(at), logProb: math.Log(max(float64(best), 1e-30) / max(sum, 1e-30))}
}

// language returns the most probable of the allowed languages, p being what follows the start.
func (l *listener) language(p []float32, allowed []string) string {
	best := allowed[0]
	for _, name := range allowed[1:] {
		if p[l.vocab.languages[name]] > p[l.vocab.languages[best]] {
			best = name
		}
	}
	return best
}
