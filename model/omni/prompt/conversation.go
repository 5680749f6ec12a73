package prompt

import "encoding/json"

// Kind is what a part of a message is.
type Kind uint8

// The kinds of parts.
const (
	Text Kind = iota
	Image
	Audio
	Video
)

// A Part is a stretch of a message: text, or one item of media.
type Part struct {
	Kind  Kind
	Text  string // of a Text part
	Sound bool   // a Video part's soundtrack is heard too
	Media Media  // of the others; may be empty where only the template's text is wanted
}

// Media is what one item brings into a prompt.
type Media struct {
	Rows          int     // rows of features
	Sound         int     // rows of features of a video's soundtrack
	Codes         []int32 // discrete codes, as the tokenizers of pictures and speech give them; none for videos
	Width, Height int     // of a picture as it was, for its ratio
	Duration      string  // of sounds and videos: [AudioDuration], [VideoDuration]; "": the template's placeholder stays
}

// A Message is one turn.
type Message struct {
	Role      string // "system", "user", "assistant" or "tool"
	Parts     []Part // an assistant's and a tool's are text
	Reasoning *string
	Calls     []Call
	Name      string // of the tool that answers

	Past bool // an assistant's: a question follows it, if not here; it brings no think block

	// A user's message may be put in part by part, as a camera brings them: the first with Open, those between with both, the
	// last with Resumed alone. So may the answers of tools, which share a message.
	Open    bool // it goes on: its end is not written
	Resumed bool // its beginning stands in the window already

	// Trusted says that the text is the program's own, so that names of control tokens in it become these.
	// Never set it for what came from a user, a tool or a model.
	Trusted bool
}

// Say is a message of one text.
func Say(role, text string) Message {
	return Message{Role: role, Parts: []Part{{Kind: Text, Text: text}}}
}

// text is the message's text parts joined.
func (m *Message) text() string {
	all := ""
	for _, p := range m.Parts {
		if p.Kind == Text {
			all += p.Text
		}
	}
	return all
}

// A Call is a tool call of an earlier answer.
type Call struct {
	Name      string
	Arguments json.RawMessage // an object, or a string that holds one; its keys keep their order
}

// A Tool is a function that the model may call: the whole OpenAI object, {"type": "function", "function": {…}}.
type Tool struct {
	JSON    json.RawMessage
	Trusted bool // see Message
}

// A Conversation is what a prompt is made of.
type Conversation struct {
	Messages      []Message
	Tools         []Tool
	Generation    bool     // end with the start of an answer
	SkipReasoning bool     // that answer begins behind an empty think block
	Before        Counters // media that the window holds already, where this conversation goes on with one
}

// Counters number media over a whole conversation, by kind.
type Counters struct{ Image, Audio, Video int }

// Count adds the media of a message that the window holds.
func (c *Counters) Count(m Message) {
	for _, p := range m.Parts {
		switch p.Kind {
		case Image:
			c.Image++
		case Audio:
			c.Audio++
		case Video:
			c.Video++
		}
	}
}
