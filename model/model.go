// Package model is what a call's model looks like from outside: a Conversation that hears, sees and replies.
// The networks live in the packages below it (small, omni); nothing here knows a socket, a codec or a clock.
//
// # Concurrency
//
// A Model may be used by many goroutines at once. A Conversation belongs to one call: Reply, Add, Instruct, Truncate
// and Len are called by one goroutine at a time; Hear and See may each be called by one goroutine more while a Reply runs.
package model

import (
	"context"
	"errors"
	"iter"
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
}

// Options of one conversation. The zero value works.
type Options struct {
	Instructions string   // system prompt; empty means the model's default
	Voice        string   // a name out of Abilities.Voices; empty means the first
	Languages    []string // limits recognition to these ISO 639-1 codes; empty means Abilities.HeardLanguages
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
}

// ReplyOptions are the settings of one reply.
type ReplyOptions struct {
	TextOnly     bool    // make no sound
	Voice        string  // as Options.Voice; empty means the conversation's
	Instructions string  // for this reply only; empty means the conversation's
	MaxTokens    int     // 0 means the model's default
	Speed        float64 // of speech, 0.25 to 1.5; 0 means 1
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
}

// A Conversation is the model's memory of one call.
type Conversation interface {
	// Hear gives the whole utterance so far (mono at InputRate, from its first sample) and returns its words.
	// The last Hear with Final set is what an Input with Heard refers to.
	Hear(ctx context.Context, speech []float32, o HearOptions) (Transcript, error)
	// See looks at a camera picture; the newest look is what an Input with Camera refers to.
	// It returns a short description, empty where the model keeps what it saw to itself.
	See(ctx context.Context, p Picture) (string, error)
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
	// Instruct replaces the system prompt and keeps the rest of the conversation.
	Instruct(ctx context.Context, instructions string) error
	// Close gives back what the conversation holds.
	Close()
}
