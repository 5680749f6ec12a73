package live

import (
	"context"
	"errors"
	"strings"

	"omnilive/model"
	"omnilive/model/omni"
	"omnilive/model/omni/prompt"
)

// errLeft says that the caller of Reply has left its loop.
var errLeft = errors.New("omni live: the caller left")

// An answer is one run of the language model, with what is needed to cut it later.
type answer struct {
	c     *Conversation
	o     model.ReplyOptions
	yield func(model.Piece, error) bool

	asked    int  // positions before it
	listened bool // it answers speech, so that it begins with what was heard

	spent  int    // ids picked
	listen said   // what was heard
	words  said   // what it says
	info   string // speaker info
	units  []int32
	first  int  // position of the first unit; 0: there is none yet
	whole  bool // it is closed
	text   bool // without sound
}

// said is a transcript as the model wrote it.
type said struct {
	at   int     // position of the first id
	ids  []int32 // without the closing tag's
	ends []int   // bytes of text behind each id
	text string
}

// run makes the answer from its first word to its end.
func (a *answer) run(ctx context.Context) error {
	c := a.c
	if err := c.begin(ctx); err != nil {
		return err
	}
	if err := c.fill(ctx, &prompt.Conversation{Generation: true, SkipReasoning: true}, nil); err != nil {
		return err
	}
	c.answer = a
	if !a.yield(model.Piece{Pos: a.asked}, nil) {
		return errLeft
	}
	if a.o.TextOnly {
		a.text = true
		return a.write(ctx)
	}
	heard := ""
	if a.listened {
		h, err := a.transcript(ctx, c.l.forms.openHeard, c.l.forms.closeHeard, "</user_transcript>")
		if err != nil {
			return err
		}
		a.listen, heard = h, h.text
		if err := c.w.Append(ctx, c.l.forms.newline); err != nil {
			return err
		}
	}
	var err error
	if a.words, err = a.transcript(ctx, c.l.forms.openWords, c.l.forms.closeWords, "</assistant_transcript>"); err != nil {
		return err
	}
	return a.speak(ctx, heard)
}

// transcript has the model write words between two tags. Where it does not close them within the limit they are closed.
func (a *answer) transcript(ctx context.Context, open, closing []int32, tag string) (said, error) {
	c := a.c
	var s said
	if err := c.w.Append(ctx, open); err != nil {
		return s, err
	}
	s.at = c.w.Len()
	decode := c.l.m.Vocabulary.Tokenizer.NewDecoder(true)
	sampling := c.l.o.Sampling
	sampling.Allowed, sampling.MaxTokens = c.l.words, a.left(c.l.o.Words)
	for id, err := range c.w.Sequence().Generate(ctx, sampling) {
		if err != nil {
			return s, err
		}
		a.spent++
		s.ids = append(s.ids, id)
		s.text += decode.Write(id)
		s.ends = append(s.ends, len(s.text))
		if at := strings.Index(s.text, tag); at >= 0 {
			s.close(at)
			return s, nil // the window holds the tag as the model wrote it
		}
	}
	if err := ctx.Err(); err != nil {
		return s, err
	}
	return s, c.w.Append(ctx, closing)
}

// left is how many ids may still be picked, at most most; one at least, since 0 is no limit.
func (a *answer) left(most int) int {
	if a.o.MaxTokens > 0 {
		most = min(most, a.o.MaxTokens-a.spent)
	}
	return max(most, 1)
}

// close leaves the closing tag, which begins at byte at, out of the transcript.
func (s *said) close(at int) {
	s.text = s.text[:at]
	for len(s.ends) > 0 && s.ends[len(s.ends)-1] > at {
		s.ids, s.ends = s.ids[:len(s.ids)-1], s.ends[:len(s.ends)-1]
	}
}

// heard returns how many ids write the first n bytes of the text, whole ids only.
func (s *said) heard(n int) int {
	k := 0
	for k < len(s.ends) && s.ends[k] <= n {
		k++
	}
	return k
}

// speak has the model write units and yields their sound.
func (a *answer) speak(ctx context.Context, heard string) error {
	c, v := a.c, a.c.l.m.Vocabulary
	a.info = "{}"
	voice, err := c.l.voice(ctx, a.o.Voice, c.o.Voice)
	if err != nil {
		return err
	}
	// The tag that closes the words stands in the window; CloseTranscript would bring its own.
	opening, err := v.Text("\n<audio_decoder_call>\n<speaker_info>" + a.info + "</speaker_info>\n<discrete_audio>\n<|discrete_audio_start|>")
	if err != nil {
		return err
	}
	if err := c.w.Append(ctx, opening); err != nil {
		return err
	}
	a.first = c.w.Len()
	p, err := newPlayout(a, voice, heard)
	if err != nil {
		return err
	}
	ended, err := a.makeUnits(ctx, p)
	if err != nil {
		return err
	}
	if err := p.flush(ctx); err != nil {
		return err
	}
	closing := c.l.forms.endUnits
	if !ended {
		closing = append([]int32{v.Marks.AudioEnd}, closing...)
	}
	if err := c.w.Append(ctx, closing); err != nil {
		return err
	}
	a.whole = true
	if !ended && a.o.MaxTokens > 0 && a.spent >= a.o.MaxTokens {
		return model.ErrMaxTokens
	}
	return nil
}

// makeUnits picks units until the model ends them or the limit is reached.
func (a *answer) makeUnits(ctx context.Context, p *playout) (ended bool, err error) {
	c, v := a.c, a.c.l.m.Vocabulary
	sampling := c.l.o.Sampling
	sampling.Allowed = [][2]int32{{v.Units.First, v.Units.First + v.Units.Count - 1}, {v.Marks.AudioEnd, v.Marks.AudioEnd}}
	sampling.MaxTokens = a.left(c.l.o.Units)
	for id, err := range c.w.Sequence().Generate(ctx, sampling) {
		if err != nil {
			return false, err
		}
		if id == v.Marks.AudioEnd {
			return true, nil
		}
		a.spent++
		a.units = append(a.units, id-v.Units.First)
		if err := p.push(ctx, id-v.Units.First); err != nil {
			return false, err
		}
	}
	return false, ctx.Err()
}

// write has the model write words alone, and yields them as they come.
func (a *answer) write(ctx context.Context) error {
	c := a.c
	decode := c.l.m.Vocabulary.Tokenizer.NewDecoder(true)
	sampling := c.l.o.Sampling
	sampling.MaxTokens = c.l.o.Words
	if a.o.MaxTokens > 0 {
		sampling.MaxTokens = a.o.MaxTokens
	}
	stops := c.l.m.Vocabulary.Stops
	sampling.Allowed, sampling.Ends = c.l.words, stops
	n := 0
	for id, err := range c.w.Sequence().Generate(ctx, sampling) {
		if err != nil {
			return err
		}
		n++
		if text := decode.Write(id); text != "" {
			pos := c.w.Len()
			if !a.yield(model.Piece{Text: text, Pos: pos, Marks: []model.Mark{{TextEnd: len(text), Pos: pos}}}, nil) {
				return errLeft
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	a.whole = true
	if err := c.w.Append(ctx, c.l.forms.stop); err != nil {
		return err
	}
	if n >= sampling.MaxTokens {
		return model.ErrMaxTokens
	}
	return nil
}

// cut makes the window hold of an answer what was heard up to pos. Nothing heard: nothing of it stays.
func (c *Conversation) cut(a *answer, pos int) error {
	v := c.l.m.Vocabulary
	c.answer, c.tail = nil, nil
	if a.text {
		if a.whole && pos >= c.w.Len() {
			return nil
		}
		c.tail = c.l.forms.stop
		return c.w.Truncate(pos)
	}
	n := min(pos-a.first, len(a.units))
	switch {
	case a.whole && n >= len(a.units):
		c.answer = a // all of it was heard: it stays as it is
		return nil
	case a.first == 0 || n <= 0:
		return c.w.Truncate(a.asked)
	}
	words := a.words.heard(a.textAt(n))
	closing, err := v.CloseTranscript(a.info)
	if err != nil {
		return err
	}
	units, err := v.Speech(a.units[:n])
	if err != nil {
		return err
	}
	end, err := v.Interrupted()
	if err != nil {
		return err
	}
	c.tail = append(append(append([]int32{}, closing...), units...), end...)
	return c.w.Truncate(a.words.at + words)
}

// voice is the reply's voice, else the conversation's, else the model's first.
func (l *Model) voice(ctx context.Context, names ...string) (omni.Voice, error) {
	for _, n := range names {
		if n != "" {
			return l.m.Voice(ctx, n)
		}
	}
	return l.m.Voice(ctx, "")
}
