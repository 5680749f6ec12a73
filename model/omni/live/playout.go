package live

import (
	"context"
	"strings"
	"unicode"

	"omnilive/model"
	"omnilive/model/omni"
	"omnilive/model/omni/bigvgan"
)

// How the vocoder is fed. The first chunk is short and looks less far ahead than it could: 10 units ahead its sound is off by
// 56 dB less than the sound itself (package bigvgan), which saves 19 units of waiting; all later ones are exact.
const (
	firstChunk = 5
	firstAhead = 10
	laterChunk = 10
)

// Units of speech for a letter, to tell which words belong to which sound before the end is known: 25 units a second, in
// which people say about 14 letters of English or 5 syllables of Korean. At the end of an answer all its words are said.
const (
	unitsPerLetter   = 25.0 / 14
	unitsPerSyllable = 25.0 / 5
)

// A playout turns units into pieces.
type playout struct {
	a       *answer
	s       *omni.Speech
	heard   string // what the model heard, for the first piece
	sounded int    // units whose sound has been yielded
	told    int    // bytes of the transcript that have been yielded
	short   bool   // the first chunk has not come yet
	buffer  []int32
}

func newPlayout(a *answer, v omni.Voice, heard string) (*playout, error) {
	s, err := a.c.l.m.Speech(v, bigvgan.StreamOptions{Chunk: firstChunk, Short: true, Ahead: firstAhead})
	return &playout{a: a, s: s, heard: heard, short: true}, err
}

// push takes a unit; sound is made some units at a time.
func (p *playout) push(ctx context.Context, unit int32) error {
	p.buffer = append(p.buffer, unit)
	if !p.short && len(p.buffer) < laterChunk || p.short && len(p.buffer) < firstChunk+firstAhead {
		return nil
	}
	pcm, err := p.s.Push(ctx, p.buffer)
	p.buffer = p.buffer[:0]
	if err != nil {
		return err
	}
	if p.short {
		p.short = false
		if err := p.s.Options(bigvgan.StreamOptions{Chunk: laterChunk}); err != nil {
			return err
		}
	}
	return p.emit(pcm, false)
}

// flush yields the sound that is left, and all words.
func (p *playout) flush(ctx context.Context) error {
	pcm, err := p.s.Push(ctx, p.buffer)
	if err != nil {
		return err
	}
	rest, err := p.s.Flush(ctx)
	if err != nil {
		return err
	}
	return p.emit(append(pcm, rest...), true)
}

// emit yields sound with the words that belong to it.
func (p *playout) emit(pcm []float32, last bool) error {
	if len(pcm) == 0 && !last {
		return nil
	}
	p.sounded += len(pcm) / p.s.Samples()
	text := p.a.words.text
	end := p.a.textAt(p.sounded)
	if last {
		end = len(text)
	}
	end = max(end, p.told)
	piece := model.Piece{Text: text[p.told:end], PCM: pcm, Pos: p.a.first + p.sounded, Heard: p.heard}
	piece.Marks = []model.Mark{{Samples: len(pcm), TextEnd: len(piece.Text), Pos: piece.Pos}}
	p.told, p.heard = end, ""
	if !p.a.yield(piece, nil) {
		return errLeft
	}
	return nil
}

// textAt returns how many bytes of the transcript have been said after n units, whole words only.
func (a *answer) textAt(n int) int {
	text, cost := a.words.text, 0.0
	end := 0
	for i, r := range text {
		if r == ' ' || r == '\n' {
			end = i
		}
		if unicode.Is(unicode.Hangul, r) {
			cost += unitsPerSyllable
		} else {
			cost += unitsPerLetter
		}
		if cost > float64(n) {
			return end
		}
	}
	return len(strings.TrimRight(text, " \n"))
}
