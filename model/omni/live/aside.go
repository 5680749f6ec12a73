package live

import (
	"context"
	"slices"

	"omnilive/model/omni/prompt"
)

// aside is the role of a stretch that is for one answer only, and goes before the next message.
const aside = "aside"

// whisper puts in what is to be minded in the next answer only. Being the newest it has the last word over the system prompt.
func (c *Conversation) whisper(ctx context.Context, instructions string) error {
	m := prompt.Say("system", instructions)
	s := &stretch{role: aside, begins: true, ends: true, told: m}
	return c.fill(ctx, s, &prompt.Conversation{Messages: []prompt.Message{m}}, nil)
}

// forgetAside takes what was for an answer that is over out of the window, and puts in anew what came behind it, whose
// positions stay what they were.
func (c *Conversation) forgetAside(ctx context.Context) error {
	for {
		i := slices.IndexFunc(c.log.all, func(s *stretch) bool { return s.role == aside })
		if i < 0 {
			return nil
		}
		s, rest := c.log.all[i], c.log.all[i+1:]
		if slices.ContainsFunc(rest, func(s *stretch) bool { return s.bare }) {
			return nil // it goes with the next tidying: older turns keep their words only
		}
		c.log.all = append(c.log.all[:i:i], rest...)
		c.log.place()
		c.shift += s.n
		if err := c.refill(ctx, s.at, rest); err != nil {
			c.stale = true
			return err
		}
	}
}

// refill puts stretches in anew from a position on. It does not end with ctx: half a window is none.
func (c *Conversation) refill(ctx context.Context, at int, rest []*stretch) error {
	if err := c.w.Truncate(at); err != nil {
		return err
	}
	for _, s := range rest {
		if err := feedTo(context.WithoutCancel(ctx), c.w, s.feeds); err != nil {
			return err
		}
	}
	c.work.turn += c.w.Len() - at
	return nil
}
