package hibari

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"omnilive/model/small/hibari/g2p"
	"omnilive/model/small/hibari/vocoder"
)

// SpeakOptions are the settings of one Synthesize. The zero value works.
type SpeakOptions struct {
	Speed float64 // 0.25 (slow) to 1.5 (fast); 0 means 1
	Seed  uint64  // of the noise in the sound: same text, options and seed, same sound
}

// A Mark says that Text[:TextEnd] has been spoken when Samples have been heard.
type Mark struct {
	Samples int
	TextEnd int
}

// Speech is spoken text.
type Speech struct {
	PCM   []float32 // mono at Rate, -1 to 1
	Marks []Mark    // one per word, ascending; the last one is the whole. Empty where PCM is
}

// Synthesize speaks text. Markdown and emoji are not spoken; text that says nothing makes an empty Speech. Text longer
// than MaxText and a speed out of range are errors, as is the end of ctx, which is noticed between sentences.
func (s *Synthesizer) Synthesize(ctx context.Context, text string, o SpeakOptions) (Speech, error) {
	if o.Speed == 0 {
		o.Speed = 1
	}
	if !(o.Speed >= 0.25 && o.Speed <= 1.5) {
		return Speech{}, fmt.Errorf("synthesize: speed %g is out of range: 0.25 to 1.5", o.Speed)
	}
	sentences, err := s.reader.Read(text)
	if err != nil {
		return Speech{}, fmt.Errorf("synthesize: %w", err)
	}
	v, err := s.take(ctx)
	if err != nil {
		return Speech{}, err
	}
	from := time.Now()
	defer func() {
		s.busy.Add(int64(time.Since(from)))
		s.scratch <- v
	}()
	var out Speech
	for i, b := range breaths(sentences) {
		if err := context.Cause(ctx); err != nil {
			return Speech{}, fmt.Errorf("synthesize: %w", err)
		}
		noise := rand.New(rand.NewPCG(o.Seed, uint64(i)))
		if err := s.speak(&out, v, b, o.Speed, gaussian(noise)); err != nil {
			return Speech{}, fmt.Errorf("synthesize: %w", err)
		}
	}
	out.finish(text)
	return out, nil
}

// Busy is how long all runs together have taken so far. Any goroutine may ask.
func (s *Synthesizer) Busy() time.Duration { return time.Duration(s.busy.Load()) }

// take waits for a Vocoder.
func (s *Synthesizer) take(ctx context.Context) (*vocoder.Vocoder, error) {
	select {
	case v := <-s.scratch:
		return v, nil
	default:
	}
	select {
	case v := <-s.scratch:
		return v, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("synthesize: %w", context.Cause(ctx))
	}
}

// speak appends one breath to out.
func (s *Synthesizer) speak(out *Speech, v *vocoder.Vocoder, b []g2p.Word, speed float64, noise vocoder.Noise) error {
	ids, spans := s.encode(b)
	if len(ids) < 3 {
		return nil
	}
	spectrum, beats, err := predict(s.network, ids, speed)
	if err != nil {
		return err
	}
	first, last := audible(beats, spans, spectrum.Frames)
	from := len(out.PCM)
	if out.PCM, err = v.Synthesize(out.PCM, spectrum, first, last, noise); err != nil {
		return err
	}
	lead := int(beats[0])*beat - first*vocoder.Hop
	pcm, cut := trim(out.PCM[from:], lead, pauseAfter(b[len(b)-1].Phonemes))
	out.PCM = append(out.PCM[:from], pcm...)
	cut += first * vocoder.Hop
	for i, at := range wordEnds(pcm, beats, spans, cut) {
		out.mark(from+at, b[i].End)
	}
	return nil
}

// audible returns the frames that can hold sound: from a little before the first phoneme to a little behind the last
// word. The rest is silence that trim would cut off.
func audible(beats []int64, spans []span, frames int) (first, last int) {
	const before, behind = 80 * ms / vocoder.Hop, 200 * ms / vocoder.Hop
	for _, n := range beats[:spans[len(spans)-1].last+1] {
		last += int(n) * beat / vocoder.Hop
	}
	first = int(beats[0]) * beat / vocoder.Hop
	return min(max(first-before, 0), frames), min(last+behind, frames)
}

// mark adds a mark, or moves the last one where it is for the same text.
func (p *Speech) mark(samples, textEnd int) {
	if n := len(p.Marks); n > 0 {
		last := &p.Marks[n-1]
		samples = max(samples, last.Samples)
		if textEnd <= last.TextEnd {
			last.Samples = samples
			return
		}
	}
	p.Marks = append(p.Marks, Mark{samples, textEnd})
}

// finish makes the last mark the whole, and takes the blanks off the others.
func (p *Speech) finish(text string) {
	for i := range p.Marks {
		p.Marks[i].TextEnd = len(strings.TrimRight(text[:p.Marks[i].TextEnd], " \t\r\n"))
	}
	if n := len(p.Marks); n > 0 {
		p.Marks[n-1] = Mark{len(p.PCM), len(text)}
	}
}

// maxPhonemes bounds what the network sees at once; it was trained on sentences up to about that length.
const maxPhonemes = 400

// breaths cuts sentences that are too long, at a mark inside where there is one.
func breaths(sentences [][]g2p.Word) [][]g2p.Word {
	var out [][]g2p.Word
	for _, s := range sentences {
		for len(s) > 0 {
			n := breath(s)
			if n == 0 {
				s = splitWord(s)
				continue
			}
			out = append(out, s[:n])
			s = s[n:]
		}
	}
	return out
}

// breath is how many words of s are spoken together; 0 where the first alone is too long.
func breath(s []g2p.Word) int {
	phonemes, atMark := 0, 0
	for i, w := range s {
		phonemes += len([]rune(w.Phonemes)) + 1
		switch {
		case phonemes > maxPhonemes+1 && atMark > 0:
			return atMark
		case phonemes > maxPhonemes+1:
			return i
		case strings.HasSuffix(w.Phonemes, ",") || strings.HasSuffix(w.Phonemes, ";") ||
			strings.HasSuffix(w.Phonemes, ":") || strings.HasSuffix(w.Phonemes, "—"):
			atMark = i + 1
		}
	}
	return len(s)
}

// splitWord cuts the first word of s, which is too long to be one.
func splitWord(s []g2p.Word) []g2p.Word {
	r := []rune(s[0].Phonemes)
	first := g2p.Word{Phonemes: string(r[:maxPhonemes]), End: s[0].End}
	rest := g2p.Word{Phonemes: string(r[maxPhonemes:]), End: s[0].End}
	return append([]g2p.Word{first, rest}, s[1:]...)
}

// gaussian draws noise from r.
func gaussian(r *rand.Rand) vocoder.Noise {
	return func(z []float32, _ int) {
		for i := range z {
			z[i] = float32(r.NormFloat64())
		}
	}
}
