package live

import (
	"context"
	"strings"
	"unicode"

	"omnilive/model"
	"omnilive/model/omni"
)

// The first chunk of Unit-BigVGAN, which alone is not exact: see omni.SpeechOptions.
const firstChunk = 5

var speechOptions = omni.SpeechOptions{First: firstChunk, Ahead: 2 * firstChunk}

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
}

func newPlayout(a *answer, v omni.Voice, heard string) (*playout, error) {
	s, err := a.c.l.m.Speech(v, speechOptions)
	if err != nil {
		return nil, err
	}
	return &playout{a: a, s: s, heard: heard}, nil
}

// close frees what the voice remembers. It is safe to call it twice.
func (p *playout) close() { p.s.Close() }

// push takes a unit; sound is made some units at a time.
func (p *playout) push(ctx context.Context, unit int32) error {
	pcm, err := p.s.Push(ctx, unit)
	if err != nil {
		return err
	}
	return p.emit(pcm, false)
}

// flush yields the sound that is left, and all words.
func (p *playout) flush(ctx context.Context) error {
	pcm, err := p.s.Flush(ctx)
	if err != nil {
		return err
	}
	return p.emit(pcm, true)
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
