package signaling

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"unicode/utf8"

	"omnilive/streaming"
)

// Limits on what a client may send.
const (
	// MaxMessage is the largest message of all, a conversation.item.create with pictures, in bytes. It stands as
	// a=max-message-size in the answer. Browsers stop at 256 KiB on their own side whatever stands there.
	MaxMessage = 4 << 20
	// MaxSession is the longest session object that comes with an offer, in bytes: one with a recording to speak like.
	MaxSession = MaxReference + MaxControl
	// MaxControl is the largest message of any other type, a session.update with a recording aside, in bytes.
	MaxControl = 256 << 10
	// MaxText is the longest text of one item, in bytes.
	MaxText = 64 << 10
	// MaxImages is how many pictures one item may hold.
	MaxImages = 4
	// MaxPixels is the largest picture, in pixels.
	MaxPixels = 4096 * 4096

	maxParts       = 16  // contents of one item
	maxID          = 128 // bytes of an event_id or an item id
	maxPairs       = 16  // of a response's metadata
	maxMetadataKey = 64
	maxMetadataVal = 512
	maxOutput      = 4096 // max_output_tokens
)

// A decoder reads a client's messages. It belongs to one call and is used by one goroutine at a time.
type decoder struct {
	codecs Codecs
	voices []string                // ours, the default first; empty: every name is taken as it is
	turn   streaming.TurnDetection // in force, for updates of a part of it
}

// retrieve is conversation.item.retrieve, which the peer answers from its own memory.
type retrieve struct{ eventID, itemID string }

// A request is what decode returns: a streaming.Command or a retrieve.
type request any

// decoders says how each type of message is read.
var decoders = map[string]func(d *decoder, id string, raw []byte) (request, *Error){
	"session.update":             (*decoder).sessionUpdate,
	"conversation.item.create":   (*decoder).itemCreate,
	"conversation.item.retrieve": (*decoder).itemRetrieve,
	"response.create":            (*decoder).responseCreate,
	"response.cancel":            (*decoder).responseCancel,
	"output_audio_buffer.clear":  plain(func(id string) request { return streaming.ClearOutput{EventID: id} }),
	"input_audio_buffer.commit":  plain(func(id string) request { return streaming.CommitInput{EventID: id} }),
	"input_audio_buffer.clear":   plain(func(id string) request { return streaming.ClearInput{EventID: id} }),
	"omnilive.image.create":      (*decoder).imageCreate,
	"omnilive.image.cancel":      (*decoder).imageCancel,
	"input_audio_buffer.append":  refuse("the sound of a WebRTC call comes over its audio track"),
	"conversation.item.truncate": refuse("the server plays the answer and truncates it itself; send output_audio_buffer.clear"),
	"conversation.item.delete":   refuse("this server cannot delete items"),
}

func plain(command func(id string) request) func(*decoder, string, []byte) (request, *Error) {
	return func(_ *decoder, id string, _ []byte) (request, *Error) { return command(id), nil }
}

func refuse(why string) func(*decoder, string, []byte) (request, *Error) {
	return func(*decoder, string, []byte) (request, *Error) {
		return nil, invalid(codeUnsupported, "type", "%s", why)
	}
}

// decode reads one message. Its error carries the message's event_id whenever that could be read.
func (d *decoder) decode(raw []byte) (request, *Error) {
	if len(raw) > MaxMessage {
		return nil, invalid(codeTooLarge, "", "the message has %d bytes; the limit is %d", len(raw), MaxMessage)
	}
	var h struct {
		Type    string `json:"type"`
		EventID string `json:"event_id"`
	}
	if e := unmarshal(raw, &h); e != nil {
		return nil, invalid(codeInvalidEvent, e.Param, "the message is not a JSON object with a type: %s", e.Message)
	}
	if len(h.EventID) > maxID {
		return nil, invalid(codeInvalidValue, "event_id", "event_id has %d bytes; the limit is %d", len(h.EventID), maxID)
	}
	req, e := d.dispatch(h.Type, h.EventID, raw)
	if e != nil {
		e.EventID = h.EventID
	}
	return req, e
}

func (d *decoder) dispatch(name, id string, raw []byte) (request, *Error) {
	read := decoders[name]
	switch {
	case name == "":
		return nil, invalid(codeInvalidEvent, "type", "the message has no type")
	case read == nil:
		return nil, invalid(codeInvalidValue, "type", "unknown type %q", clip(name, 100))
	case len(raw) > MaxControl && name != "conversation.item.create" && name != "session.update":
		return nil, invalid(codeTooLarge, "", "a %s message has %d bytes; the limit is %d", name, len(raw), MaxControl)
	}
	return read(d, id, raw)
}

func (d *decoder) itemRetrieve(id string, raw []byte) (request, *Error) {
	var m struct {
		ItemID string `json:"item_id"`
	}
	if e := unmarshal(raw, &m); e != nil {
		return nil, e
	}
	return retrieve{id, m.ItemID}, nil
}

func (d *decoder) responseCancel(id string, raw []byte) (request, *Error) {
	var m struct {
		ResponseID string `json:"response_id"`
	}
	if e := unmarshal(raw, &m); e != nil {
		return nil, e
	}
	return streaming.CancelResponse{EventID: id, ResponseID: m.ResponseID}, nil
}

// responseCreate reads response.create. Voice, format, prompt and reasoning are without effect: see docs/protocol.md.
func (d *decoder) responseCreate(id string, raw []byte) (request, *Error) {
	var m struct {
		Response struct {
			Instructions     string            `json:"instructions"`
			OutputModalities []string          `json:"output_modalities"`
			MaxOutputTokens  *limit            `json:"max_output_tokens"`
			Metadata         map[string]string `json:"metadata"`
			Conversation     string            `json:"conversation"`
			Input            []json.RawMessage `json:"input"`

			Tools      opt[[]json.RawMessage] `json:"tools"`
			ToolChoice opt[json.RawMessage]   `json:"tool_choice"`
		} `json:"response"`
	}
	if e := unmarshal(raw, &m); e != nil {
		return nil, e
	}
	r := m.Response
	c := streaming.CreateResponse{EventID: id, Instructions: r.Instructions, Metadata: r.Metadata}
	if r.Conversation != "" && r.Conversation != "auto" {
		return nil, invalid(codeUnsupported, "response.conversation", "responses outside the conversation are not supported, only \"auto\"")
	}
	if len(r.Input) > 0 {
		return nil, invalid(codeUnsupported, "response.input", "a response's own input is not supported; create items first")
	}
	if len(r.Tools.v) > 0 {
		return nil, invalid(codeUnsupported, "response.tools", "tools for one response are not supported; set session.tools and choose with response.tool_choice")
	}
	if r.MaxOutputTokens != nil {
		c.MaxTokens = int(*r.MaxOutputTokens)
	}
	var e *Error
	if r.Tools.set && !r.Tools.null {
		c.ToolChoice = streaming.ToolNone
	}
	if r.ToolChoice.set {
		if c.ToolChoice, e = toolChoice("response.tool_choice", r.ToolChoice); e != nil {
			return nil, e
		}
	}
	if c.Modality, e = modality(r.OutputModalities, "response.output_modalities"); e != nil {
		return nil, e
	}
	if len(c.Instructions) > MaxText {
		return nil, tooLong("response.instructions", len(c.Instructions))
	}
	return c, checkMetadata(r.Metadata)
}

func checkMetadata(m map[string]string) *Error {
	if len(m) > maxPairs {
		return invalid(codeInvalidValue, "response.metadata", "metadata has %d pairs; the limit is %d", len(m), maxPairs)
	}
	for k, v := range m {
		if len(k) > maxMetadataKey || len(v) > maxMetadataVal {
			return invalid(codeInvalidValue, "response.metadata", "a metadata key is limited to %d bytes and its value to %d", maxMetadataKey, maxMetadataVal)
		}
	}
	return nil
}

// modality is the one of output_modalities: "" where none was given.
func modality(names []string, param string) (string, *Error) {
	switch {
	case len(names) == 0:
		return "", nil
	case len(names) == 1 && (names[0] == "audio" || names[0] == "text"):
		return names[0], nil
	}
	return "", invalid(codeInvalidValue, param, `output_modalities is ["audio"] (which always comes with its transcript) or ["text"]`)
}

// limit is max_output_tokens: a number from 1 to 4096, or "inf", which is 0.
type limit int

func (l *limit) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte(`"inf"`)) || bytes.Equal(b, []byte("null")) {
		*l = 0
		return nil
	}
	var n int
	if err := json.Unmarshal(b, &n); err != nil || n < 1 || n > maxOutput {
		return fmt.Errorf("max_output_tokens is a number from 1 to %d or \"inf\"", maxOutput)
	}
	*l = limit(n)
	return nil
}

func tooLong(param string, n int) *Error {
	return invalid(codeInvalidValue, param, "the text has %d bytes; the limit is %d", n, MaxText)
}

// unmarshal reads raw into v and says where it does not fit.
func unmarshal(raw []byte, v any) *Error {
	err := json.Unmarshal(raw, v)
	if err == nil {
		return nil
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return invalid(codeInvalidValue, wrong.Field, "%s must be %s, not a JSON %s", cmp.Or(wrong.Field, "it"), kind(wrong.Type), clip(wrong.Value, 40))
	}
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	return invalid(codeInvalidValue, "", "%v", short(err))
}

// kind names what JSON calls a Go type.
func kind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "an array"
	default:
		return "an object"
	}
}

// short keeps what encoding/json says about a stranger's bytes readable.
func short(err error) string {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return "it ends too early"
	}
	return clip(err.Error(), 200)
}

// clip cuts s to at most n bytes, between two characters.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
