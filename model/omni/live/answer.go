package live

import (
	"slices"
	"strings"

	"omnilive/model"
	"omnilive/model/omni"
	"omnilive/model/omni/prompt"
	"omnilive/model/tokenizer"
)

// An answer is one run of the language model, with what is needed to cut it later.
type answer struct {
	c     *Conversation
	s     *stretch // of the log
	yield func(model.Piece, error) bool

	opening int        // positions of what the template puts before it
	ids     []int32    // as the window holds them
	text    followed   // the same as text
	words   transcript // what it says aloud
	heard   string     // what it took the speech for
	units   []int32
	first   int // position of the conversation at the first unit; 0: there is none yet
	calls   []prompt.Call
	whole   bool
	silent  bool // without sound
}

// followed is text with the place of every id in it.
type followed struct {
	decode *tokenizer.Decoder
	text   string
	ends   []int // bytes behind each id
}

func (f *followed) take(id int32) {
	f.text += f.decode.Write(id)
	f.ends = append(f.ends, len(f.text))
}

// A transcript is words as the model wrote them.
type transcript struct {
	text string
	from int   // id of the answer with which it begins
	ends []int // bytes of text behind each id
}

// between finds what stands between two tags: whole ids only.
func (f *followed) between(open, closing string) (s transcript) {
	_, behind, ok := strings.Cut(f.text, open)
	if !ok {
		return s
	}
	begin := len(f.text) - len(behind)
	s.text, _, _ = strings.Cut(behind, closing)
	s.from, _ = slices.BinarySearch(f.ends, begin) // the id that ends the tag; bytes that are no text yet show with a later id
	for s.from++; s.from+len(s.ends) < len(f.ends); {
		end := f.ends[s.from+len(s.ends)] - begin
		if end > len(s.text) {
			break
		}
		s.ends = append(s.ends, end)
	}
	return s
}

// upTo returns how many ids write the first n bytes of the text, whole ids only.
func (s *transcript) upTo(n int) int {
	if n <= 0 {
		return 0
	}
	k, found := slices.BinarySearch(s.ends, n)
	if found {
		k++
	}
	return k
}

// taken is told every id of the answer.
func (a *answer) taken(id int32) {
	a.ids = append(a.ids, id)
	a.text.take(id)
}

// pos is the position of the conversation behind n ids of the answer.
func (a *answer) pos(n int) int { return a.c.shift + a.s.at + a.opening + n }

// hear takes a unit of speech.
func (a *answer) unit(u int32) {
	if a.first == 0 {
		a.first = a.pos(len(a.ids) - 1)
		a.words = a.text.between("<assistant_transcript>", "</assistant_transcript>")
	}
	a.units = append(a.units, u)
}

// settled writes into the log what the window holds of the answer.
func (a *answer) settled() {
	ids := a.ids
	a.s.feeds = []feed{a.s.feeds[0], {ids: ids, n: len(ids)}}
	a.s.n = positions(a.s.feeds)
	a.s.turned++
}

// close ends the answer in the window: by what the model left out.
func (a *answer) close() {
	c, v := a.c, a.c.l.m.Vocabulary
	a.settled()
	c.tail = c.l.forms.stop
	switch last := lastOf(a.ids); {
	case last == v.Marks.TurnEnd:
		c.tail = c.l.forms.newline
	case v.Units.Has(last):
		c.tail = append([]int32{v.Marks.AudioEnd}, c.l.forms.endUnits...)
	}
	a.whole, a.s.ends = true, true
}

func lastOf(ids []int32) int32 {
	if len(ids) == 0 {
		return -1
	}
	return ids[len(ids)-1]
}

// says is what was said of the answer, as text.
func (a *answer) says() string {
	if a.silent {
		text := a.text.text
		for _, stop := range []string{"<|im_end|>", "<tool_call>"} {
			text, _, _ = strings.Cut(text, stop)
		}
		return strings.TrimSpace(text)
	}
	return strings.TrimSpace(a.words.text)
}

// cut makes the window hold of an answer what was heard up to position p of the window. Nothing heard: nothing of it stays.
func (c *Conversation) cut(a *answer, p int) error {
	v := c.l.m.Vocabulary
	c.tail = nil
	if a.silent {
		k := min(p-a.s.at-a.opening, len(a.ids))
		if k <= 0 {
			return c.forget(a.s.at)
		}
		c.answer = nil
		return c.keep(a, k, c.l.forms.stop)
	}
	n := min(p+c.shift-a.first, len(a.units))
	if a.first == 0 || n <= 0 {
		return c.forget(a.s.at)
	}
	end := a.textAt(n)
	closing, err := v.CloseTranscript("{}")
	if err != nil {
		return err
	}
	units, err := v.Speech(a.units[:n])
	if err != nil {
		return err
	}
	interrupted, err := v.Interrupted()
	if err != nil {
		return err
	}
	k := a.words.from + a.words.upTo(end)
	a.words.text = a.words.text[:end]
	c.answer = nil
	return c.keep(a, k, append(append(closing, units...), interrupted...))
}

// keep leaves k ids of the answer in the window and closes it with tail.
func (c *Conversation) keep(a *answer, k int, tail []int32) error {
	a.ids, a.whole, a.s.ends = a.ids[:k], false, true
	if n := a.text.ends[:k]; a.silent && k > 0 {
		a.text.text = a.text.text[:n[k-1]]
	}
	a.settled()
	c.tail = tail
	return c.w.Truncate(a.s.end())
}

// Truncate forgets every position from pos on. Inside of an answer it keeps the words and the units before it, and closes it.
func (c *Conversation) Truncate(pos int) error {
	c.lock()
	defer c.mu.Unlock()
	p := pos - c.shift
	if p < 0 || p > c.len() {
		return c.noPosition(pos)
	}
	a := c.answer
	if a == nil || p <= a.s.at {
		return c.forget(p)
	}
	if p >= a.s.end() {
		if c.log.last() == a.s {
			return nil // all of it was heard: it stays as it is
		}
		return c.forget(p)
	}
	if err := c.forget(a.s.end()); err != nil {
		return err
	}
	if n := p + c.shift - a.first; a.whole && a.first > 0 && n >= len(a.units) {
		c.answer = a
		return nil
	}
	return c.cut(a, p)
}

// forget takes the stretches from position p of the window on out of it.
func (c *Conversation) forget(p int) error {
	if n := c.w.Len(); p >= n && len(c.tail) > 0 {
		return nil // the tail belongs to what stays
	}
	out, err := c.log.cut(p)
	if err != nil {
		return err
	}
	for _, s := range out {
		c.media, c.unsaid = s.media, s.unsaid
		c.in.restore(s.parts)
		if s.answer == c.answer && c.answer != nil {
			c.answer, c.tail = nil, nil
		}
	}
	end := 0
	if s := c.log.last(); s != nil {
		end = s.end()
	}
	if len(out) > 0 {
		c.tail = c.ending()
	}
	return c.w.Truncate(end)
}

// options are how an answer of this reply goes on.
func (r *reply) options() (o omni.AnswerOptions, err error) {
	l, v := r.c.l, r.c.l.m.Vocabulary
	o.Sampling, o.MaxPicked = l.o.Sampling, l.o.Words
	calls := r.calls()
	o.Tools = r.c.tools()
	if !r.o.TextOnly {
		o.Speech, o.Units = true, l.o.Units
		o.Aloud = &prompt.Aloud{Heard: r.c.unsaid, Info: "{}", Words: l.o.Words, Calls: calls}
		o.MaxPicked = 0
	}
	o.Pictures = l.o.Draw && calls
	if r.o.MaxTokens > 0 {
		o.MaxPicked = max(1, r.o.MaxTokens-r.picked)
		if o.Aloud != nil { // a short answer is one that is heard: words and sound share what there is
			o.Aloud.Words = min(o.Aloud.Words, max(1, o.MaxPicked/4))
		}
	}
	switch {
	case r.drew || r.o.Draw == nil && !r.forced():
	case r.o.Draw != nil || r.o.ToolChoice == prompt.DrawTool:
		o.Pictures, o.MaxPicked = true, 0
		o.Begin, err = v.Draw(r.ratio())
	case r.o.ToolChoice == "required":
		o.Begin, err = v.Text("<tool_call>")
	default:
		o.Begin, err = v.Tokenizer.EncodeParts(
			tokenizer.Part{Text: "<tool_call>", Special: true}, tokenizer.Part{Text: r.o.ToolChoice}, tokenizer.Part{Text: "\n"})
	}
	return o, err
}
