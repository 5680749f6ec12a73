package signaling

import (
	"errors"
	"fmt"

	"omnilive/streaming"
)

// Errors that end a call or refuse one.
var (
	// ErrBusy is returned by Answer where all places are taken. A NewSession that finds the model full returns it, too.
	ErrBusy = errors.New("signaling: all lines are busy")
	// ErrClosed is returned by Answer after Run has ended.
	ErrClosed = errors.New("signaling: the hub is closed")
	// ErrUnknownCall is returned by Hangup.
	ErrUnknownCall = errors.New("signaling: no such call")
	// ErrHangup ended a call that the client or Hangup ended.
	ErrHangup = errors.New("signaling: hung up")
	// ErrSlowClient ended a call whose client did not take its events.
	ErrSlowClient = errors.New("signaling: the client does not read its events")
	// ErrUnreachable ended a call that was answered but never connected, or whose connection failed for good.
	ErrUnreachable = errors.New("signaling: the caller cannot be reached")
)

// An Error is what a client is told about a request of its own: an error message on the events channel, the body of an
// HTTP answer. Answer returns one (as *Error) for an offer it cannot take.
type Error = streaming.Error

// Types and codes of errors, spelled as on the wire.
const (
	typeInvalid      = "invalid_request_error"
	typeServer       = "server_error"
	codeInvalidValue = "invalid_value"
	codeInvalidEvent = "invalid_event"
	codeInvalidItem  = "item_retrieve_invalid_item_id"
	codeTooLarge     = "message_too_large"
	codeUnsupported  = "unsupported"
	codeInvalidSDP   = "invalid_sdp"
)

// invalid is an invalid_request_error about param.
func invalid(code, param, format string, args ...any) *Error {
	return &Error{Type: typeInvalid, Code: code, Param: param, Message: fmt.Sprintf(format, args...)}
}
