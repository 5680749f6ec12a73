package live

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"omnilive/model"
	"omnilive/model/llama"
	"omnilive/model/omni"
	"omnilive/model/omni/prompt"
)

// A Conversation is one call: its window, a log of what the window holds, and what was heard and seen last.
type Conversation struct {
	l  *Model
	o  model.Options
	in senses

	mu      sync.Mutex   // all that follows
	waiting atomic.Int32 // turns that want mu: work in the background gives way
	turns   atomic.Int32 // replies under way
	hurry   interrupter
	tidy    tidying

	ear     *omni.Hearing
	encoded int              // steps of the utterance that were encoded ahead
	track   *omni.Soundtrack // nil: the checkpoint hears no soundtracks

	w *omni.Window
	*window
}

// A window is what is known of the language model's window.
type window struct {
	log    log
	shift  int             // a position of the conversation, less that of the window: what was taken out of the window before it
	tail   []int32         // ids that close the newest answer and are put in before anything else
	media  prompt.Counters // numbers of the next media
	unsaid bool            // speech was put in whose words the model has not told yet
	answer *answer         // the newest, as long as it may still be cut
	stale  bool            // instructions or tools changed: the head has to be put in anew
	work   work
}

// work counts positions that were put in.
type work struct{ turn, background, again int }

// lock takes the conversation for a turn: what runs in the background stops within a step.
func (c *Conversation) lock() {
	c.waiting.Add(1)
	c.hurry.stop()
	c.mu.Lock()
	c.waiting.Add(-1)
}

// lockBetween takes the conversation unless a reply has it or waits for it.
func (c *Conversation) lockBetween(ctx context.Context) bool {
	c.waiting.Add(1)
	defer c.waiting.Add(-1)
	for c.turns.Load() == 0 && ctx.Err() == nil {
		c.hurry.stop()
		if c.mu.TryLock() {
			return true
		}
		time.Sleep(time.Millisecond) // the background stops within a step
	}
	return false
}

// An interrupter ends what runs in the background.
type interrupter struct {
	mu     sync.Mutex
	cancel context.CancelFunc
}

func (i *interrupter) set(f context.CancelFunc) {
	i.mu.Lock()
	i.cancel = f
	i.mu.Unlock()
}

func (i *interrupter) stop() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.cancel != nil {
		i.cancel()
	}
}

// background runs f with the conversation unless a turn has it or wants it; f's ctx ends when one does. It reports whether f
// has done its work.
func (c *Conversation) background(ctx context.Context, f func(ctx context.Context) error) bool {
	if !c.mu.TryLock() {
		return false
	}
	defer c.mu.Unlock()
	ctx, cancel := context.WithCancel(omni.Background(ctx))
	defer cancel()
	c.hurry.set(cancel)
	defer c.hurry.set(nil)
	if c.waiting.Load() > 0 {
		return false
	}
	before := c.len()
	err := f(ctx)
	c.work.background += max(c.len()-before, 0)
	return err == nil
}

// Len is the number of positions held, those that were taken out of the window included.
func (c *Conversation) Len() int {
	c.lock()
	defer c.mu.Unlock()
	return c.len() + c.shift
}

func (c *Conversation) len() int { return c.w.Len() + len(c.tail) }

// Add puts an input into the conversation without an answer.
func (c *Conversation) Add(ctx context.Context, in model.Input) error {
	c.lock()
	defer c.mu.Unlock()
	return c.put(ctx, in)
}

// Instruct replaces the system prompt and the tools. Once the conversation has begun the whole window is put in anew, with
// the next input.
func (c *Conversation) Instruct(_ context.Context, instructions string, tools []model.Tool) error {
	c.lock()
	defer c.mu.Unlock()
	was := c.o
	c.o.Instructions, c.o.Tools = instructions, tools
	if _, err := c.headFeeds(); err != nil {
		c.o = was
		return err
	}
	c.stale = len(c.log.all) > 0
	return nil
}

// put puts a message in: what was seen before what was said.
func (c *Conversation) put(ctx context.Context, in model.Input) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	if err := c.forgetAside(ctx); err != nil {
		return err
	}
	if in.Role != "" && in.Role != "user" {
		return c.tell(ctx, in)
	}
	parts, err := c.parts(ctx, in)
	if err != nil {
		return err
	}
	if err := c.message(ctx, parts, true); err != nil {
		c.in.restore(parts)
		return err
	}
	c.unsaid = c.unsaid || in.Heard
	return nil
}

// tell puts in what a system, an assistant or a tool said.
func (c *Conversation) tell(ctx context.Context, in model.Input) error {
	if err := c.endMessage(ctx); err != nil {
		return err
	}
	m := prompt.Say(in.Role, in.Text)
	m.Name, m.Past = in.Tool, true
	for _, call := range in.Calls {
		m.Calls = append(m.Calls, prompt.Call{Name: call.Name, Arguments: call.Arguments})
	}
	s := &stretch{role: in.Role, begins: true, ends: true, told: m}
	if in.Role == "tool" {
		return c.output(ctx, s, m)
	}
	return c.fill(ctx, s, &prompt.Conversation{Messages: []prompt.Message{m}}, nil)
}

// message puts parts of a user's message in, and ends it where it is whole.
func (c *Conversation) message(ctx context.Context, parts []part, whole bool) error {
	if len(parts) == 0 && !c.log.open() {
		parts = []part{{}}
	}
	m, items := said(parts, prompt.Message{Role: "user", Open: !whole, Resumed: c.log.open()})
	s := &stretch{role: "user", begins: !m.Resumed, ends: whole, parts: parts}
	talk := &prompt.Conversation{Messages: []prompt.Message{m}, Before: c.media}
	if err := c.fill(ctx, s, talk, items); err != nil {
		return err
	}
	c.media.Count(m)
	return nil
}

// said adds parts to a message, and returns it with their media.
func said(parts []part, m prompt.Message) (prompt.Message, []omni.Item) {
	var items []omni.Item
	for _, p := range parts {
		if p.time != "" {
			m.Parts = append(m.Parts, prompt.Part{Text: p.time})
		}
		if p.item == nil {
			m.Parts = append(m.Parts, prompt.Part{Text: p.text})
			continue
		}
		items = append(items, *p.item)
		m.Parts = append(m.Parts, prompt.Part{Kind: p.item.Kind, Media: p.item.Media, Sound: p.item.Media.Sound > 0})
	}
	return m, items
}

// endMessage ends a message of the user's that is still open.
func (c *Conversation) endMessage(ctx context.Context) error {
	if !c.log.open() {
		return nil
	}
	return c.message(ctx, nil, true)
}

// fill renders messages behind what the window holds.
func (c *Conversation) fill(ctx context.Context, s *stretch, talk *prompt.Conversation, items []omni.Item) error {
	pieces, err := c.l.m.Vocabulary.Prompt(talk, prompt.Rows)
	if err != nil {
		return err
	}
	all, err := feeds(pieces, items)
	if err != nil {
		return err
	}
	if err := c.settle(ctx); err != nil {
		return err
	}
	if err := c.room(ctx, positions(all)); err != nil {
		return err
	}
	s.at, s.media, s.unsaid = c.w.Len(), c.media, c.unsaid
	if err := c.feed(ctx, all); err != nil {
		return err
	}
	for _, f := range all {
		s.add(f)
	}
	c.log.all = append(c.log.all, s)
	if s.role != "user" || s.ends {
		c.answer = nil
	}
	return nil
}

// feed puts feeds in, all or none.
func (c *Conversation) feed(ctx context.Context, all []feed) error {
	before := c.w.Len()
	if err := feedTo(ctx, c.w, all); err != nil {
		if cut := c.w.Truncate(before); cut != nil {
			err = fmt.Errorf("%w (and then: %w)", err, cut)
		}
		if errors.Is(err, llama.ErrContextFull) {
			return model.ErrContextFull
		}
		return err
	}
	c.work.turn += c.w.Len() - before
	return nil
}

func feedTo(ctx context.Context, w *omni.Window, all []feed) error {
	for _, f := range all {
		var err error
		if f.rows != nil {
			err = w.Sequence().AppendEmbeddings(ctx, f.rows)
		} else {
			err = w.Append(ctx, f.ids)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// settle puts the tail into the window.
func (c *Conversation) settle(ctx context.Context) error {
	if len(c.tail) == 0 {
		return nil
	}
	f := feed{ids: c.tail, n: len(c.tail)}
	if err := c.feed(ctx, []feed{f}); err != nil {
		return err
	}
	c.log.last().add(f)
	c.log.last().ends = true
	c.tail = nil
	return nil
}

// Reply adds in and yields the answer as it is spoken.
func (c *Conversation) Reply(ctx context.Context, in *model.Input, o model.ReplyOptions) iter.Seq2[model.Piece, error] {
	return func(yield func(model.Piece, error) bool) {
		c.turns.Add(1)
		defer c.turns.Add(-1)
		c.lock()
		defer c.mu.Unlock()
		ctx := omni.Turn(ctx)
		c.w.Hurry(time.Now()) // until the first sound
		defer c.w.Calm()
		if in != nil {
			if err := c.put(ctx, *in); err != nil {
				yield(model.Piece{}, err)
				return
			}
		}
		r := &reply{c: c, o: o, yield: yield}
		if err := r.run(ctx); err != nil && !errors.Is(err, errLeft) {
			yield(model.Piece{}, err)
		}
		c.tidyIfFull()
	}
}

// Close gives the window back.
func (c *Conversation) Close() {
	c.tidy.close()
	c.w.Close()
}
