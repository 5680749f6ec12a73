package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"

	"omnilive/model/omni/prompt"
)

// chatTemplate checks the text of rendered conversations, byte for byte.
func chatTemplate(_ context.Context, r *Run) error {
	var list struct {
		Cases []promptCase `json:"cases"`
	}
	if err := r.JSON("cases.json", &list); err != nil {
		return err
	}
	for i, c := range list.Cases {
		talk, err := c.conversation(nil)
		if err != nil {
			return fmt.Errorf("case %d, %s: %w", i, c.Name, err)
		}
		segments, err := talk.Render()
		if err != nil {
			return fmt.Errorf("case %d, %s: %w", i, c.Name, err)
		}
		r.Text(c.Name, prompt.Join(segments), c.Text)
	}
	return r.Err()
}

// A promptCase is a stored conversation in the form of the chat completions interface.
type promptCase struct {
	Name     string            `json:"name"`
	Text     string            `json:"text"`
	Messages []storedMessage   `json:"messages"`
	Tools    []json.RawMessage `json:"tools"`
	templateArguments
	Arguments templateArguments `json:"template_args"`
}

type templateArguments struct {
	Generation bool `json:"add_generation_prompt"`
	Skip       bool `json:"skip_reasoning"`
	Sound      bool `json:"use_audio_in_video"`
}

type storedMessage struct {
	Role      string          `json:"role"`
	Content   json.RawMessage `json:"content"` // a text or a list of parts
	Reasoning *string         `json:"reasoning_content"`
	Name      string          `json:"name"`
	Calls     []storedCall    `json:"tool_calls"`
}

type storedCall struct {
	Function  *storedCall     `json:"function"`
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
}

type storedPart struct {
	Type  string `json:"type"`
	Text  string `json:"text"`
	Image struct {
		URL string `json:"url"`
	} `json:"image_url"`
}

// A shelf hands out the media of a case: the item-th one of a kind.
type shelf func(k prompt.Kind, item int) prompt.Media

// conversation turns a stored conversation into ours, with media from the shelf where there is one.
func (c *promptCase) conversation(media shelf) (*prompt.Conversation, error) {
	talk := &prompt.Conversation{
		Generation:    c.Generation || c.Arguments.Generation,
		SkipReasoning: c.Skip || c.Arguments.Skip,
	}
	for _, t := range c.Tools {
		talk.Tools = append(talk.Tools, prompt.Tool{JSON: t})
	}
	seen := map[prompt.Kind]int{}
	for _, s := range c.Messages {
		m := prompt.Message{Role: s.Role, Reasoning: s.Reasoning, Name: s.Name}
		parts, err := s.parts()
		if err != nil {
			return nil, err
		}
		for _, p := range parts {
			p.Sound = p.Kind == prompt.Video && (c.Sound || c.Arguments.Sound)
			if p.Kind != prompt.Text && media != nil {
				p.Media = media(p.Kind, seen[p.Kind])
			}
			seen[p.Kind]++
			m.Parts = append(m.Parts, p)
		}
		for _, call := range s.Calls {
			if call.Function != nil {
				call = *call.Function
			}
			m.Calls = append(m.Calls, prompt.Call{Name: call.Name, Arguments: call.Arguments})
		}
		talk.Messages = append(talk.Messages, m)
	}
	return talk, nil
}

// clip tells a video's address from a picture's, as the template does.
var clip = regexp.MustCompile(`(?i)\.(mp4|avi|mov|mkv|webm|flv|wmv|m4v)$`)

func (s *storedMessage) parts() ([]prompt.Part, error) {
	var text string
	if len(s.Content) == 0 || json.Unmarshal(s.Content, &text) == nil {
		return []prompt.Part{{Text: text}}, nil
	}
	var list []storedPart
	if err := json.Unmarshal(s.Content, &list); err != nil {
		return nil, fmt.Errorf("content of a message: %w", err)
	}
	var parts []prompt.Part
	for _, p := range list {
		switch {
		case p.Type == "text":
			parts = append(parts, prompt.Part{Text: p.Text})
		case p.Type == "input_audio":
			parts = append(parts, prompt.Part{Kind: prompt.Audio})
		case p.Type == "image_url" && clip.MatchString(p.Image.URL):
			parts = append(parts, prompt.Part{Kind: prompt.Video})
		case p.Type == "image_url":
			parts = append(parts, prompt.Part{Kind: prompt.Image})
		default:
			return nil, fmt.Errorf("a part of the type %q", p.Type)
		}
	}
	return parts, nil
}
