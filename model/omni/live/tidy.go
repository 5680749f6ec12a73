package live

import (
	"context"
	"strings"
	"sync"

	"omnilive/model/omni"
	"omnilive/model/omni/prompt"
)

// tidying puts the window together anew while the call goes on.
type tidying struct {
	runs    sync.WaitGroup
	ctx     context.Context // of a run, which outlasts the Reply that starts it
	stop    context.CancelFunc
	running bool // guarded by the conversation's mu
}

func (t *tidying) begin() { t.ctx, t.stop = context.WithCancel(context.Background()) }

func (t *tidying) close() {
	t.stop()
	t.runs.Wait()
}

// tidyIfFull starts a run where the window is nearly full. mu is held.
func (c *Conversation) tidyIfFull() {
	c.shed()
	if float64(c.len()) >= tidyAt*float64(c.size()) {
		c.startTidying()
	}
}

// startTidying starts a run, unless one is under way. mu is held.
func (c *Conversation) startTidying() {
	if c.tidy.running || c.tidy.ctx.Err() != nil {
		return
	}
	c.tidy.running = true
	c.tidy.runs.Go(func() {
		roomier := c.tidyUp(c.tidy.ctx)
		c.mu.Lock()
		c.tidy.running = false
		c.mu.Unlock()
		if roomier {
			c.putMoments(c.tidy.ctx) // those that found no room; else they wait for the next one
		}
	})
}

// tidyUp fills a second window with what is to stay, behind the turns of all calls, and then takes it in place of the first.
// Where no second window can be had, or what it was made of changed, the next question that finds no room sees to it.
// It reports whether there is more room now.
func (c *Conversation) tidyUp(ctx context.Context) (roomier bool) {
	w, err := c.l.m.NewWindow()
	if err != nil {
		return false
	}
	defer func() { w.Close() }()
	ctx = omni.Background(ctx)
	c.describe(ctx, w)
	c.mu.Lock()
	p, turned, err := c.snapshot()
	c.mu.Unlock()
	if err != nil || feedTo(ctx, w, p.feeds()) != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.catchUp(c.tidy.ctx, w, p, turned) {
		return false
	}
	was := c.w.Len()
	c.work.again += w.Len()
	c.take(p)
	c.w, w = w, c.w
	return c.w.Len() < was
}

// snapshot is a plan with how often each of the kept stretches has changed.
func (c *Conversation) snapshot() (*plan, []int, error) {
	p, err := c.plan(c.log.all)
	if err != nil {
		return nil, nil, err
	}
	p.kept = append([]*stretch{}, p.kept...)
	turned := make([]int, len(p.kept))
	for i, s := range p.kept {
		turned[i] = s.turned
	}
	// The feeds are read outside of the lock: a stretch's list is replaced and appended to, never changed in place.
	frozen := &plan{brief: p.brief, from: p.from}
	for _, s := range p.kept {
		copied := *s
		copied.feeds = append([]feed{}, s.feeds...)
		frozen.kept = append(frozen.kept, &copied)
	}
	return frozen, turned, nil
}

// catchUp brings the second window to where the first is now.
func (c *Conversation) catchUp(ctx context.Context, w *omni.Window, p *plan, turned []int) bool {
	if c.stale || len(c.log.all) < p.from || p.from > 0 && len(p.kept) > 0 && p.kept[0].at != atOf(c.log.all, p.from) {
		return false
	}
	now := c.log.all[p.from:]
	same, end := 0, 0
	for _, s := range p.brief {
		end += s.n
	}
	for same < len(now) && same < len(p.kept) && now[same].turned == turned[same] && now[same].at == p.kept[same].at {
		end += now[same].n
		same++
	}
	if w.Truncate(end) != nil {
		return false
	}
	for _, s := range now[same:] {
		if feedTo(ctx, w, s.feeds) != nil {
			return false
		}
	}
	p.kept = now
	return true
}

// atOf is the position of the i-th stretch.
func atOf(all []*stretch, i int) int {
	if i < len(all) {
		return all[i].at
	}
	return all[i-1].end()
}

// maxCaptions is how many pictures a run describes.
const maxCaptions = 4

// describe has the model say what the pictures show whose turns are going to be kept as words only.
func (c *Conversation) describe(ctx context.Context, w *omni.Window) {
	type view struct {
		s    *stretch
		part int
		item omni.Item
	}
	var views []view
	c.mu.Lock()
	from := newest(c.log.all, int(mediaShare*float64(c.size())))
	for i := from - 1; i > 0; i-- {
		s := c.log.all[i]
		for j, p := range s.parts {
			if (p.shows == look || p.shows == image) && p.item != nil && p.text == "" && len(views) < maxCaptions {
				views = append(views, view{s, j, *p.item})
			}
		}
	}
	c.mu.Unlock()
	for _, v := range views {
		text, err := c.caption(ctx, w, v.item)
		if err != nil {
			return
		}
		c.mu.Lock()
		v.s.parts[v.part].text = text
		c.mu.Unlock()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, s := range c.log.all {
		if i > 0 && i < from {
			s.shed(true)
		}
	}
}

// caption is what the model says that a picture shows.
func (c *Conversation) caption(ctx context.Context, w *omni.Window, it omni.Item) (string, error) {
	if err := w.Truncate(0); err != nil {
		return "", err
	}
	it.Sound, it.Media.Sound = nil, 0
	talk := &prompt.Conversation{Generation: true, SkipReasoning: true, Messages: []prompt.Message{{
		Role: "user", Parts: []prompt.Part{{Kind: it.Kind, Media: it.Media}, {Text: "Say in one short sentence what this shows."}},
	}}}
	pieces, err := c.l.m.Vocabulary.Prompt(talk, prompt.Rows)
	if err != nil {
		return "", err
	}
	if err := w.Fill(ctx, pieces, []omni.Item{it}); err != nil {
		return "", err
	}
	text := ""
	o := omni.AnswerOptions{Sampling: c.l.o.Sampling, MaxPicked: captionWords}
	for e, err := range w.Answer(ctx, o) {
		if err != nil && ctx.Err() != nil {
			return "", err
		}
		if e.Kind == prompt.Words && err == nil {
			text += e.Text
		}
	}
	if text = strings.TrimSpace(text); text == "" {
		return "", w.Truncate(0)
	}
	return "(seen: " + text + ")", w.Truncate(0)
}
