package prompt

import (
	"errors"
	"fmt"
	"strings"
)

// The words of the template that stand in more than one place.
const (
	turnStart = "<|im_start|>"
	turnEnd   = "<|im_end|>\n"

	audioPlaceholder = "<|audio_meta_duration|>"
	videoPlaceholder = "<|video_meta_duration|>"
)

// Render writes the conversation as the served template does (omni-8b.md §7.1–7.4).
func (c *Conversation) Render() ([]Segment, error) {
	w := writer{count: c.Before}
	lastUser := -1
	for i, m := range c.Messages {
		if m.Role == "user" {
			lastUser = i
		}
	}
	if err := w.head(c); err != nil {
		return nil, err
	}
	for i := range c.Messages {
		m := &c.Messages[i]
		var err error
		switch m.Role {
		case "system":
			if i > 0 {
				w.own(turnStart + "system\n")
				w.said(m.text(), m.Trusted)
				w.own(turnEnd)
			}
		case "user":
			err = w.user(m)
		case "assistant":
			err = w.assistant(m, i > lastUser, i == len(c.Messages)-1)
		case "tool":
			first := i == 0 || c.Messages[i-1].Role != "tool"
			last := i == len(c.Messages)-1 || c.Messages[i+1].Role != "tool"
			w.tool(m, first && !m.Resumed, last && !m.Open)
		default:
			err = fmt.Errorf("unknown role %.40q", m.Role)
		}
		if err != nil {
			return nil, fmt.Errorf("message %d: %w", i, err)
		}
	}
	if c.Generation {
		w.own(turnStart + "assistant\n<think>\n")
		if c.SkipReasoning {
			w.own("\n</think>\n\n")
		}
	}
	return w.segments, nil
}

// writer gathers segments.
type writer struct {
	segments []Segment
	count    Counters // media numbered so far
	items    Counters // media of this conversation so far
}

// own writes the template's words, said those of someone else.
func (w *writer) own(text string) { w.said(text, true) }

func (w *writer) said(text string, trusted bool) {
	if text == "" {
		return
	}
	if n := len(w.segments); n > 0 && w.segments[n-1].Slot == None && w.segments[n-1].Special == trusted {
		w.segments[n-1].Text += text
		return
	}
	w.segments = append(w.segments, Segment{Text: text, Special: trusted})
}

// head writes the first system block, with the tools.
func (w *writer) head(c *Conversation) error {
	system := len(c.Messages) > 0 && c.Messages[0].Role == "system"
	if !system && len(c.Tools) == 0 {
		return nil
	}
	w.own(turnStart + "system\n")
	if system {
		w.said(c.Messages[0].text(), c.Messages[0].Trusted)
		if len(c.Tools) > 0 {
			w.own("\n\n")
		}
	}
	if len(c.Tools) > 0 {
		if err := w.tools(c.Tools); err != nil {
			return err
		}
	}
	w.own(turnEnd)
	return nil
}

func (w *writer) tools(tools []Tool) error {
	w.own("# Tools\n\nYou may call one or more functions to assist with the user query.\n\n" +
		"You are provided with function signatures within <tools></tools> XML tags:\n<tools>\n")
	for i, t := range tools {
		text, err := ToJSON(t.JSON)
		if err != nil {
			return fmt.Errorf("tool %d: %w", i, err)
		}
		w.said(text, t.Trusted)
	}
	w.own("\n</tools>\n\nFor each function call, output the function name and arguments within the following XML format:\n" +
		"<tool_call>{function-name}\n<arg_key>{arg-key-1}</arg_key>\n<arg_value>{arg-value-1}</arg_value>\n" +
		"<arg_key>{arg-key-2}</arg_key>\n<arg_value>{arg-value-2}</arg_value>\n...\n</tool_call>")
	return nil
}

func (w *writer) user(m *Message) error {
	if !m.Resumed {
		w.own(turnStart + "user\n")
	}
	for i, p := range m.Parts {
		if i > 0 || m.Resumed {
			w.own("\n")
		}
		switch p.Kind {
		case Text:
			w.said(p.Text, m.Trusted)
		case Image:
			w.image(p.Media)
		case Audio:
			w.audio(p.Media)
		case Video:
			w.video(p)
		default:
			return fmt.Errorf("part %d: unknown kind %d", i, p.Kind)
		}
	}
	if !m.Open {
		w.own(turnEnd)
	}
	return nil
}

// assistant writes an answer of before. Its reasoning is kept only behind the last question.
func (w *writer) assistant(m *Message, current, last bool) error {
	body, think := m.text(), ""
	if m.Reasoning != nil {
		think = *m.Reasoning
	} else if at := strings.Index(body, "</think>"); at >= 0 {
		think = strings.TrimRight(body[:at], "\n")
		think = strings.TrimLeft(think[behindLast(think, "<think>"):], "\n")
		body = strings.TrimLeft(body[behindLast(body, "</think>"):], "\n")
	}
	w.own(turnStart + "assistant\n")
	if current && !m.Past && (last || think != "") {
		w.own("<think>\n")
		w.said(strings.Trim(think, "\n"), m.Trusted)
		w.own("\n</think>\n\n")
	}
	w.said(body, m.Trusted)
	for i, call := range m.Calls {
		if i > 0 || body != "" {
			w.own("\n")
		}
		if err := w.call(call, m.Trusted); err != nil {
			return fmt.Errorf("tool call %d: %w", i, err)
		}
	}
	w.own(turnEnd)
	return nil
}

// behindLast is where text goes on behind the last mark, 0 without one.
func behindLast(text, mark string) int {
	if at := strings.LastIndex(text, mark); at >= 0 {
		return at + len(mark)
	}
	return 0
}

func (w *writer) call(c Call, trusted bool) error {
	w.own("<tool_call>")
	w.said(c.Name, trusted)
	w.own("\n")
	if len(c.Arguments) > 0 {
		n, err := parseJSON(c.Arguments)
		if text, packed := n.(string); packed && err == nil {
			n, err = parseJSON([]byte(text))
		}
		if err != nil {
			return err
		}
		o, ok := n.(*object)
		if !ok {
			return errors.New("the arguments are no object")
		}
		for _, key := range o.keys {
			text, ok := o.values[key].(string)
			if !ok {
				j := jsonWriter{}
				j.value(o.values[key])
				text = j.String()
			}
			w.own("<arg_key>")
			w.said(key, trusted)
			w.own("</arg_key>\n<arg_value>")
			w.said(text, trusted)
			w.own("</arg_value>\n")
		}
	}
	w.own("</tool_call>")
	return nil
}

// tool writes a tool's answer; answers that follow one another share a block.
func (w *writer) tool(m *Message, first, last bool) {
	if first {
		w.own(turnStart + "tool")
	}
	w.own("\n<tool_response>")
	w.said(m.Name, m.Trusted)
	w.own("\n")
	w.said(m.text(), m.Trusted)
	w.own("\n</tool_response>")
	if last {
		w.own(turnEnd)
	}
}
