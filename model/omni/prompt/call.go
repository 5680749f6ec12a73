package prompt

import (
	"encoding/json"
	"fmt"
	"strings"
)

// tellBlock tells a block when it is whole.
func (a *Answer) tellBlock(whole bool) []Event {
	if len(a.pending) > maxBlock {
		a.pending, a.mode = "", inWords
		return []Event{{Kind: Broken, Text: fmt.Sprintf("a block of more than %d bytes", maxBlock)}}
	}
	if !whole {
		return nil
	}
	text := a.pending
	a.pending = ""
	if a.mode == inSpeaker {
		return []Event{{Kind: SpeakerInfo, Text: strings.TrimSpace(text)}}
	}
	call, err := a.parseCall(text)
	if err != nil {
		return []Event{{Kind: Broken, Text: err.Error()}}
	}
	return []Event{{Kind: ToolCall, Call: call}}
}

// parseCall reads what stands inside of <tool_call>: the name on the first line, then keys and values. A value that is
// not closed ends at the next key.
func (a *Answer) parseCall(text string) (*MadeCall, error) {
	head, rest, _ := strings.Cut(text, "<arg_key>")
	name, _, _ := strings.Cut(strings.TrimSpace(head), "\n")
	if name = strings.TrimSpace(name); name == "" {
		return nil, fmt.Errorf("a tool call without a name: %.80q", text)
	}
	call := &MadeCall{Name: name, Picture: name == DrawTool}
	strs := a.strings(name)
	w := jsonWriter{}
	w.WriteByte('{')
	for i := 0; rest != ""; i++ {
		var item string
		item, rest, _ = strings.Cut(rest, "<arg_key>")
		key, value, ok := strings.Cut(item, "</arg_key>")
		if !ok {
			return nil, fmt.Errorf("tool call %s: a key is not closed: %.80q", name, item)
		}
		_, value, _ = strings.Cut(value, "<arg_value>")
		if inside, _, closed := strings.Cut(value, "</arg_value>"); closed {
			value = inside
		} else {
			value = strings.TrimRight(value, "\n")
		}
		w.comma(i)
		w.quote(strings.TrimSpace(key))
		w.WriteString(": ")
		w.argument(value, strs[strings.TrimSpace(key)])
	}
	w.WriteByte('}')
	call.Arguments = json.RawMessage(w.String())
	return call, nil
}

// argument writes a value: as it is where it is JSON of another type than string, and the parameter is no string.
func (w *jsonWriter) argument(value string, isString bool) {
	if !isString {
		if n, err := parseJSON([]byte(value)); err == nil {
			w.value(n)
			return
		}
	}
	w.quote(value)
}

// strings lists the parameters of a tool that are strings.
func (a *Answer) strings(name string) map[string]bool {
	found := map[string]bool{}
	for _, t := range a.o.Tools {
		var f struct {
			Function struct {
				Name       string `json:"name"`
				Parameters struct {
					Properties map[string]struct {
						Type any `json:"type"`
					} `json:"properties"`
				} `json:"parameters"`
			} `json:"function"`
		}
		if json.Unmarshal(t.JSON, &f) != nil || f.Function.Name != name {
			continue
		}
		for key, p := range f.Function.Parameters.Properties {
			found[key] = p.Type == "string"
		}
	}
	return found
}
