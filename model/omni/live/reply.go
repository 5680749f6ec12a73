package live

import (
	"context"
	"errors"
	"fmt"

	"omnilive/model"
	"omnilive/model/omni"
	"omnilive/model/omni/imagedecoder"
	"omnilive/model/omni/prompt"
)

// errLeft says that the caller of Reply has left its loop.
var errLeft = errors.New("omni live: the caller left")

// A reply is one Reply: an answer, and where the model draws, one more that speaks of it.
type reply struct {
	c      *Conversation
	o      model.ReplyOptions
	yield  func(model.Piece, error) bool
	picked int  // ids that the model has picked
	drew   bool // a picture
}

// previewSide is the longer side of a preview, in pixels.
const previewSide = 192

// drawn is what the tool that draws answers.
const drawn = `{"status": "the picture is being shown to the user"}`

// run makes the reply from its first word to its end.
func (r *reply) run(ctx context.Context) error {
	c := r.c
	if err := c.begin(ctx); err != nil {
		return err
	}
	if err := c.forgetAside(ctx); err != nil {
		return err
	}
	if err := c.endMessage(ctx); err != nil {
		return err
	}
	if !r.yield(model.Piece{Pos: c.len() + c.shift}, nil) {
		return errLeft
	}
	if r.o.Instructions != "" {
		if err := c.whisper(ctx, r.o.Instructions); err != nil {
			return err
		}
	}
	again, err := r.answer(ctx)
	if err != nil || !again {
		return err
	}
	m := prompt.Message{Role: "tool", Name: prompt.DrawTool, Parts: []prompt.Part{{Text: drawn}}}
	s := &stretch{role: "tool", begins: true, ends: true, told: m}
	if err := c.fill(ctx, s, &prompt.Conversation{Messages: []prompt.Message{m}}, nil); err != nil {
		return err
	}
	_, err = r.answer(ctx)
	return err
}

// answer has the model answer once. It reports whether it drew, so that it may speak of it.
func (r *reply) answer(ctx context.Context) (drew bool, err error) {
	c := r.c
	o, err := r.options()
	if err != nil {
		return false, err
	}
	s := &stretch{role: "assistant", begins: true}
	if err := c.fill(ctx, s, &prompt.Conversation{Generation: true, SkipReasoning: true}, nil); err != nil {
		return false, err
	}
	a := &answer{c: c, s: s, yield: r.yield, opening: s.n, silent: r.o.TextOnly}
	a.text.decode = c.l.m.Vocabulary.Tokenizer.NewDecoder(true)
	s.answer, c.answer = a, a
	o.Taken = a.taken
	f := &following{r: r, a: a}
	defer f.silence()
	for e, err := range c.w.Answer(ctx, o) {
		if err != nil {
			return false, f.broken(ctx, err)
		}
		if err := f.take(ctx, e); err != nil {
			f.leave()
			return false, err
		}
	}
	if ctx.Err() != nil {
		return false, f.broken(ctx, ctx.Err())
	}
	return f.end(ctx)
}

// following turns what an answer comes to into pieces.
type following struct {
	r     *reply
	a     *answer
	play  *playout
	calls []model.ToolCall
	draws []*model.Drawing
	pos   int // behind the words that were shown
}

// take takes an event.
func (f *following) take(ctx context.Context, e prompt.Event) error {
	a, c := f.a, f.r.c
	switch e.Kind {
	case prompt.UserTranscript:
		a.heard += e.Text
	case prompt.Words:
		if a.silent {
			return f.show(e.Text)
		}
	case prompt.Unit:
		a.unit(e.Code)
		if f.play == nil {
			if err := f.begin(ctx); err != nil {
				return err
			}
		}
		err := f.play.push(ctx, e.Code)
		if f.play.sounded > 0 {
			c.w.Calm()
		}
		return err
	case prompt.ToolCall:
		if !e.Call.Picture {
			f.calls = append(f.calls, model.ToolCall{Name: e.Call.Name, Arguments: e.Call.Arguments})
			a.calls = append(a.calls, prompt.Call{Name: e.Call.Name, Arguments: e.Call.Arguments})
		}
	case prompt.Picture:
		if len(e.Codes) == c.l.m.Vocabulary.Side*c.l.m.Vocabulary.Side {
			f.draws = append(f.draws, c.l.drawing(e.Codes, e.Ratio))
		}
	}
	return nil
}

// begin begins to speak: what was heard is known by now.
func (f *following) begin(ctx context.Context) error {
	c := f.r.c
	c.wasSaid(f.a.heard)
	voice, err := c.l.voice(ctx, f.r.o.Voice, c.o.Voice)
	if err != nil {
		return err
	}
	f.play, err = newPlayout(f.a, voice, f.a.heard)
	return err
}

// wasSaid notes the words of the speech that was put in last.
func (c *Conversation) wasSaid(words string) {
	if !c.unsaid {
		return
	}
	c.unsaid = false
	for i := len(c.log.all) - 1; i >= 0; i-- {
		for j := range c.log.all[i].parts {
			if p := &c.log.all[i].parts[j]; p.shows == heard {
				if p.text == "" {
					p.text = words
				}
				return
			}
		}
	}
}

// show yields words without sound.
func (f *following) show(text string) error {
	f.r.c.w.Calm()
	f.pos = f.a.pos(len(f.a.ids))
	if !f.a.yield(model.Piece{Text: text, Pos: f.pos, Marks: []model.Mark{{TextEnd: len(text), Pos: f.pos}}}, nil) {
		return errLeft
	}
	return nil
}

// end yields what is left of an answer that ended by itself.
func (f *following) end(ctx context.Context) (drew bool, err error) {
	a, c := f.a, f.r.c
	if f.play != nil {
		if err := f.play.flush(ctx); err != nil {
			f.leave()
			return false, err
		}
	}
	a.close()
	c.wasSaid(a.heard)
	f.r.picked += len(a.ids)
	if len(f.calls) > 0 && !a.yield(model.Piece{Calls: f.calls, Pos: c.len() + c.shift}, nil) {
		return false, errLeft
	}
	for _, d := range f.draws {
		if !a.yield(model.Piece{Drawing: d, Pos: c.len() + c.shift}, nil) {
			return false, errLeft
		}
	}
	f.r.drew = len(f.draws) > 0
	return f.r.drew, nil
}

// silence frees what the voice remembers.
func (f *following) silence() {
	if f.play != nil {
		f.play.close()
	}
}

// broken ends an answer that did not end by itself.
func (f *following) broken(ctx context.Context, err error) error {
	if !errors.Is(err, omni.ErrLength) || ctx.Err() != nil {
		f.leave()
		return err
	}
	if f.play != nil {
		if err := f.play.flush(ctx); err != nil {
			f.leave()
			return err
		}
	}
	f.a.close()
	return model.ErrMaxTokens
}

// leave makes the log agree with the window where the answer stopped in between.
func (f *following) leave() {
	c := f.r.c
	f.a.close()
	f.a.whole = false
	if c.w.Len() > f.a.s.end() {
		_ = c.w.Truncate(f.a.s.end()) // ids that were put in and not taken
	}
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

// calls tells whether the model may call tools in this reply.
func (r *reply) calls() bool {
	return !r.drew && r.o.ToolChoice != "none" && (len(r.c.o.Tools) > 0 || r.c.l.o.Draw)
}

// forced tells whether the model has to call a tool.
func (r *reply) forced() bool {
	return r.o.ToolChoice != "" && r.o.ToolChoice != "auto" && r.o.ToolChoice != "none"
}

// tools are the tools as the answer's follower takes them.
func (c *Conversation) tools() (all []prompt.Tool) {
	for _, t := range c.o.Tools {
		if text, err := declare(t); err == nil {
			all = append(all, prompt.Tool{JSON: text})
		}
	}
	return all
}

// ratio is the shape of the picture that is wanted: the canvas's, else that of the newest picture in the last message, else
// the model's choice.
func (r *reply) ratio() prompt.Ratio {
	v := r.c.l.m.Vocabulary
	if c := r.o.Draw; c != nil && c.Width > 0 && c.Height > 0 {
		return v.Ratio(c.Width, c.Height)
	}
	if s := r.c.log.last(); s != nil {
		for _, p := range s.parts {
			if p.shows == image {
				return v.Ratio(p.item.Media.Width, p.item.Media.Height)
			}
		}
	}
	return prompt.Ratio{}
}

// drawing is the picture that codes describe.
func (l *Model) drawing(codes []int32, ratio prompt.Ratio) *model.Drawing {
	d := &model.Drawing{}
	if ratio.Width > 0 && ratio.Height > 0 {
		if w, h, err := imagedecoder.Size(ratio.Width, ratio.Height); err == nil {
			d.Width, d.Height = w, h
		}
	}
	d.Paint = func(ctx context.Context, show func(float64, *model.Picture)) (model.Picture, error) {
		o := l.o.Image
		if show != nil {
			o.Preview = previewSide
			o.Progress = func(s imagedecoder.Step) { show(float64(s.Done)/float64(max(s.Steps, 1)), s.Preview) }
		}
		return l.m.Draw(ctx, codes, ratio, o)
	}
	return d
}

func (c *Conversation) noPosition(pos int) error {
	return fmt.Errorf("truncate to %d: the conversation holds %d to %d", pos, c.shift, c.shift+c.len())
}
