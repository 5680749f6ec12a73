package small

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"omnilive/model"
	"omnilive/model/llama"
	"omnilive/model/small/whisper"
)

// maxReply is how many tokens a reply may have when nobody says otherwise: about half a minute of speech.
const maxReply = 120

// A Conversation is one call's memory: a sequence of the language model, the newest words and the newest look.
type Conversation struct {
	m     *Model
	opt   model.Options
	seq   *llama.Sequence
	mu    sync.Mutex // guards mem: Reply against the work that Hear does ahead
	mem   memory
	heard hearing
	look  sight

	tidying sync.WaitGroup
	stop    context.CancelFunc // ends tidying
	life    context.Context    // of tidying, which outlasts the Reply that starts it
}

// hearing is what the recognizer made of the newest utterance.
type hearing struct {
	mu    sync.Mutex
	text  string // of the last final
	draft string // of the last hypothesis, final or not
}

// sight is what the camera showed last.
type sight struct {
	mu   sync.Mutex
	line string
}

// Hear recognizes the utterance so far. A hypothesis that is not final is also put before the language model, ahead of time:
// if the words stay, they need not be read again when the turn ends.
func (c *Conversation) Hear(ctx context.Context, speech []float32, o model.HearOptions) (model.Transcript, error) {
	c.heard.mu.Lock()
	draft := c.heard.draft
	c.heard.mu.Unlock()
	t, err := c.m.recognizer.Transcribe(ctx, speech, whisper.TranscribeOptions{
		Language: o.Language, Languages: c.opt.Languages, Times: o.Times, Final: o.Final, Draft: draft,
	})
	if err != nil {
		return t, err
	}
	t.Text = strings.TrimSpace(t.Text)
	c.heard.mu.Lock()
	c.heard.draft = t.Text
	if o.Final {
		c.heard.text = t.Text
	}
	c.heard.mu.Unlock()
	if !o.Final {
		c.readAhead(ctx, t.Text)
	}
	return t, nil
}

// readAhead prefills the words that are likely to stay, unless a reply has the sequence.
func (c *Conversation) readAhead(ctx context.Context, text string) {
	words := strings.Fields(text)
	if len(words) < 2 || !c.mu.TryLock() {
		return
	}
	defer c.mu.Unlock()
	ahead, err := c.m.dialect.ahead(strings.Join(words[:len(words)-1], " "))
	if err != nil || len(c.mem.toks)+len(ahead) > c.mem.window {
		return
	}
	_ = c.mem.sync(ctx, ahead, false) // what was not done now is done later
}

// See describes a camera picture in a short line; a picture that says nothing gives "".
func (c *Conversation) See(ctx context.Context, p model.Picture, _ model.SeeOptions) (string, error) {
	if c.m.describer == nil {
		return "", nil
	}
	defer c.m.work.since(time.Now())
	line, err := c.m.describer.Describe(ctx, p)
	if err != nil {
		return "", err
	}
	c.look.mu.Lock()
	c.look.line = line.String()
	c.look.mu.Unlock()
	return line.String(), nil
}

// Len is the number of tokens held, those dropped from the front of the window included.
func (c *Conversation) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mem.len()
}

// Truncate forgets what came after pos.
func (c *Conversation) Truncate(pos int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mem.truncate(pos, c.m.dialect.Close(roleAssistant))
}

// Instruct replaces the system prompt; the cache follows with the next reply.
func (c *Conversation) Instruct(_ context.Context, instructions string, _ []model.Tool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	head, err := c.m.head(instructions)
	if err != nil {
		return err
	}
	c.mem.begin(head)
	return nil
}

// Add puts a message into the conversation; the model reads it with the next reply.
func (c *Conversation) Add(_ context.Context, in model.Input) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.put(in)
}

func (c *Conversation) put(in model.Input) error {
	role := in.Role
	if role == "" {
		role = roleUser
	}
	tokens, err := c.m.dialect.message(role, c.words(in))
	if err != nil {
		return err
	}
	if !c.mem.fit(len(tokens) + maxReply) {
		return model.ErrContextFull
	}
	c.mem.add(tokens)
	return nil
}

// words are an input as the language model reads it: what was seen stands before what was said.
func (c *Conversation) words(in model.Input) string {
	text := in.Text
	if in.Heard {
		c.heard.mu.Lock()
		text = c.heard.text
		c.heard.mu.Unlock()
	}
	for _, p := range in.Images {
		if c.m.describer == nil {
			break
		}
		if s, err := c.m.describer.Describe(context.Background(), p); err == nil && s.String() != "" {
			text = "[picture: " + s.String() + "] " + text
		}
	}
	if in.Camera && looks(text) {
		c.look.mu.Lock()
		if c.look.line != "" {
			text = "[camera: " + c.look.line + "] " + text
		}
		c.look.mu.Unlock()
	}
	return text
}

// Reply adds in and yields the answer clause by clause.
func (c *Conversation) Reply(ctx context.Context, in *model.Input, o model.ReplyOptions) iter.Seq2[model.Piece, error] {
	return func(yield func(model.Piece, error) bool) {
		c.seq.SetPriority(llama.Turn, time.Now()) // until the first sound; it hurries what is read ahead, too
		defer c.calm()
		c.mu.Lock()
		defer c.mu.Unlock()
		if in != nil {
			if err := c.put(*in); err != nil {
				yield(model.Piece{}, err)
				return
			}
		}
		defer c.tidy()
		r := reply{c: c, opt: o, yield: yield}
		if err := r.run(ctx); err != nil && !errors.Is(err, errStopped) {
			yield(model.Piece{}, err)
		}
	}
}

// calm says that nobody waits in silence any more.
func (c *Conversation) calm() { c.seq.SetPriority(llama.Normal, time.Time{}) }

// errStopped says that the caller of Reply has broken out of its loop.
var errStopped = errors.New("small: stopped")

// Close gives the sequence back.
func (c *Conversation) Close() {
	c.stop()
	c.tidying.Wait()
	c.seq.Close()
}

// tidyStep is how many tokens are read at once while nobody waits: a tenth of a second.
const tidyStep = 16

// tidy drops the oldest turns before the window is full, and reads the others anew in the background: the answer is being said
// meanwhile, and the next one need not wait for more than one step of it. c.mu is held.
func (c *Conversation) tidy() {
	if len(c.mem.toks) < c.mem.window*3/4 {
		return
	}
	c.mem.shrink(c.mem.window / 4)
	c.tidying.Go(func() {
		for more := true; more && c.life.Err() == nil; {
			c.mu.Lock()
			var err error
			more, err = c.mem.catchUp(c.life, tidyStep)
			c.mu.Unlock()
			if err != nil {
				return // the next reply reads the rest
			}
		}
	})
}

// A reply is one run of the language model and the voice behind it.
type reply struct {
	c     *Conversation
	opt   model.ReplyOptions
	yield func(model.Piece, error) bool
	cut   clauser
	ends  []tokenEnd // of the text in cut
	text  int        // bytes of text the tokens have given, all in all
	gone  int        // of them, bytes yielded
}

// tokenEnd ties a place in the reply's text to the position behind the token that wrote it.
type tokenEnd struct{ text, pos int }

func (r *reply) run(ctx context.Context) error {
	c := r.c
	begin := c.mem.len()
	generation := c.m.dialect.Generation()
	if !c.mem.fit(len(generation) + maxReply) {
		return model.ErrContextFull
	}
	c.mem.toks = append(c.mem.toks, generation...)
	if err := c.mem.sync(ctx, nil, true); err != nil {
		c.mem.toks = c.mem.toks[:len(c.mem.toks)-len(generation)]
		return err
	}
	c.mem.reply = len(c.mem.toks)
	defer c.follow()
	if !r.yield(model.Piece{Pos: begin}, nil) {
		return errStopped
	}
	limit := r.opt.MaxTokens
	if limit <= 0 {
		limit = maxReply
	}
	n, err := r.generate(ctx, min(limit, c.mem.window-len(c.mem.toks)-8))
	if err != nil {
		return err
	}
	if err := r.flush(ctx); err != nil {
		return err
	}
	c.mem.toks = append(c.mem.toks, c.m.dialect.Close(roleAssistant)...)
	if n >= limit {
		return model.ErrMaxTokens
	}
	return nil
}

// follow notes what of the tokens the cache holds.
func (c *Conversation) follow() {
	n := min(c.seq.Len(), len(c.mem.toks))
	c.mem.cached = append(c.mem.cached[:0], c.mem.toks[:n]...)
}

// generate runs the model and hands over each clause as soon as it is whole.
func (r *reply) generate(ctx context.Context, limit int) (n int, err error) {
	c := r.c
	decode := llama.NewTextDecoder(c.m.lm)
	for token, err := range c.seq.Generate(ctx, c.m.sampling(limit)) {
		if err != nil {
			return n, err
		}
		n++
		c.mem.toks = append(c.mem.toks, token)
		s := decode.Write(token)
		if r.text == 0 {
			s = strings.TrimLeft(s, " \n")
		}
		r.text += len(s)
		r.ends = append(r.ends, tokenEnd{r.text, c.mem.len()})
		for end := r.cut.add(s); end > 0; end = r.cut.add("") {
			if err := r.say(ctx, r.cut.take(end)); err != nil {
				return n, err
			}
		}
	}
	return n, ctx.Err()
}

// flush says what is left when the model has ended.
func (r *reply) flush(ctx context.Context) error {
	if strings.TrimSpace(r.cut.text.String()) == "" {
		return nil
	}
	return r.say(ctx, r.cut.take(r.cut.text.Len()))
}

// say makes a clause's sound and yields it.
func (r *reply) say(ctx context.Context, text string) error {
	from := r.gone
	r.gone += len(text)
	p := model.Piece{Text: text, Pos: r.pos(r.gone)}
	if !r.opt.TextOnly {
		if err := r.c.m.speak(ctx, &p, r.opt); err != nil {
			return err
		}
	}
	for i := range p.Marks {
		p.Marks[i].Pos = r.pos(from + p.Marks[i].TextEnd)
	}
	r.ends = slices.DeleteFunc(r.ends, func(e tokenEnd) bool { return e.text < r.gone })
	r.c.calm()
	if !r.yield(p, nil) {
		return errStopped
	}
	return ctx.Err()
}

// pos is the conversation's length once the text up to a byte has been written.
func (r *reply) pos(text int) int {
	for _, e := range r.ends {
		if e.text >= text {
			return e.pos
		}
	}
	return r.c.mem.len()
}

// timeout bounds one clause of speech.
const timeout = 10 * time.Second
