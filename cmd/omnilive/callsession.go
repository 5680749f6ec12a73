package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"omnilive/signaling"
	"omnilive/signaling/caller"
)

// A tool is a function that call offers to the model, as in session.tools, with the output that every call of it gets.
type tool struct {
	Type        string          `json:"type"`
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters,omitempty"`
	Output      json.RawMessage `json:"output,omitempty"` // any JSON; a string is handed on as it is
}

// tools are those of --tools.
type tools []tool

// readTools reads a JSON array of tools.
func readTools(path string) (tools, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read tools: %w", err)
	}
	var all tools
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("read tools %s: want an array of {type, name, description, parameters, output}: %w", path, err)
	}
	for i, t := range all {
		if t.Name == "" {
			return nil, fmt.Errorf("read tools %s: tool %d has no name", path, i)
		}
		all[i].Type = "function"
	}
	return all, nil
}

// offered are the tools as the session takes them, without their outputs.
func (all tools) offered() tools {
	o := append(tools{}, all...)
	for i := range o {
		o[i].Output = nil
	}
	return o
}

// output is what a call of the tool gives back.
func (all tools) output(name string) string {
	for _, t := range all {
		if t.Name != name || len(t.Output) == 0 {
			continue
		}
		var text string
		if json.Unmarshal(t.Output, &text) == nil {
			return text
		}
		return string(t.Output)
	}
	return fmt.Sprintf(`{"error":%q}`, "this client has no output for "+name)
}

// answer gives every call its output and asks the model to go on; false where nothing was called.
func (all tools) answer(c *caller.Call, a caller.Answer) (bool, error) {
	if len(a.Calls) == 0 {
		return false, nil
	}
	for _, call := range a.Calls {
		if err := c.Return(call, all.output(call.Name)); err != nil {
			return false, err
		}
	}
	return true, c.Respond()
}

// session is what goes with the offer: the tools, and the recording to speak like. Nil where there is nothing to say.
func (f callFlags) session() (json.RawMessage, tools, error) {
	s := map[string]any{}
	var all tools
	var err error
	if f.tools != "" {
		if all, err = readTools(f.tools); err != nil {
			return nil, nil, err
		}
		s["tools"] = all.offered()
	}
	if f.voiceLike != "" {
		uri, err := recording(f.voiceLike)
		if err != nil {
			return nil, nil, err
		}
		s["audio"] = map[string]any{"output": map[string]any{"voice": map[string]string{"reference": uri}}}
	}
	if len(s) == 0 {
		return nil, all, nil
	}
	s["type"] = "realtime"
	raw, err := json.Marshal(s)
	return raw, all, err
}

// recording is a WAV or MP3 file as a data URI.
func recording(path string) (string, error) {
	kind, ok := map[string]string{".wav": "audio/wav", ".mp3": "audio/mpeg"}[strings.ToLower(filepath.Ext(path))]
	if !ok {
		return "", fmt.Errorf("--voice-like %s: want a .wav or an .mp3 file", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("--voice-like: %w", err)
	}
	uri := "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(data)
	if len(uri) > signaling.MaxReference {
		return "", fmt.Errorf("--voice-like %s: the recording is too long: a few seconds are enough", path)
	}
	return uri, nil
}
