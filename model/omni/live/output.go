package live

import (
	"context"

	"omnilive/model/omni/prompt"
)

// output puts in what a tool answered. Outputs that follow one another share a message, as the template has it; whether one more
// comes nobody knows, and so the message's end waits as the tail.
func (c *Conversation) output(ctx context.Context, s *stretch, m prompt.Message) error {
	resumed, err := c.reopen()
	if err != nil {
		return err
	}
	m.Open, m.Resumed, s.ends = true, resumed, false
	if resumed {
		s.begins, s.closed = false, len(c.l.forms.stop)
	}
	if err = c.fill(ctx, s, &prompt.Conversation{Messages: []prompt.Message{m}}, nil); err == nil || resumed {
		c.tail = c.ending()
	}
	return err
}

// reopen takes the end of a tool's message out again, where the window ends with one.
func (c *Conversation) reopen() (bool, error) {
	s := c.log.last()
	if s == nil || s.role != "tool" || s.brief || s.told.Name == prompt.DrawTool {
		return false, nil
	}
	if c.tail = nil; s.ends {
		n := len(s.feeds) - 1
		s.n -= s.feeds[n].n
		s.feeds, s.ends, s.turned = s.feeds[:n:n], false, s.turned+1
	}
	return true, c.w.Truncate(s.end())
}

// ending is what the last message lacks of its end.
func (c *Conversation) ending() []int32 {
	if s := c.log.last(); s != nil && s.role == "tool" && !s.ends {
		return c.l.forms.stop
	}
	return nil
}
