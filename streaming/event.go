package streaming

import (
	"time"

	"omnilive/media"
)

// An Event is something a Session tells its peer. The set is closed; the peer turns each into its wire message.
// Times named …MS count milliseconds of the session's own audio, from its first sample.
type Event interface{ event() }

// Role of an Item, spelled as on the wire.
const (
	RoleUser      = "user"
	RoleAssistant = "assistant"
	RoleSystem    = "system"
)

// Status of an Item or a Response, spelled as on the wire.
const (
	StatusInProgress = "in_progress"
	StatusCompleted  = "completed"
	StatusIncomplete = "incomplete"
	StatusCancelled  = "cancelled"
	StatusFailed     = "failed"
)

// Types of an Item, spelled as on the wire.
const (
	ItemMessage = "message" // also when empty
	ItemCall    = "function_call"
	ItemOutput  = "function_call_output"
)

// Reasons of ImageFailed, spelled as on the wire.
const (
	ImageCancelled = "cancelled"
	ImageBroken    = "failed"
)

// Content types of a Part, spelled as on the wire.
const (
	PartInputText   = "input_text"
	PartInputAudio  = "input_audio"
	PartInputImage  = "input_image"
	PartOutputText  = "output_text"
	PartOutputAudio = "output_audio"
)

// A Part is one piece of an Item's content.
type Part struct {
	Type       string
	Text       string  // input_text, output_text
	Transcript *string // input_audio, output_audio; nil while unknown
	ImageURL   string  // input_image
}

// An Item is one message of the conversation, a call of a tool, or what the tool gave back.
type Item struct {
	ID      string // item_…
	Type    string // ItemMessage, ItemCall or ItemOutput
	Role    string // of a message
	Status  string
	Content []Part // of a message

	CallID    string // call_…, of a call and of its output
	Name      string // of the tool that is called
	Arguments string // of a call: a JSON object
	Output    string // of the tool
}

// A Response is one answer, from its start to whatever ended it.
type Response struct {
	ID       string // resp_…
	Status   string
	Reason   string            // turn_detected, client_cancelled, max_output_tokens; empty when completed
	Err      error             // of a failed response
	Output   []Item            // empty until done
	Modality string            // audio or text
	Metadata map[string]string // echoed from response.create
	Usage    Usage
}

// Usage counts tokens of one response.
type Usage struct{ InputText, InputAudio, OutputText, OutputAudio int }

// Latency is the split of one turn's wait, in order. Each part is measured on the session's sample clock.
// All but Endpoint overlap the wait for the end of the turn where speculation succeeded.
type Latency struct {
	Endpoint   time.Duration // last voiced sample → decision that the turn has ended
	Recognize  time.Duration // time the final recognition took
	Prefill    time.Duration // start of the reply → the question is in and the first token can come
	FirstSound time.Duration // start of the reply → first clause synthesized
	Pacer      time.Duration // decision or first sound, whichever is later → first sample on the wire
	Total      time.Duration // last voiced sample (of a typed question: its arrival) → first sample on the wire
	Speculated bool          // the answer had been begun before the decision
}

// Events, in the order of a spoken turn.
type (
	// SessionCreated is the first event of a call.
	SessionCreated struct{ Settings Settings }
	// SessionUpdated answers UpdateSession.
	SessionUpdated struct{ Settings Settings }
	// SpeechStarted says that the user began to speak.
	SpeechStarted struct {
		ItemID       string
		AudioStartMS int64 // with the prefix padding
	}
	// SpeechStopped says that the user's turn ended.
	SpeechStopped struct {
		ItemID     string
		AudioEndMS int64
	}
	// Committed says that the user's speech became an item.
	Committed struct {
		ItemID   string
		Previous string // "" = first
	}
	// ItemAdded says that an item stands in the conversation, maybe still without its content.
	ItemAdded struct {
		Item     Item
		Previous string // "" = first
	}
	// ItemDone says that an item is whole.
	ItemDone struct {
		Item     Item
		Previous string
	}
	// InputCleared says that what was heard since the last turn was thrown away: it held no words, or the client asked for it.
	InputCleared struct{}
	// InputTranscriptDelta carries new words of the user's speech. Deltas only append.
	InputTranscriptDelta struct{ ItemID, Delta string }
	// InputTranscriptDone carries the whole transcript of the user's speech.
	InputTranscriptDone struct {
		ItemID, Transcript, Language string
		AudioTokens                  int
		TextTokens                   int
	}
	// InputTranscriptFailed says that the user's speech could not be transcribed.
	InputTranscriptFailed struct {
		ItemID string
		Err    error
	}
	// ResponseCreated opens a response.
	ResponseCreated struct{ Response Response }
	// OutputItemAdded opens an item of the response: its message, or a call.
	OutputItemAdded struct {
		ResponseID string
		Item       Item
	}
	// ContentPartAdded opens the item's content.
	ContentPartAdded struct {
		ResponseID, ItemID string
		Part               Part
	}
	// OutputAudioStarted says that the first sample of the response goes out.
	OutputAudioStarted struct{ ResponseID string }
	// OutputTranscriptDelta carries words as they are said; OutputTextDelta those of a response without sound.
	OutputTranscriptDelta struct{ ResponseID, ItemID, Delta string }
	// OutputTextDelta is OutputTranscriptDelta of a response without sound.
	OutputTextDelta struct{ ResponseID, ItemID, Delta string }
	// OutputDone closes an item of the response. Of a message: audio done, transcript (or text) done, part done, item done;
	// of a call: its arguments, item done.
	OutputDone struct {
		ResponseID string
		Item       Item // with its final content and status
		Previous   string
	}
	// ResponseDone closes the response, whatever ended it.
	ResponseDone struct{ Response Response }
	// OutputAudioStopped says that the last sample of a response has gone out.
	OutputAudioStopped struct{ ResponseID string }
	// OutputAudioCleared says that what was still to be said was thrown away.
	OutputAudioCleared struct{ ResponseID string }
	// ItemTruncated says that an answer was cut where the user interrupted it.
	ItemTruncated struct {
		ItemID     string
		AudioEndMS int64
		Heard      string // the words up to there
	}
	// TurnLatency is our own event (omnilive.turn.latency): the split of the wait.
	TurnLatency struct {
		ResponseID string
		Latency    Latency
	}
	// CameraSeen is our own event (omnilive.camera.seen): what the model takes the newest picture for.
	CameraSeen struct{ Text string }
	// SpeechUnavailable is our own event (omnilive.speech.unavailable): this text's language cannot be spoken, it is text only.
	SpeechUnavailable struct{ ResponseID, Language string }
	// ImageStarted is our own event (omnilive.image.started): the model drew a picture, which is painted from now on.
	ImageStarted struct {
		ResponseID, ID string // of the image: img_…
		Width, Height  int
	}
	// ImageProgress is our own event (omnilive.image.progress): a picture is being painted.
	ImageProgress struct {
		ID      string
		Done    float64        // 0 to 1
		Preview *media.Picture // how it will look, in any size; may be nil
	}
	// ImageDone is our own event (omnilive.image.done): the picture.
	ImageDone struct {
		ResponseID, ID string
		Picture        media.Picture
	}
	// ImageFailed is our own event (omnilive.image.failed): there will be no picture.
	ImageFailed struct {
		ID     string
		Reason string // ImageCancelled or ImageBroken
		Err    *Error // nil when cancelled
	}
	// InputSilent is our own event (omnilive.input.silent): nothing but digital silence has come for some seconds, or sound is back.
	InputSilent struct{ Silent bool }
	// Failed answers a command that could not be carried out, or tells of a trouble inside the session.
	Failed struct{ Err *Error }
)

// An Error is what a peer reports to its client.
type Error struct {
	Type    string // invalid_request_error, server_error
	Code    string // conversation_already_has_active_response, response_cancel_not_active, invalid_value, …
	Message string
	Param   string
	EventID string // the client's event that caused it
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

func (SessionCreated) event()        {}
func (SessionUpdated) event()        {}
func (SpeechStarted) event()         {}
func (SpeechStopped) event()         {}
func (Committed) event()             {}
func (ItemAdded) event()             {}
func (ItemDone) event()              {}
func (InputCleared) event()          {}
func (InputTranscriptDelta) event()  {}
func (InputTranscriptDone) event()   {}
func (InputTranscriptFailed) event() {}
func (ResponseCreated) event()       {}
func (OutputItemAdded) event()       {}
func (ContentPartAdded) event()      {}
func (OutputAudioStarted) event()    {}
func (OutputTranscriptDelta) event() {}
func (OutputTextDelta) event()       {}
func (OutputDone) event()            {}
func (ResponseDone) event()          {}
func (OutputAudioStopped) event()    {}
func (OutputAudioCleared) event()    {}
func (ItemTruncated) event()         {}
func (TurnLatency) event()           {}
func (CameraSeen) event()            {}
func (SpeechUnavailable) event()     {}
func (ImageStarted) event()          {}
func (ImageProgress) event()         {}
func (ImageDone) event()             {}
func (ImageFailed) event()           {}
func (InputSilent) event()           {}
func (Failed) event()                {}
