package prompt

import "encoding/json"

// EventKind says what a piece of an answer is.
type EventKind uint8

// The kinds of events. The first four come as the words do, in pieces.
const (
	Words          EventKind = iota // Text: of the answer proper
	Reasoning                       // Text
	UserTranscript                  // Text: what the model heard
	Transcript                      // Text: what the units say
	SpeakerInfo                     // Text: JSON, "{}" for the default voice
	Unit                            // Code: of speech
	UnitsEnd                        // the speech is whole
	Code                            // Code: of a picture
	Picture                         // Codes, Ratio: the picture is whole, or broke off where Codes are too few
	ToolCall                        // Call
	Broken                          // Text: what was wrong with the answer
	End                             // the answer is whole
)

// An Event is a piece of an answer.
type Event struct {
	Kind  EventKind
	Text  string
	Code  int32
	Codes []int32
	Ratio Ratio // of Picture; without an ID where the answer gave none
	Call  *MadeCall
}

// A MadeCall is a tool call that the model made.
type MadeCall struct {
	Name      string
	Arguments json.RawMessage // an object, in the order of the answer
	Picture   bool            // it is the one that carries a picture, which came as an event of its own
}
