package streaming

import (
	"omnilive/media"
	"omnilive/model"
)

// A Command is something a client asks of a Session. The set is closed.
// EventID is the client's own id of the message; it comes back in Error.EventID when the command fails.
type Command interface{ command() }

// Settings are what session.update may change. A Session starts with DefaultSettings.
type Settings struct {
	ID            string // sess_…; fixed
	Model         string // fixed
	Can           Can    // fixed
	Instructions  string
	Voice         string
	Modality      string // audio or text
	Language      string // of the user's speech, "" = detect
	Transcription bool   // send the user's words
	Speed         float64
	Turn          TurnDetection
	MaxTokens     int // 0 = the model's default ("inf" on the wire)
	Tools         []Tool
	ToolChoice    string // ToolAuto (also when empty), ToolNone, ToolRequired, or a tool's name

	clones []string // voices that this call gave recordings of
}

// Can says what the call's model can do beyond talking.
type Can struct {
	Sees   bool // pictures, from the camera or in a message
	Draws  bool
	Calls  bool // tools
	Clones bool // speaks like a recording
}

// A Tool is a function that the client offers to the model.
type Tool = model.Tool

// TurnDetection says how the end of the user's turn is found. The zero value means: the client commits by itself.
type TurnDetection struct {
	Type              string  // "server_vad", "semantic_vad" or "" (null on the wire)
	Eagerness         string  // semantic_vad: low, medium, high, auto
	Threshold         float64 // server_vad
	PrefixPaddingMS   int     // server_vad
	SilenceDurationMS int     // server_vad
	CreateResponse    bool
	InterruptResponse bool
}

// Update is a change of Settings: nil fields stay as they are.
type Update struct {
	Instructions, Voice, Modality, Language *string
	Transcription                           *bool
	Speed                                   *float64
	Turn                                    *TurnDetection
	MaxTokens                               *int
	Tools                                   *[]Tool
	ToolChoice                              *string
	Reference                               []float32 // a recording to speak like, mono at model.OutputRate, in place of Voice

	cloned  string // the voice made of Reference
	refused *Error // why none was made
}

// Commands.
type (
	// UpdateSession changes settings; answered by SessionUpdated or Failed.
	UpdateSession struct {
		EventID string
		Update  Update
	}
	// CreateItem puts a message, a call of an earlier conversation or a tool's output into the conversation; answered by ItemAdded and ItemDone, or Failed.
	CreateItem struct {
		EventID  string
		Item     Item            // ID may be empty
		Images   []media.Picture // of the input_image parts, in order, decoded by the caller
		Previous *string         // previous_item_id; nil = at the end
	}
	// CreateResponse asks for an answer now.
	CreateResponse struct {
		EventID      string
		Instructions string
		Modality     string // "" = the session's
		Metadata     map[string]string
		MaxTokens    int
		ToolChoice   string // "" = the session's
	}
	// DrawImage asks for a picture: a user's message and an answer that is drawn.
	DrawImage struct {
		EventID       string
		Prompt        string
		Camera        bool // edits the newest camera picture
		Width, Height int  // ratio; 0: as the model likes
	}
	// CancelImage stops the painting of a picture; answered by ImageFailed, or Failed.
	CancelImage struct{ EventID, ID string }
	// CancelResponse stops the answer being generated, and the painting of what it drew.
	CancelResponse struct{ EventID, ResponseID string }
	// ClearOutput throws away what is still to be said.
	ClearOutput struct{ EventID string }
	// CommitInput ends the user's turn by hand.
	CommitInput struct{ EventID string }
	// ClearInput throws away what the user said since the last turn.
	ClearInput struct{ EventID string }
)

func (UpdateSession) command()  {}
func (CreateItem) command()     {}
func (CreateResponse) command() {}
func (DrawImage) command()      {}
func (CancelImage) command()    {}
func (CancelResponse) command() {}
func (ClearOutput) command()    {}
func (CommitInput) command()    {}
func (ClearInput) command()     {}
