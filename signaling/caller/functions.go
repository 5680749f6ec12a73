package caller

// A FunctionCall is a call that the model makes; Return answers it.
type FunctionCall struct {
	ID        string `json:"call_id"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"` // JSON
}

// output is one item of a response, as far as an Answer needs it.
type output struct {
	Type string `json:"type"`
	FunctionCall
	Content []struct {
		Text       string `json:"text"`
		Transcript string `json:"transcript"`
	} `json:"content"`
}

// says reports whether the item holds words.
func (o output) says() bool {
	for _, c := range o.Content {
		if c.Text != "" || c.Transcript != "" {
			return true
		}
	}
	return false
}

// Return gives the model what came of a call. The model goes on at the next response: Respond asks for it.
func (c *Call) Return(call FunctionCall, output string) error {
	item := map[string]any{"type": "function_call_output", "call_id": call.ID, "output": output}
	return c.Send(map[string]any{"type": "conversation.item.create", "item": item})
}

// Respond asks for an answer to what is in the conversation.
func (c *Call) Respond() error { return c.Send(map[string]any{"type": "response.create"}) }
