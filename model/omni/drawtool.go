package omni

import (
	"encoding/json"

	"omnilive/model/omni/prompt"
)

// drawSystem has the model call the tool that draws, where the caller has no words of his own for it.
const drawSystem = "You can draw. When you are asked for a picture, or to change one, call the tool " + prompt.DrawTool + "."

// drawTool is the tool in whose argument the model writes a picture.
const drawTool = `{"type": "function", "function": {"name": "` + prompt.DrawTool + `", ` +
	`"description": "Generates an RGB image based on the provided discrete image representation.", ` +
	`"parameters": {"type": "object", "required": ["` + prompt.DrawArgument + `"], "properties": {"` + prompt.DrawArgument + `": ` +
	`{"type": "string", "description": "A serialized string of discrete vision tokens.", "minLength": 1}}}}}`

// DrawTool is the tool as a conversation declares it.
func DrawTool() prompt.Tool { return prompt.Tool{JSON: []byte(drawTool)} }

// hasTool tells whether a tool of that name is among tools.
func hasTool(tools []prompt.Tool, name string) bool {
	for _, t := range tools {
		var f struct {
			Function struct {
				Name string `json:"name"`
			} `json:"function"`
		}
		if json.Unmarshal(t.JSON, &f) == nil && f.Function.Name == name {
			return true
		}
	}
	return false
}
