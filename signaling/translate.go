package signaling

import (
	"fmt"
	"slices"
	"time"

	"omnilive/streaming"
)

// A translator turns a session's events into the messages of its call, in the order of the Realtime API.
// It belongs to one call and is used by one goroutine at a time.
type translator struct {
	conversation string             // conv_…
	settings     streaming.Settings // as last told
	sent         int                // messages numbered so far
	items        items
	voices       []string // the model's

	response []string // items of the response under way, in order
}

func newTranslator(call string, voices []string) *translator {
	return &translator{conversation: "conv_" + call, voices: voices}
}

// number gives m the next event id.
func (t *translator) number(m message) message {
	t.sent++
	m.stamp(fmt.Sprintf("event_%06d", t.sent))
	return m
}

// translate returns what ev is on the wire: usually one message, up to five at the end of an item of an answer.
func (t *translator) translate(ev streaming.Event) []message {
	t.remember(ev)
	switch e := ev.(type) {
	case streaming.SessionCreated:
		return one(&sessionMessage{head{Type: "session.created"}, newSession(e.Settings, t.voices)})
	case streaming.SessionUpdated:
		return one(&sessionMessage{head{Type: "session.updated"}, newSession(e.Settings, t.voices)})
	case streaming.Failed:
		return one(newErrorMessage(e.Err))
	case streaming.TurnLatency:
		return one(newTurnLatency(e))
	case streaming.CameraSeen:
		return one(&cameraSeen{head{Type: "omnilive.camera.seen"}, e.Text})
	case streaming.SpeechUnavailable:
		return one(&speechUnavailable{head{Type: "omnilive.speech.unavailable"}, e.ResponseID, e.Language})
	case streaming.InputSilent:
		return one(&inputSilent{head{Type: "omnilive.input.silent"}, e.Silent})
	}
	if m := t.input(ev); m != nil {
		return m
	}
	return t.output(ev)
}

func one(m message) []message { return []message{m} }

// remember keeps what later messages and conversation.item.retrieve need.
func (t *translator) remember(ev streaming.Event) {
	switch e := ev.(type) {
	case streaming.SessionCreated:
		t.settings = e.Settings
	case streaming.SessionUpdated:
		t.settings = e.Settings
	case streaming.ItemAdded:
		t.items.put(e.Item)
	case streaming.ItemDone:
		t.items.put(e.Item)
	case streaming.OutputDone:
		t.items.put(e.Item)
	case streaming.ResponseCreated:
		t.response = t.response[:0]
	case streaming.OutputItemAdded:
		t.response = append(t.response, e.Item.ID)
	case streaming.InputTranscriptDone:
		t.items.transcribe(e.ItemID, e.Transcript)
	case streaming.ItemTruncated:
		t.items.transcribe(e.ItemID, e.Heard)
	}
}

// input translates what is about the user's side.
func (t *translator) input(ev streaming.Event) []message {
	switch e := ev.(type) {
	case streaming.SpeechStarted:
		return one(&speechStarted{head{Type: "input_audio_buffer.speech_started"}, e.AudioStartMS, e.ItemID})
	case streaming.SpeechStopped:
		return one(&speechStopped{head{Type: "input_audio_buffer.speech_stopped"}, e.AudioEndMS, e.ItemID})
	case streaming.Committed:
		return one(&committed{head{Type: "input_audio_buffer.committed"}, orNull(e.Previous), e.ItemID})
	case streaming.ItemAdded:
		return one(&itemMessage{head{Type: "conversation.item.added"}, orNull(e.Previous), newItem(e.Item)})
	case streaming.ItemDone:
		return one(&itemMessage{head{Type: "conversation.item.done"}, orNull(e.Previous), newItem(e.Item)})
	case streaming.InputTranscriptDelta:
		return one(&transcriptionDelta{head: head{Type: "conversation.item.input_audio_transcription.delta"}, ItemID: e.ItemID, Delta: e.Delta})
	case streaming.InputTranscriptDone:
		return one(newTranscription(e))
	case streaming.InputTranscriptFailed:
		m := &transcriptionFailed{head: head{Type: "conversation.item.input_audio_transcription.failed"}, ItemID: e.ItemID}
		m.Error = plainError{Type: "server_error", Message: errText(e.Err)}
		return one(m)
	}
	return nil
}

// output translates what is about an answer.
func (t *translator) output(ev streaming.Event) []message {
	switch e := ev.(type) {
	case streaming.ResponseCreated:
		return one(&responseMessage{head{Type: "response.created"}, t.newResponse(e.Response)})
	case streaming.OutputItemAdded:
		return one(&outputItem{head{Type: "response.output_item.added"}, e.ResponseID, t.index(e.Item.ID), newItem(e.Item)})
	case streaming.ContentPartAdded:
		return one(&contentPart{head{Type: "response.content_part.added"}, t.place(e.ResponseID, e.ItemID), newPart(e.Part)})
	case streaming.OutputTranscriptDelta:
		return one(&delta{head{Type: "response.output_audio_transcript.delta"}, t.place(e.ResponseID, e.ItemID), e.Delta})
	case streaming.OutputTextDelta:
		return one(&delta{head{Type: "response.output_text.delta"}, t.place(e.ResponseID, e.ItemID), e.Delta})
	case streaming.OutputDone:
		return t.outputDone(e)
	case streaming.ResponseDone:
		return one(&responseMessage{head{Type: "response.done"}, t.newResponse(e.Response)})
	case streaming.OutputAudioStarted:
		return one(&outputBuffer{head{Type: "output_audio_buffer.started"}, e.ResponseID})
	case streaming.OutputAudioStopped:
		return one(&outputBuffer{head{Type: "output_audio_buffer.stopped"}, e.ResponseID})
	case streaming.OutputAudioCleared:
		return one(&outputBuffer{head{Type: "output_audio_buffer.cleared"}, e.ResponseID})
	case streaming.ItemTruncated:
		return []message{
			&itemTruncated{head: head{Type: "conversation.item.truncated"}, ItemID: e.ItemID, AudioEndMS: e.AudioEndMS},
			&itemHeard{head{Type: "omnilive.item.heard"}, e.ItemID, e.AudioEndMS, e.Heard},
		}
	}
	return nil
}

// index is an item's place in its response.
func (t *translator) index(item string) int { return max(slices.Index(t.response, item), 0) }

func (t *translator) place(response, item string) place {
	return place{ResponseID: response, ItemID: item, OutputIndex: t.index(item)}
}

// outputDone closes a message's content (if it had any) or a call's arguments, and the item.
func (t *translator) outputDone(e streaming.OutputDone) []message {
	var ms []message
	at := t.place(e.ResponseID, e.Item.ID)
	if e.Item.Type == streaming.ItemCall {
		call := callPlace{e.ResponseID, e.Item.ID, at.OutputIndex, e.Item.CallID}
		ms = append(ms, &argumentsDelta{head{Type: "response.function_call_arguments.delta"}, call, e.Item.Arguments},
			&argumentsDone{head{Type: "response.function_call_arguments.done"}, call, e.Item.Name, e.Item.Arguments})
	}
	if len(e.Item.Content) > 0 {
		p := e.Item.Content[0]
		if p.Type == streaming.PartOutputAudio {
			ms = append(ms, &audioDone{head{Type: "response.output_audio.done"}, at},
				&transcriptDone{head{Type: "response.output_audio_transcript.done"}, at, said(p)})
		} else {
			ms = append(ms, &textDone{head{Type: "response.output_text.done"}, at, p.Text})
		}
		ms = append(ms, &contentPart{head{Type: "response.content_part.done"}, at, newPart(p)})
	}
	return append(ms,
		&outputItem{head{Type: "response.output_item.done"}, e.ResponseID, at.OutputIndex, newItem(e.Item)},
		&itemMessage{head{Type: "conversation.item.done"}, orNull(e.Previous), newItem(e.Item)})
}

func newTranscription(e streaming.InputTranscriptDone) message {
	m := &transcriptionCompleted{head: head{Type: "conversation.item.input_audio_transcription.completed"}, ItemID: e.ItemID, Transcript: e.Transcript}
	if e.Language != "" {
		m.Languages = []string{e.Language}
	}
	m.Usage.Type = "tokens"
	m.Usage.InputTokens, m.Usage.InputDetails.AudioTokens = e.AudioTokens, e.AudioTokens
	m.Usage.OutputTokens = e.TextTokens
	m.Usage.TotalTokens = e.AudioTokens + e.TextTokens
	return m
}

func newTurnLatency(e streaming.TurnLatency) message {
	l := e.Latency
	return &turnLatency{
		head: head{Type: "omnilive.turn.latency"}, ResponseID: e.ResponseID, Speculated: l.Speculated,
		Endpoint: ms(l.Endpoint), Recognize: ms(l.Recognize), Prefill: ms(l.Prefill),
		FirstSound: ms(l.FirstSound), Pacer: ms(l.Pacer), Total: ms(l.Total),
	}
}

// ms is d in milliseconds with a tenth of a millisecond kept.
func ms(d time.Duration) float64 {
	return float64(d.Round(100*time.Microsecond)) / float64(time.Millisecond)
}

func newErrorMessage(e *Error) message {
	if e == nil {
		e = &Error{}
	}
	m := &errorMessage{head: head{Type: "error"}}
	m.Error = wireError{Type: e.Type, Code: orNull(e.Code), Message: e.Message, Param: orNull(e.Param), EventID: orNull(e.EventID)}
	if m.Error.Type == "" {
		m.Error.Type = typeServer
	}
	return m
}

// orNull is nil for the empty string.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func errText(err error) string {
	if err == nil {
		return "unknown"
	}
	return err.Error()
}
