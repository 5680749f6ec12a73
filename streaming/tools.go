package streaming

import (
	"bytes"
	"encoding/json"
	"slices"

	"omnilive/model"
)

// Choices of a tool, spelled as on the wire; any other choice is a tool's name.
const (
	ToolAuto     = "auto"
	ToolNone     = "none"
	ToolRequired = "required"
	// ToolDraw is the model's own: an answer that has to call it is a picture.
	ToolDraw = "t2i_model_generation"
)

// roleTool is the role of what a tool gave back.
const roleTool = "tool"

const (
	maxCalls  = 8   // of one answer: more are not told
	keptCalls = 128 // whose outputs may still come
)

// choose sets what the reply has to do.
func choose(o *model.ReplyOptions, choice string) {
	o.ToolChoice, o.Draw = choice, nil
	if choice == ToolDraw {
		o.ToolChoice, o.Draw = "", &model.Canvas{}
	}
}

// checkChoice says what is wrong with a choice among tools.
func checkChoice(param, choice string, tools []model.Tool, a model.Abilities) *Error {
	switch choice {
	case "", ToolAuto, ToolNone, ToolRequired:
		return nil
	case ToolDraw:
		if !a.Draws {
			return unsupported(param, "this model makes no pictures")
		}
		return nil
	}
	if !slices.ContainsFunc(tools, func(t model.Tool) bool { return t.Name == choice }) {
		if !a.Calls {
			return unsupported(param, "this model calls no tools")
		}
		return invalid(param, "there is no tool %q in session.tools", choice)
	}
	return nil
}

func unsupported(param, message string) *Error {
	return &Error{Type: "invalid_request_error", Code: "unsupported", Param: param, Message: message}
}

func sameTools(a, b []model.Tool) bool {
	return slices.EqualFunc(a, b, func(x, y model.Tool) bool {
		return x.Name == y.Name && x.Description == y.Description && bytes.Equal(x.Parameters, y.Parameters)
	})
}

// call tells of a call that the answer has come to. It is an item of its own, and stays in the conversation whatever
// becomes of the rest of the answer: the player has passed it.
func (t *talk) call(n *turn, c model.ToolCall) {
	told := 0
	for _, it := range n.resp.Output {
		if it.Type == ItemCall {
			told++
		}
	}
	if told == maxCalls {
		t.s.cfg.Log.Warn("the answer calls too many tools", "response", n.resp.ID, "tool", c.Name)
		t.fail(&Error{Type: "server_error", Code: "too_many_calls", Message: "the answer calls more than 8 tools; the rest was left out"})
		return
	}
	if len(c.Arguments) == 0 {
		c.Arguments = json.RawMessage("{}")
	}
	it := Item{ID: newID("item"), Type: ItemCall, Status: StatusInProgress, CallID: newID("call"), Name: c.Name}
	previous := t.todo.lastID
	t.todo.lastID = it.ID
	t.s.emit(OutputItemAdded{ResponseID: n.resp.ID, Item: it})
	t.s.emit(ItemAdded{Item: it, Previous: previous})
	it.Status, it.Arguments = StatusCompleted, string(c.Arguments)
	n.resp.Output = append(n.resp.Output, it)
	n.resp.Usage.OutputText += (len(it.Name) + len(it.Arguments) + 3) / 4 // of the order of its tokens
	t.calls.note(it)
	t.s.emit(OutputDone{ResponseID: n.resp.ID, Item: it, Previous: previous})
}

// A ledger knows the calls whose outputs may still come, the oldest first.
type ledger struct{ open []Item }

// note takes down a call, or that it has its output; other items are nothing to it.
func (l *ledger) note(it Item) {
	if it.Type != ItemCall && it.Type != ItemOutput {
		return
	}
	l.open = slices.DeleteFunc(l.open, func(c Item) bool { return c.CallID == it.CallID })
	if it.Type == ItemOutput {
		return
	}
	if len(l.open) == keptCalls {
		l.open = slices.Delete(l.open, 0, 1)
	}
	l.open = append(l.open, it)
}

// waiting is the name of the tool that was called by the call id.
func (l *ledger) waiting(id string) (name string, err *Error) {
	i := slices.IndexFunc(l.open, func(c Item) bool { return c.CallID == id })
	if i < 0 {
		return "", invalid("item.call_id", "no call %q waits for its output: nobody made it, or it has its output", id)
	}
	return l.open[i].Name, nil
}
