package signaling

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"

	"omnilive/streaming"
)

// Limits on the tools of a session.
const (
	// MaxTools is how many tools a session may have.
	MaxTools = 128
	// MaxSchema is the longest JSON schema of one tool, in bytes.
	MaxSchema = 16 << 10

	maxDescription = 4 << 10 // bytes
	maxToolBytes   = 64 << 10
)

// toolName is what tools are called (realtime.session, tools).
var toolName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

// reserved names mean something as a tool_choice.
var reserved = map[string]bool{
	streaming.ToolAuto: true, streaming.ToolNone: true, streaming.ToolRequired: true, streaming.ToolDraw: true,
}

// tools reads session.tools.
func tools(raw []json.RawMessage) ([]streaming.Tool, *Error) {
	if len(raw) > MaxTools {
		return nil, invalid(codeInvalidValue, "session.tools", "a session has at most %d tools, not %d", MaxTools, len(raw))
	}
	all, seen, size := make([]streaming.Tool, 0, len(raw)), map[string]bool{}, 0
	for i, b := range raw {
		at := fmt.Sprintf("session.tools[%d]", i)
		t, e := tool(at, b)
		if e != nil {
			return nil, e
		}
		if seen[t.Name] {
			return nil, invalid(codeInvalidValue, at+".name", "there are two tools called %q", t.Name)
		}
		seen[t.Name] = true
		size += len(t.Name) + len(t.Description) + len(t.Parameters)
		all = append(all, t)
	}
	if size > maxToolBytes {
		return nil, invalid(codeInvalidValue, "session.tools", "the tools have %d bytes; the limit is %d", size, maxToolBytes)
	}
	return all, nil
}

// tool reads one tool; at is where it stands.
func tool(at string, raw json.RawMessage) (streaming.Tool, *Error) {
	var f struct {
		Type        string          `json:"type"`
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters"`
	}
	if e := unmarshal(raw, &f); e != nil {
		e.Param = at
		return streaming.Tool{}, e
	}
	t := streaming.Tool{Name: f.Name, Description: f.Description}
	switch {
	case f.Type == "mcp":
		return t, invalid(codeUnsupported, at+".type", "mcp tools are not supported: call the tool yourself and offer it as a function")
	case f.Type != "function":
		return t, invalid(codeInvalidValue, at+".type", "a tool is of type function, not %q", clip(f.Type, 40))
	case !toolName.MatchString(f.Name):
		return t, invalid(codeInvalidValue, at+".name", "a tool's name has 1 to 64 letters, digits, _ and -; %q has not", clip(f.Name, 70))
	case reserved[f.Name]:
		return t, invalid(codeInvalidValue, at+".name", "%q is no name for a tool: it means something as a tool_choice", f.Name)
	case len(f.Description) > maxDescription:
		return t, invalid(codeInvalidValue, at+".description", "a tool's description has at most %d bytes, not %d", maxDescription, len(f.Description))
	case len(f.Parameters) > MaxSchema:
		return t, invalid(codeInvalidValue, at+".parameters", "a tool's schema has at most %d bytes, not %d", MaxSchema, len(f.Parameters))
	}
	schema, ok := object(f.Parameters)
	if !ok {
		return t, invalid(codeInvalidValue, at+".parameters", "parameters is a JSON schema, an object")
	}
	t.Parameters = schema
	return t, nil
}

// object is raw without its white space; nil where there is none. ok says whether it is an object or nothing.
func object(raw json.RawMessage) (b json.RawMessage, ok bool) {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil, true
	}
	var c bytes.Buffer
	if json.Compact(&c, raw) != nil || c.Len() == 0 || c.Bytes()[0] != '{' {
		return nil, false
	}
	return c.Bytes(), true
}

// toolChoice reads a tool_choice; param is where it stands.
func toolChoice(param string, o opt[json.RawMessage]) (string, *Error) {
	if o.null {
		return streaming.ToolAuto, nil
	}
	var name string
	if json.Unmarshal(o.v, &name) == nil {
		switch name {
		case streaming.ToolAuto, streaming.ToolNone, streaming.ToolRequired:
			return name, nil
		}
		return "", invalid(codeInvalidValue, param, "tool_choice is auto, none, required or {type: function, name}, not %q", clip(name, 70))
	}
	var f struct {
		Type string `json:"type"`
		Name string `json:"name"`
	}
	switch err := json.Unmarshal(o.v, &f); {
	case err == nil && f.Type == "mcp":
		return "", invalid(codeUnsupported, param, "mcp tools are not supported")
	case err != nil || f.Type != "function":
		return "", invalid(codeInvalidValue, param, "tool_choice is auto, none, required or {type: function, name}")
	case !toolName.MatchString(f.Name) || reserved[f.Name] && f.Name != streaming.ToolDraw:
		return "", invalid(codeInvalidValue, param+".name", "%q is no tool's name", clip(f.Name, 70))
	}
	return f.Name, nil
}

// A wireTool is a function that the model may call.
type wireTool struct {
	Type        string          `json:"type"` // function
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Parameters  json.RawMessage `json:"parameters,omitempty"`
}

func newTools(ts []streaming.Tool) []wireTool {
	w := make([]wireTool, 0, len(ts))
	for _, t := range ts {
		w = append(w, wireTool{Type: "function", Name: t.Name, Description: t.Description, Parameters: t.Parameters})
	}
	return w
}

// A wireChoice names the tool that has to be called.
type wireChoice struct {
	Type string `json:"type"` // function
	Name string `json:"name"`
}

func newChoice(choice string) any {
	switch choice {
	case "":
		return streaming.ToolAuto
	case streaming.ToolAuto, streaming.ToolNone, streaming.ToolRequired:
		return choice
	}
	return wireChoice{Type: "function", Name: choice}
}
