package streaming

import (
	"strings"

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
	if next.Instructions != t.set.Instructions {
		t.change(change{instructions: &next.Instructions}, c.EventID)
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
	in := model.Input{Role: it.Role}
	for _, p := range it.Content {
		in.Text = strings.TrimSpace(in.Text + "\n" + p.Text)
	}
	for _, p := range c.Images {
		in.Images = append(in.Images, model.Picture{Width: p.Width, Height: p.Height, RGB: p.RGB})
	}
	if !t.change(change{add: &in}, c.EventID) {
		return
	}
	it.Status = StatusCompleted
	previous := t.todo.lastID
	t.todo.lastID = it.ID
	t.s.emit(ItemAdded{Item: it, Previous: previous})
	t.s.emit(ItemDone{Item: it, Previous: previous})
}

func (t *talk) createResponse(c CreateResponse) {
	if t.speaking() {
		t.fail(&Error{
			Type: "invalid_request_error", Code: "conversation_already_has_active_response", EventID: c.EventID,
			Message: "an answer (" + t.turn.resp.ID + ") is under way; wait for its response.done or cancel it",
		})
		return
	}
	t.undo(errNewInput)
	opt := t.options()
	opt.Instructions = c.Instructions
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
	if !t.speaking() || c.ResponseID != "" && c.ResponseID != t.turn.resp.ID {
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
