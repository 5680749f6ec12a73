package live

import (
	"context"
	"encoding/json"

	"omnilive/model"
	"omnilive/model/omni"
	"omnilive/model/omni/prompt"
)

// begin puts the system prompt in, with the tools; where these have changed since, the whole window anew.
func (c *Conversation) begin(ctx context.Context) error {
	if c.stale {
		return c.rebuild(ctx, c.log.all)
	}
	if len(c.log.all) > 0 {
		return nil
	}
	all, err := c.headFeeds()
	if err != nil {
		return err
	}
	if err := c.feed(ctx, all); err != nil {
		return err
	}
	c.log.all = []*stretch{{role: "head", n: positions(all), feeds: all, begins: true, ends: true}}
	return nil
}

// headFeeds are the system prompt and the tools; nothing where there is neither.
func (c *Conversation) headFeeds() ([]feed, error) {
	talk := &prompt.Conversation{}
	if c.o.Instructions != "" {
		talk.Messages = append(talk.Messages, prompt.Say("system", c.o.Instructions))
	}
	for _, t := range c.o.Tools {
		text, err := declare(t)
		if err != nil {
			return nil, err
		}
		talk.Tools = append(talk.Tools, prompt.Tool{JSON: text})
	}
	if c.l.o.Draw {
		talk.Tools = append(talk.Tools, omni.DrawTool())
	}
	if len(talk.Messages) == 0 && len(talk.Tools) == 0 {
		return nil, nil
	}
	pieces, err := c.l.m.Vocabulary.Prompt(talk, prompt.Rows)
	if err != nil {
		return nil, err
	}
	return feeds(pieces, nil)
}

// declare writes a tool as the template takes it.
func declare(t model.Tool) ([]byte, error) {
	type function struct {
		Name        string          `json:"name"`
		Description string          `json:"description,omitempty"`
		Parameters  json.RawMessage `json:"parameters,omitempty"`
	}
	return json.Marshal(struct {
		Type     string   `json:"type"`
		Function function `json:"function"`
	}{"function", function(t)})
}
