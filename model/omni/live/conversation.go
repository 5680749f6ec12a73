package live

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"omnilive/model"
	"omnilive/model/llama"
	"omnilive/model/omni"
	"omnilive/model/omni/prompt"
)

// A Conversation is one call's window, what was heard last, what was seen last, and the newest answer.
type Conversation struct {
	l *Model
	o model.Options

	mu     sync.Mutex // the window and what is known of it
	w      *omni.Window
	begun  bool            // the system prompt is in
	head   int             // its positions
	tail   []int32         // ids that belong behind the window and are put there before anything else
	media  prompt.Counters // in the window
	log    []entry         // what was put in
	spoken bool            // the last of it was speech
	answer *answer         // the newest, as long as it may still be cut

	input sync.Mutex // what Hear and See bring
	heard *omni.Item
	look  *omni.Item
}

// An entry is how things stood before an input was put in, for the case that it is taken out again.
type entry struct {
	at    int
	media prompt.Counters
	look  *omni.Item // that the input brought
}

// Hear encodes the utterance: all of it at a pause, for the model itself; its words, where somebody recognises them, for
// captions. Without a recognizer the words come with the answer.
func (c *Conversation) Hear(ctx context.Context, speech []float32, o model.HearOptions) (model.Transcript, error) {
	t := model.Transcript{Wordless: true}
	if c.l.o.Recognizer != nil {
		var err error
		if t, err = c.l.o.Recognizer(ctx, speech, o); err != nil {
			return t, err
		}
	}
	if !o.Final || t.Text == "" && !t.Wordless {
		return t, nil
	}
	it, err := c.l.m.Audio(ctx, speech)
	if err != nil {
		return t, err
	}
	c.input.Lock()
	defer c.input.Unlock()
	c.heard = &it
	return t, nil
}

// See encodes a camera picture as a moment of video.
func (c *Conversation) See(ctx context.Context, p model.Picture, _ model.SeeOptions) (string, error) {
	it, err := c.l.m.Video(ctx, omni.Clip{Frames: []model.Picture{p, p}, FPS: 2})
	if err != nil {
		return "", err
	}
	c.input.Lock()
	defer c.input.Unlock()
	c.look = &it
	return "", nil
}

// Len is the number of positions held.
func (c *Conversation) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.len()
}

func (c *Conversation) len() int { return c.w.Len() + len(c.tail) }

// Add puts an input into the conversation without an answer.
func (c *Conversation) Add(ctx context.Context, in model.Input) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.put(ctx, in)
}

// Instruct replaces the system prompt of a conversation that has not begun; later it is put in as a message, as the model's
// template does with a second one.
func (c *Conversation) Instruct(ctx context.Context, instructions string, _ []model.Tool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.o.Instructions = instructions
	if !c.begun {
		return nil
	}
	return c.fill(ctx, &prompt.Conversation{Messages: []prompt.Message{prompt.Say("system", instructions)}}, nil)
}

// begin puts the system prompt in.
func (c *Conversation) begin(ctx context.Context) error {
	if c.begun || c.o.Instructions == "" {
		c.begun = true
		return nil
	}
	err := c.fill(ctx, &prompt.Conversation{Messages: []prompt.Message{prompt.Say("system", c.o.Instructions)}}, nil)
	c.begun, c.head = err == nil, c.len()
	return err
}

// put puts a message in: what was seen before what was said.
func (c *Conversation) put(ctx context.Context, in model.Input) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	m := prompt.Message{Role: in.Role}
	if m.Role == "" {
		m.Role = "user"
	}
	before := entry{at: c.len(), media: c.media}
	items, look, err := c.items(ctx, in)
	if err != nil {
		return err
	}
	before.look = look
	c.log = append(c.log, before)
	c.spoken = in.Heard
	for _, it := range items {
		m.Parts = append(m.Parts, prompt.Part{Kind: it.Kind, Media: it.Media})
	}
	if in.Text != "" || len(m.Parts) == 0 {
		m.Parts = append(m.Parts, prompt.Part{Text: in.Text})
	}
	return c.fill(ctx, &prompt.Conversation{Messages: []prompt.Message{m}, Before: c.media}, items)
}

// items are the media of an input, in the order in which they stand in the message.
func (c *Conversation) items(ctx context.Context, in model.Input) (items []omni.Item, look *omni.Item, err error) {
	c.input.Lock()
	if in.Camera && c.look != nil {
		look = c.look
		items = append(items, *look)
		c.look = nil // the same picture is not shown twice
	}
	heard := c.heard
	c.input.Unlock()
	for _, p := range in.Images {
		it, err := c.l.m.Image(ctx, p)
		if err != nil {
			return nil, look, err
		}
		items = append(items, it)
	}
	if in.Heard {
		if heard == nil {
			return nil, look, errors.New("nothing was heard")
		}
		items = append(items, *heard)
	}
	return items, look, nil
}

// fill renders messages behind what the window holds.
func (c *Conversation) fill(ctx context.Context, talk *prompt.Conversation, items []omni.Item) error {
	pieces, err := c.l.m.Vocabulary.Prompt(talk, prompt.Rows)
	if err != nil {
		return err
	}
	if err := c.settle(ctx); err != nil {
		return err
	}
	if err := c.w.Fill(ctx, pieces, items); err != nil {
		if errors.Is(err, llama.ErrContextFull) {
			return model.ErrContextFull
		}
		return err
	}
	c.answer = nil
	for _, it := range items {
		switch it.Kind {
		case prompt.Image:
			c.media.Image++
		case prompt.Audio:
			c.media.Audio++
		case prompt.Video:
			c.media.Video++
		}
	}
	return nil
}

// settle puts the tail into the window.
func (c *Conversation) settle(ctx context.Context) error {
	if len(c.tail) == 0 {
		return nil
	}
	if err := c.w.Append(ctx, c.tail); err != nil {
		return err
	}
	c.tail = nil
	return nil
}

// Truncate forgets every position from pos on. Inside of an answer it keeps the words and the units before it, and closes it.
func (c *Conversation) Truncate(pos int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if pos < 0 || pos > c.len() {
		return fmt.Errorf("truncate to %d: the conversation holds %d", pos, c.len())
	}
	a := c.answer
	if a == nil || pos <= a.asked {
		c.answer, c.begun = nil, c.begun && pos >= c.head
		c.takeOut(pos)
		if n := c.w.Len(); pos >= n {
			c.tail = c.tail[:pos-n]
			return nil
		}
		c.tail = nil
		return c.w.Truncate(pos)
	}
	return c.cut(a, pos)
}

// takeOut forgets the inputs from pos on; what the camera showed with them may be shown again.
func (c *Conversation) takeOut(pos int) {
	for n := len(c.log); n > 0 && c.log[n-1].at >= pos; n = len(c.log) {
		last := c.log[n-1]
		c.log, c.media = c.log[:n-1], last.media
		c.input.Lock()
		if c.look == nil {
			c.look = last.look
		}
		c.input.Unlock()
	}
}

// Reply adds in and yields the answer as it is spoken.
func (c *Conversation) Reply(ctx context.Context, in *model.Input, o model.ReplyOptions) iter.Seq2[model.Piece, error] {
	return func(yield func(model.Piece, error) bool) {
		c.mu.Lock()
		defer c.mu.Unlock()
		ctx := omni.Turn(ctx)
		c.w.Hurry(time.Now())
		defer c.w.Calm()
		if in != nil {
			before := c.len()
			if err := c.put(ctx, *in); err != nil {
				c.takeOut(before)
				yield(model.Piece{}, err)
				return
			}
		}
		a := &answer{c: c, o: o, asked: c.len(), listened: c.spoken, yield: func(p model.Piece, err error) bool {
			if p.Text != "" || len(p.PCM) > 0 {
				c.w.Calm()
			}
			return yield(p, err)
		}}
		if err := a.run(ctx); err != nil && !errors.Is(err, errLeft) {
			yield(model.Piece{}, err)
		}
	}
}

// Close gives the window back.
func (c *Conversation) Close() { c.w.Close() }
