package signaling

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/pion/webrtc/v4"
)

// A Socket is a message connection to one caller, such as a *websocket.Conn. Closing it ends a ReadMessage.
type Socket interface {
	ReadMessage() (messageType int, data []byte, err error)
	WriteMessage(messageType int, data []byte) error
}

// textMessage is the type of every message on a Socket (RFC 6455 §5.6).
const textMessage = 1

// A Signal is a message on a Socket, to either side.
type Signal struct {
	Type      string                   `json:"type"`                // offer, answer, candidate, bye or error
	SDP       string                   `json:"sdp,omitempty"`       // offer, answer
	Session   json.RawMessage          `json:"session,omitempty"`   // offer: as in session.update
	CallID    string                   `json:"call_id,omitempty"`   // answer
	Candidate *webrtc.ICECandidateInit `json:"candidate,omitempty"` // candidate; absent: there are no more
	Error     *SignalError             `json:"error,omitempty"`     // error
}

// A SignalError says why an offer or a candidate was not taken.
type SignalError struct {
	Type    string `json:"type"`
	Code    string `json:"code"`
	Message string `json:"message"`

	RetryAfter int `json:"retry_after,omitempty"` // seconds; where the code is busy
}

// Signal serves one caller that trickles its candidates: offer, answer, then candidates both ways as they come. A further
// offer restarts ICE of the same call. It returns when the socket fails or a bye comes; a bye ends the call, a lost socket
// does not. After ctx ends the owner of the socket has to close it.
func (h *Hub) Signal(ctx context.Context, s Socket) error {
	c := &trickle{hub: h, socket: s}
	for {
		_, data, err := s.ReadMessage()
		if err != nil {
			return err
		}
		var m Signal
		if err := json.Unmarshal(data, &m); err != nil {
			err = c.complain(invalid(codeInvalidEvent, "", "the message is not a JSON object: %s", short(err)))
			if err != nil {
				return err
			}
			continue
		}
		if m.Type == "bye" {
			c.bye()
			return nil
		}
		if err := c.take(ctx, m); err != nil {
			return err
		}
	}
}

// trickle is the state of one Socket.
type trickle struct {
	hub    *Hub
	early  []webrtc.ICECandidateInit // came before the offer
	peer   *peer                     // nil before the first offer
	socket Socket
}

func (c *trickle) take(ctx context.Context, m Signal) error {
	var err error
	switch m.Type {
	case "offer":
		err = c.offer(ctx, m)
	case "candidate":
		err = c.candidate(m.Candidate)
	default:
		err = invalid(codeInvalidValue, "type", "unknown type %q; known are offer, candidate and bye", clip(m.Type, 40))
	}
	if err == nil {
		return nil
	}
	return c.complain(err)
}

// offer answers the first offer with a call, a later one with an ICE restart.
func (c *trickle) offer(ctx context.Context, m Signal) error {
	if c.peer != nil {
		if err := checkOffer(m.SDP); err != nil {
			return err
		}
		if err := c.peer.negotiate(m.SDP); err != nil {
			return err
		}
		return c.answer(ctx)
	}
	p, err := c.hub.accept(ctx, m.SDP, CallOptions{Session: m.Session})
	if err != nil {
		return err
	}
	if err := c.hub.launch(ctx, p); err != nil {
		c.hub.abandon(p)
		return err
	}
	c.peer = p
	for _, i := range c.early {
		_ = p.pc.AddICECandidate(i)
	}
	c.early = nil
	return c.answer(ctx)
}

// answer sends our answer. All our candidates stand in it: they are addresses of this machine and known at once.
func (c *trickle) answer(ctx context.Context) error {
	sdp, err := c.peer.gathered(ctx)
	if err != nil {
		return err
	}
	return errors.Join(c.write(Signal{Type: "answer", SDP: sdp, CallID: c.peer.id}), c.write(Signal{Type: "candidate"}))
}

func (c *trickle) candidate(i *webrtc.ICECandidateInit) error {
	switch {
	case i == nil: // the end of the caller's candidates, of which nothing follows
		return nil
	case len(i.Candidate) > 1024:
		return invalid(codeInvalidValue, "candidate", "the candidate has %d bytes; the limit is 1024", len(i.Candidate))
	case c.peer == nil && len(c.early) == maxCandidates:
		return invalid(codeInvalidValue, "candidate", "more than %d candidates came before the offer", maxCandidates)
	case c.peer == nil:
		c.early = append(c.early, *i)
		return nil
	}
	if err := c.peer.pc.AddICECandidate(*i); err != nil {
		return invalid(codeInvalidValue, "candidate", "the candidate cannot be used: %s", short(err))
	}
	return nil
}

// complain tells the caller what was wrong and goes on.
func (c *trickle) complain(err error) error {
	e := &SignalError{Type: typeServer, Message: err.Error()}
	var own *Error
	switch {
	case errors.As(err, &own):
		e.Type, e.Code = own.Type, own.Code
	case errors.Is(err, ErrBusy):
		e.Code, e.RetryAfter = "busy", int(retryAfter(err).Seconds())
	}
	return c.write(Signal{Type: "error", Error: e})
}

func (c *trickle) write(m Signal) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return c.socket.WriteMessage(textMessage, data)
}

func (c *trickle) bye() {
	if c.peer != nil {
		c.peer.end(ErrHangup)
	}
}
