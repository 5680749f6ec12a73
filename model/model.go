// Package model is what a call's model looks like from outside: a Conversation that hears, sees and replies.
// The networks live in the packages below it (small, omni); nothing here knows a socket, a codec or a clock.
//
// # Concurrency
//
// A Model may be used by many goroutines at once. A Conversation belongs to one call: Reply, Add, Instruct, Truncate
// and Len are called by one goroutine at a time; Hear, See and Listen may each be called by one goroutine more while a Reply
// runs. A Drawing is painted by any goroutine, also behind the end of its Reply.
package model

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"time"
)

// Sample rates of the sound that crosses this package, in samples per second.
const (
	InputRate  = 16000 // what a Conversation hears
	OutputRate = 24000 // what a Piece holds
)

// ErrBusy is returned where the model holds as many conversations as it has room for.
var ErrBusy = errors.New("model: no room for another conversation")

// ErrMaxTokens ends a Reply that reached its limit of tokens; what was yielded before stands.
var ErrMaxTokens = errors.New("model: the reply reached its limit of tokens")

// ErrContextFull is returned where an input does not fit into the model's window.
var ErrContextFull = errors.New("model: the input does not fit into the context window")

// A Model holds the weights and whatever runs them.
type Model interface {
	// Abilities says what this model can do; it never changes.
	Abilities() Abilities
	// NewConversation returns an empty conversation, or ErrBusy.
	NewConversation(ctx context.Context, o Options) (Conversation, error)
	// Warm runs every network once, so that the first call is as fast as the next.
	Warm(ctx context.Context) error
	// Close frees everything. No Conversation may be in use.
	Close() error
}

// Abilities are what a model can do and what it is made of.
type Abilities struct {
	Name            string   // the name on the wire (session.model)
	Voices          []string // voice names, the default first
	SpokenLanguages []string // ISO 639-1 codes the voice can speak
	HeardLanguages  []string // ISO 639-1 codes the recognizer is limited to
	Sees            bool     // camera pictures and input_image reach the model
	Draws           bool     // the model makes pictures
	Calls           bool     // the model calls tools
}

// Options of one conversation. The zero value works.
type Options struct {
	Instructions string   // system prompt; empty means the model's default
	Voice        string   // a name out of Abilities.Voices; empty means the first
	Languages    []string // limits recognition to these ISO 639-1 codes; empty means Abilities.HeardLanguages
	Tools        []Tool   // that the model may call
}

// A Tool is a function that the client offers to the model.
type Tool struct {
	Name        string
	Description string
	Parameters  json.RawMessage // JSON schema of an object; empty: no parameters
}

// A ToolCall is a call of a Tool.
type ToolCall struct {
	Name      string
	Arguments json.RawMessage // an object
}

// A Picture is one camera frame or uploaded image: RGB, 8 bits a channel, rows from the top, no padding.
type Picture struct {
	Width, Height int
	RGB           []byte // len = 3*Width*Height
}

// A Word is a stretch of speech with its place in time.
type Word struct {
	Text       string // with its leading space, if any
	Start, End int    // samples at InputRate from the start of the utterance
}

// A Transcript is what the recognizer made of an utterance.
type Transcript struct {
	Text     string
	Language string  // ISO 639-1
	Words    []Word  // empty where the caller did not ask for times
	NoSpeech float64 // probability that there was no speech at all
	LogProb  float64 // mean log probability of the tokens
	Wordless bool    // it was heard, but its words come with the reply (Piece.Heard)
}

// HearOptions say what Hear is wanted for.
type HearOptions struct {
	Final    bool   // the utterance is (probably) complete; false: a caption of speech under way
	Times    bool   // fill Transcript.Words
	Language string // ISO 639-1; empty: found out
}

// An Input is one thing put before the model: words typed or heard, and pictures.
type Input struct {
	Role   string    // "user" (also when empty), "system" or "assistant"
	Heard  bool      // take what the last Hear(Final) heard, in place of Text
	Text   string    // typed words
	Images []Picture // uploaded images, in order
	Camera bool      // take what the last See saw

	Frame bool       // take the newest camera picture as an image of its own, one that can be edited
	Calls []ToolCall // of an assistant: what it called, as a client tells of an earlier conversation
	Tool  string     // Text is the output of this function; Role is "tool"
}

// ReplyOptions are the settings of one reply.
type ReplyOptions struct {
	TextOnly     bool    // make no sound
	Voice        string  // as Options.Voice; empty means the conversation's
	Instructions string  // for this reply only; empty means the conversation's
	MaxTokens    int     // 0 means the model's default
	Speed        float64 // of speech, 0.25 to 1.5; 0 means 1
	ToolChoice   string  // "auto" (also when empty), "none", "required", or the name of the tool to call
	Draw         *Canvas // the reply is a picture; nil: the model decides
}

// A Canvas is the picture that is wanted.
type Canvas struct {
	Width, Height int // ratio; zero: that of the picture in the question, or as the model likes
}

// SeeOptions say where a camera picture belongs.
type SeeOptions struct {
	At  time.Duration // of the call, by its microphone's samples
	Now bool          // the user is speaking or has just spoken: the picture belongs to his question
}

// A Mark ties a moment of a Piece's sound to its text and to the conversation's length:
// when Samples have been heard, Text[:TextEnd] has been heard, and Pos is how long the conversation then is.
type Mark struct {
	Samples int // at OutputRate, from the start of the piece
	TextEnd int // bytes of Piece.Text
	Pos     int
}

// A Piece is the smallest part of a reply the model lets go of: usually a clause.
type Piece struct {
	Text     string    // as it is shown, with its leading space
	Heard    string    // what the model took the user's speech for, where no transcript told; once in a reply
	PCM      []float32 // mono at OutputRate; empty for text without sound
	Language string    // ISO 639-1, of text that the voice cannot speak; else empty
	Pos      int       // length of the conversation after the whole piece
	Marks    []Mark    // one per word, ascending; the last one is the whole piece

	Calls   []ToolCall // the model calls tools; what they answer comes back as an Input
	Drawing *Drawing   // the model drew: the picture is settled and has to be painted
}

// A Drawing is a picture that the model has made up and that is not painted yet.
type Drawing struct {
	Width, Height int // in pixels
	// Paint makes the picture; show is told how much is done (0 to 1) and, now and then, how it will look; show may be nil.
	// Ending ctx ends it. It may take minutes, and is called at most once.
	Paint func(ctx context.Context, show func(done float64, preview *Picture)) (Picture, error)
}

// A Conversation is the model's memory of one call.
type Conversation interface {
	// Hear gives the whole utterance so far (mono at InputRate, from its first sample) and returns its words.
	// The last Hear with Final set is what an Input with Heard refers to.
	Hear(ctx context.Context, speech []float32, o HearOptions) (Transcript, error)
	// See looks at a camera picture; the newest look is what an Input with Camera refers to.
	// It returns a short description, empty where the model keeps what it saw to itself.
	See(ctx context.Context, p Picture, o SeeOptions) (string, error)
	// Add puts in into the conversation without a reply.
	Add(ctx context.Context, in Input) error
	// Reply adds in (unless nil) and yields the reply. The first Piece is empty: it says that the input is in, and its Pos
	// is the length of the conversation with the input and without any reply. Breaking out of the loop or ending ctx stops it within one step;
	// what had been generated stays in the conversation until Truncate.
	Reply(ctx context.Context, in *Input, o ReplyOptions) iter.Seq2[Piece, error]
	// Len is the number of positions held.
	Len() int
	// Truncate forgets every position from pos on. If pos lies inside a reply, that reply is closed there before what comes next.
	Truncate(pos int) error
	// Instruct replaces the system prompt and the tools, and keeps the rest of the conversation.
	Instruct(ctx context.Context, instructions string, tools []Tool) error
	// Close gives back what the conversation holds.
	Close()
}

// A Listener is a Conversation that hears more than what is said to it: all that the microphone brings while the camera is
// on, in order, as a video's soundtrack. Listen never waits for a Reply. samples are mono at InputRate.
type Listener interface {
	Listen(ctx context.Context, samples []float32) error
}

// A Worker is a Model that tells how busy it is. Its methods may be called by any goroutine, take next to no time and, where
// dst has room, allocate nothing.
type Worker interface {
	// Work appends how long each thing that computes for calls has been at work so far, in an order that stays: the difference
	// of two is how busy it was in between. What only looks ahead, and gives way to calls, is left out.
	Work(dst []time.Duration) []time.Duration
	// Cost is how much work a second of an answer was when the model was warmed, in seconds, of what is busiest; 0 before.
	Cost() float64
}

// A VoiceCloner is a Model that can speak like a recording.
type VoiceCloner interface {
	// CloneVoice returns the name, which holds "like-", under which the model from now on speaks like the recording (mono at
	// OutputRate). Equal recordings have equal names; a bounded number is kept, and the one used longest ago goes first.
	CloneVoice(ctx context.Context, samples []float32) (voice string, err error)
}
