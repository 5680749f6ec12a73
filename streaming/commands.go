package streaming

import (
	"encoding/json"
	"strings"

	"omnilive/media"
	"omnilive/model"
)

// maxChanges bounds what a client may put into the conversation without asking for an answer.
const maxChanges = 64

func (t *talk) onCommand(c Command) {
	switch c := c.(type) {
	case UpdateSession:
		t.update(c)
	case CreateItem:
		t.createItem(c)
	case CreateResponse:
		t.createResponse(c)
	case DrawImage:
		t.drawImage(c)
	case CancelImage:
		t.cancelImage(c)
	case CancelResponse:
		t.cancelResponse(c)
	case ClearOutput:
		t.interrupt(errCancel, "client_cancelled")
	case CommitInput:
		t.commitInput(c)
	case ClearInput:
		t.undo(errNewInput)
		t.dropUtterance()
		t.roll = t.roll[:0]
		t.s.emit(InputCleared{})
	}
}

func (t *talk) update(c UpdateSession) {
	next, err := t.set.apply(c.Update, t.s.cfg.Model.Abilities())
	if err != nil {
		err.EventID = c.EventID
		t.fail(err)
		return
	}
	if next.Instructions != t.set.Instructions || !sameTools(next.Tools, t.set.Tools) {
		if !t.change(change{system: &system{next.Instructions, next.Tools}}, c.EventID) {
			return
		}
	}
	t.set = next
	t.ep.threshold = float32(next.Turn.Threshold)
	t.s.emit(SessionUpdated{next})
}

// change queues what alters the conversation: the model takes it in before its next reply.
func (t *talk) change(c change, eventID string) bool {
	if len(t.todo.changes) >= maxChanges {
		t.fail(&Error{
			Type: "invalid_request_error", Code: "too_many_items", EventID: eventID,
			Message: "64 items wait already; send response.create before adding more",
		})
		return false
	}
	if n := t.turn; n != nil && !n.released { // it was begun on what is no longer so
		t.undo(errNewInput)
	}
	t.todo.changes = append(t.todo.changes, c)
	return true
}

func (t *talk) createItem(c CreateItem) {
	it := c.Item
	if it.ID == "" {
		it.ID = newID("item")
	}
	if p := c.Previous; p != nil && *p != t.todo.lastID {
		e := invalid("previous_item_id", "items are added at the end; the newest item is %q, not %q", t.todo.lastID, *p)
		e.EventID = c.EventID
		t.fail(e)
		return
	}
	in, err := t.input(&it, c.Images)
	if err != nil {
		err.EventID = c.EventID
		t.fail(err)
		return
	}
	if t.change(change{add: &in}, c.EventID) {
		t.calls.note(it)
		t.add(it)
	}
}

// input is it as the model takes it in.
func (t *talk) input(it *Item, images []media.Picture) (model.Input, *Error) {
	switch it.Type {
	case ItemCall:
		if it.CallID == "" {
			it.CallID = newID("call")
		}
		return model.Input{Role: RoleAssistant, Calls: []model.ToolCall{{Name: it.Name, Arguments: json.RawMessage(it.Arguments)}}}, nil
	case ItemOutput:
		name, err := t.calls.waiting(it.CallID)
		return model.Input{Role: roleTool, Tool: name, Text: it.Output}, err
	}
	in := model.Input{Role: it.Role}
	for _, p := range it.Content {
		in.Text = strings.TrimSpace(in.Text + "\n" + p.Text)
	}
	for _, p := range images {
		in.Images = append(in.Images, model.Picture{Width: p.Width, Height: p.Height, RGB: p.RGB})
	}
	return in, nil
}

// add tells of a whole item at the conversation's end.
func (t *talk) add(it Item) {
	it.Status = StatusCompleted
	previous := t.todo.lastID
	t.todo.lastID = it.ID
	t.s.emit(ItemAdded{Item: it, Previous: previous})
	t.s.emit(ItemDone{Item: it, Previous: previous})
}

// answering says whether an answer is under way, and tells the client to wait if one is.
func (t *talk) answering(eventID string) bool {
	if !t.speaking() {
		return false
	}
	t.fail(&Error{
		Type: "invalid_request_error", Code: "conversation_already_has_active_response", EventID: eventID,
		Message: "an answer (" + t.turn.resp.ID + ") is under way; wait for its response.done or cancel it",
	})
	return true
}

func (t *talk) createResponse(c CreateResponse) {
	if t.answering(c.EventID) {
		return
	}
	if err := checkChoice("response.tool_choice", c.ToolChoice, t.set.Tools, t.s.cfg.Model.Abilities()); err != nil {
		err.EventID = c.EventID
		t.fail(err)
		return
	}
	t.undo(errNewInput)
	opt := t.options()
	opt.Instructions = c.Instructions
	if c.ToolChoice != "" {
		choose(&opt, c.ToolChoice)
	}
	r := Response{Metadata: c.Metadata, Modality: c.Modality}
	if c.Modality != "" {
		opt.TextOnly = c.Modality == Text
	}
	if c.MaxTokens > 0 {
		opt.MaxTokens = c.MaxTokens
	}
	t.start(job{opt: opt}, r)
}

func (t *talk) cancelResponse(c CancelResponse) {
	id := c.ResponseID
	if id == "" && t.speaking() {
		id = t.turn.resp.ID
	}
	painting := t.work.studio.stop(func(p *painting) bool { return p.response == id }, t.s.emit)
	if !t.speaking() || id != t.turn.resp.ID {
		if painting {
			return
		}
		t.fail(&Error{
			Type: "invalid_request_error", Code: "response_cancel_not_active", EventID: c.EventID,
			Message: "no answer is under way",
		})
		return
	}
	t.interrupt(errCancel, "client_cancelled")
}

// commitInput ends the user's turn by hand.
func (t *talk) commitInput(c CommitInput) {
	if t.u == nil && (t.set.Turn.Type != "" || len(t.roll) < model.InputRate/10) {
		t.fail(&Error{
			Type: "invalid_request_error", Code: "input_audio_buffer_commit_empty", EventID: c.EventID,
			Message: "nothing has been said since the last turn",
		})
		return
	}
	if t.u == nil {
		t.gen++
		t.u = &utterance{gen: t.gen, itemID: newID("item"), start: t.at - int64(len(t.roll)), told: true, sound: 1, words: -1, manual: true}
		t.u.pcm = append(t.u.pcm, lastSamples(t.roll, maxUtterance)...)
		t.roll = t.roll[:0]
	}
	t.u.manual = true
	t.epoch++
	t.u.final = nil
	t.recognize(true)
}
