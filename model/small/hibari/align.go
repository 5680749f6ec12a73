package hibari

import (
	"strings"

	"omnilive/model/small/hibari/g2p"
)

// silentMarks make a pause, which is no part of the word they stand behind.
const silentMarks = ";:,.!?—…\"()“”"

// A span is where a word lies among the ids of a breath: its first id, and its last that is no silent mark.
type span struct {
	first, last int
}

// encode returns the ids of a breath, with 0 at both ends, and where its words lie.
func (s *Synthesizer) encode(b []g2p.Word) (ids []int64, spans []span) {
	ids = append(ids, 0)
	for i, w := range b {
		if i > 0 {
			ids = append(ids, s.ids[' '])
		}
		at := span{len(ids), len(ids) - 1}
		for _, r := range w.Phonemes {
			id, ok := s.ids[r]
			if !ok {
				continue
			}
			ids = append(ids, id)
			if !strings.ContainsRune(silentMarks, r) {
				at.last = len(ids) - 1
			}
		}
		spans = append(spans, at)
	}
	return append(ids, 0), spans
}

// wordEnds returns for every word the sample of pcm at which it ends, ascending: where its last phoneme does by the
// network's durations, or where the sound dies away in the pause behind. cut is how many samples pcm lacks at the start.
func wordEnds(pcm []float32, beats []int64, spans []span, cut int) []int {
	starts := make([]int, len(beats)+1) // of every id in pcm
	starts[0] = -cut
	for i, n := range beats {
		starts[i+1] = starts[i] + int(n)*beat
	}
	ends := make([]int, len(spans))
	for i, w := range spans {
		next := len(pcm)
		if i+1 < len(spans) {
			next = min(max(starts[spans[i+1].first], 0), len(pcm))
		}
		ends[i] = fading(pcm, min(max(starts[w.last+1], 0), len(pcm)), next)
	}
	return ends
}

// hush is the level below which a word has died away; the voice speaks at about 0.1.
const hush = 0.01

// fading returns the first sample from at on where the sound is down, or at itself where it is not before limit.
func fading(pcm []float32, at, limit int) int {
	for i := at; i+grain <= limit; i += grain {
		if rms(pcm[i:i+grain]) < hush {
			return i
		}
	}
	return at
}
