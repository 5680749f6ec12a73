package live

import (
	"context"
	"slices"
	"strings"

	"omnilive/model/omni/prompt"
)

// How a window stays open for hours: when it is nearly full, the media of all but its newest turns give way to their words,
// and where the words are too many the oldest turns go. Shares of the window.
const (
	tidyAt     = 7.0 / 8
	mediaShare = 1.0 / 5
	wordsShare = 7.0 / 16
)

func (c *Conversation) size() int { return c.w.Len() + c.w.Room() }

// crowded tells whether n more positions would bring the window to where nothing but turns may go.
func (c *Conversation) crowded(n int) bool {
	return c.len()+n+c.reserve() > c.size()
}

// reserve is kept free for an answer.
func (c *Conversation) reserve() int { return c.size() / 16 }

// room makes room for n positions and an answer: the window is put together anew where it lacks.
func (c *Conversation) room(ctx context.Context, n int) error {
	if c.w.Room() >= n+c.reserve() || len(c.log.all) < 2 {
		return nil
	}
	return c.rebuild(ctx, c.log.all)
}

// rebuild puts the window together anew, in its place. It does not end with ctx: half a window is none.
func (c *Conversation) rebuild(ctx context.Context, all []*stretch) error {
	ctx = context.WithoutCancel(ctx)
	if err := c.settle(ctx); err != nil {
		return err
	}
	p, err := c.plan(all)
	if err != nil {
		return err
	}
	if err := c.w.Truncate(0); err != nil {
		return err
	}
	if err := feedTo(ctx, c.w, p.feeds()); err != nil {
		return err
	}
	c.take(p)
	c.work.again += c.w.Len()
	return nil
}

// A plan is a window put together anew: the head, older turns as words, and the newest stretches as they are.
type plan struct {
	brief []*stretch // the head first
	kept  []*stretch // as they are in the log
	from  int        // index of the first of them in the log
}

func (p *plan) feeds() (all []feed) {
	for _, list := range [][]*stretch{p.brief, p.kept} {
		for _, s := range list {
			all = append(all, s.feeds...)
		}
	}
	return all
}

// take makes the plan the log; the window holds its feeds. Positions of what was kept stay what they were.
func (c *Conversation) take(p *plan) {
	was := 0
	if len(p.kept) > 0 {
		was = p.kept[0].at
	} else if s := c.log.last(); s != nil {
		was = s.end()
	}
	c.log.all = append(append([]*stretch{}, p.brief...), c.log.all[p.from:]...)
	c.log.place()
	now := 0
	for _, s := range p.brief {
		now += s.n
	}
	c.shift += was - now
	c.stale = false
	if a := c.answer; a != nil && !slices.Contains(c.log.all, a.s) {
		c.answer = nil
	}
}

// plan puts the stretches of a log together anew.
func (c *Conversation) plan(all []*stretch) (*plan, error) {
	head, err := c.headFeeds()
	if err != nil {
		return nil, err
	}
	most := int(mediaShare * float64(c.size()))
	p := &plan{from: newest(all, most)}
	first, err := c.thin(p, all, most)
	if err != nil {
		return nil, err
	}
	p.kept = all[p.from:]
	words, total := []*stretch(nil), 0
	for _, m := range messages(all[min(1, p.from):p.from]) {
		s, err := c.brief(m)
		if err != nil {
			return nil, err
		}
		if s != nil {
			words, total = append(words, s), total+s.n
		}
	}
	for most = int(wordsShare * float64(c.size())); total > most && len(words) > 0; {
		total -= words[0].n
		words = words[1:]
		for len(words) > 0 && words[0].role != "user" { // no answer without its question
			total -= words[0].n
			words = words[1:]
		}
	}
	p.brief = append([]*stretch{{role: "head", n: positions(head), feeds: head, begins: true, ends: true}}, words...)
	if first != nil {
		p.brief = append(p.brief, first)
	}
	return p, nil
}

// thin leaves of a message of frames that nobody has asked about yet the newest, where they are more than most positions. The
// first of them that stays begins the message now.
func (c *Conversation) thin(p *plan, all []*stretch, most int) (first *stretch, err error) {
	begin := len(all)
	for begin > p.from && all[begin-1].role == "user" && !all[begin-1].ends {
		begin--
	}
	keep, n := len(all), 0
	for keep > begin && n+all[keep-1].n <= most {
		keep--
		n += all[keep].n
	}
	if keep == begin || keep == len(all) {
		return nil, nil
	}
	s := all[keep]
	p.from = keep + 1
	talk, items := said(s.parts, prompt.Message{Role: "user", Open: true})
	pieces, err := c.l.m.Vocabulary.Prompt(&prompt.Conversation{Messages: []prompt.Message{talk}, Before: s.media}, prompt.Rows)
	if err != nil {
		return nil, err
	}
	first = &stretch{role: "user", begins: true, parts: s.parts, media: s.media, unsaid: s.unsaid}
	if first.feeds, err = feeds(pieces, items); err != nil {
		return nil, err
	}
	first.n = positions(first.feeds)
	return first, nil
}

// newest is the index of the first stretch that stays as it is: the last question and all behind it, and what lies before
// them as long as it is not more than most positions.
func newest(all []*stretch, most int) int {
	from, n, question := len(all), 0, false
	for i := len(all) - 1; i > 0; i-- {
		s := all[i]
		if n += s.n; s.bare || question && n > most {
			break
		}
		if s.begins {
			from = i
			question = question || s.role == "user" && i < len(all)-1 && s.ends || s.role == "user" && behindIsAnswer(all, i)
		}
	}
	return from
}

// behindIsAnswer tells whether an answer follows the message that begins at i.
func behindIsAnswer(all []*stretch, i int) bool {
	for _, s := range all[i:] {
		if s.role == "assistant" {
			return true
		}
	}
	return false
}

// messages groups stretches.
func messages(all []*stretch) (out [][]*stretch) {
	for _, s := range all {
		if s.begins || len(out) == 0 {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], s)
	}
	return out
}

// brief is a message as words; nil where none are left of it.
func (c *Conversation) brief(m []*stretch) (*stretch, error) {
	if m[0].brief {
		return m[0], nil
	}
	words := inWords(m)
	if len(words) == 0 {
		return nil, nil
	}
	pieces, err := c.l.m.Vocabulary.Prompt(&prompt.Conversation{Messages: words}, prompt.Rows)
	if err != nil {
		return nil, err
	}
	all, err := feeds(pieces, nil)
	if err != nil {
		return nil, err
	}
	return &stretch{role: words[0].Role, n: positions(all), feeds: all, begins: true, ends: true, brief: true}, nil
}

// inWords is a message without its media; the outputs of tools that share one are a message each to the template.
func inWords(m []*stretch) (all []prompt.Message) {
	s := m[0]
	switch {
	case s.role == aside:
		return nil
	case s.told.Role != "":
		for _, s := range m {
			all = append(all, s.told)
		}
	case s.answer != nil:
		words := prompt.Say("assistant", s.answer.says())
		words.Past, words.Calls = true, s.answer.calls
		if words.Parts[0].Text == "" && len(words.Calls) == 0 {
			return nil
		}
		return []prompt.Message{words}
	case s.role == "user":
		var lines []string
		for _, s := range m {
			for _, p := range s.parts {
				if p.text != "" {
					lines = append(lines, p.text)
				}
			}
		}
		if len(lines) > 0 {
			return []prompt.Message{prompt.Say("user", strings.Join(lines, "\n"))}
		}
	}
	return all
}

// shed gives up rows of features that will not be put in again, so that a long call does not hold them all. What the camera
// and pictures showed keeps them until they are described.
func (c *Conversation) shed() {
	from := newest(c.log.all, int(mediaShare*float64(c.size())))
	for _, s := range c.log.all[:from] {
		s.shed(false)
	}
}

func (s *stretch) shed(all bool) {
	for i := range s.parts {
		if p := &s.parts[i]; p.item != nil && (all || p.shows == heard || p.shows == moment) {
			p.item, s.bare = nil, true
		}
	}
	if s.bare {
		s.feeds = nil
	}
}
