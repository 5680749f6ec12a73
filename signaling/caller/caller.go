// Package caller is the other end of a call: a client without a browser, for the command line and for tests.
//
// It speaks the protocol of package signaling, sends a question as Opus in real time, and keeps what it hears together with
// the time it came, so that the wait between the two can be measured on one clock.
//
// # Concurrency
//
// Dial may be called by many goroutines at once. The methods of a Call may be called by any goroutine.
package caller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/transport/v5"
	"github.com/pion/webrtc/v4"
	"golang.org/x/sync/errgroup"

	"omnilive/signaling"
)

// ErrEnded is returned by a Call's methods after the other side has ended it.
var ErrEnded = errors.New("caller: the call has ended")

// Options of a call. The zero value calls with silence and no camera.
type Options struct {
	APIKey  string            // sent as a bearer token
	Session json.RawMessage   // settings to begin with, as in session.update
	HTTP    *http.Client      // nil means http.DefaultClient
	Video   *Video            // nil means no camera
	Mic     Mic               // nil means that only Say speaks
	Hear    func([]float32)   // called with each frame that comes back, mono at media.InputRate; must not block; may be nil
	OnEvent func(Event)       // called for every event in order; must not block; may be nil
	Codecs  *signaling.Codecs // nil means signaling.DefaultCodecs
	Net     transport.Net     // a network of its own, for tests
	// Exchange carries the offer over and returns the answer and the call's URL; nil means a POST to Dial's url.
	Exchange func(ctx context.Context, offer string) (answer, location string, err error)
}

// Video is a camera: Frames writes encoded frames of type MIME until ctx ends.
type Video struct {
	MIME   string
	Frames func(ctx context.Context, write func(frame []byte, d time.Duration) error) error
}

// A Mic writes what it hears, mono at media.OutputRate (24 kHz), in stretches of any length as time goes by, until ctx ends.
// Its error ends the call. What cannot be sent in time is dropped, oldest first: Call.Dropped counts it.
type Mic func(ctx context.Context, write func(pcm []float32) error) error

// settle lets Pion finish what the server's closing began: it holds a lock for 200 ms where the two meet.
const settle = 10 * time.Millisecond

// An Event is a message from the server.
type Event struct {
	Type string
	At   time.Duration // since the call began
	Raw  json.RawMessage
}

// Decode reads the event's fields into v.
func (e Event) Decode(v any) error { return json.Unmarshal(e.Raw, v) }

// A Call is a call under way.
type Call struct {
	pc       *webrtc.PeerConnection
	channel  *webrtc.DataChannel
	camera   *webrtc.TrackLocalStaticSample // nil without a camera
	began    time.Time
	o        Options
	location string

	mouth  mouth
	ear    ear
	answer answer
	album  album
	hand   hand
	quit   context.CancelCauseFunc
	group  *errgroup.Group
}

// hand is what Pion's callbacks pass on.
type hand struct {
	open chan struct{} // closed when the events channel is open
	gone chan struct{} // closed when the connection is over
	once sync.Once     // closes gone
	in   chan Event
	done chan struct{} // closed when the call ends: nobody reads in any more
}

// Dial calls the server at url (such as http://127.0.0.1:8080) and returns once the events channel is open.
// The call lasts until Close or until the server ends it, not until ctx ends.
func Dial(ctx context.Context, url string, o Options) (*Call, error) {
	if o.Codecs == nil {
		o.Codecs = signaling.DefaultCodecs()
	}
	if o.Exchange == nil {
		o.Exchange = post{url: url, o: o}.exchange
	}
	c := &Call{o: o, began: time.Now(), hand: hand{open: make(chan struct{}), gone: make(chan struct{}), in: make(chan Event, 256), done: make(chan struct{})}}
	c.mouth.wake = make(chan struct{}, 1)
	c.answer.changed, c.album.changed = make(chan struct{}), make(chan struct{})
	if err := c.connect(ctx); err != nil {
		if c.pc != nil {
			_ = c.pc.GracefulClose()
		}
		return nil, err
	}
	return c, nil
}

func (c *Call) connect(ctx context.Context) error {
	var err error
	if c.pc, err = newConnection(c.o); err != nil {
		return fmt.Errorf("open peer connection: %w", err)
	}
	out, err := c.tracks()
	if err != nil {
		return err
	}
	if err := c.events(); err != nil {
		return err
	}
	heard := make(chan *webrtc.TrackRemote, 4)
	c.pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		select {
		case heard <- t:
		default:
		}
	})
	if err := c.negotiate(ctx); err != nil {
		return err
	}
	return c.start(ctx, out, heard)
}

func newConnection(o Options) (*webrtc.PeerConnection, error) {
	m, r := &webrtc.MediaEngine{}, &interceptor.Registry{}
	if err := m.RegisterDefaultCodecs(); err != nil {
		return nil, err
	}
	if err := webrtc.RegisterDefaultInterceptors(m, r); err != nil {
		return nil, err
	}
	s := webrtc.SettingEngine{}
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetIncludeLoopbackCandidate(true)
	s.DisableCloseByDTLS(true)
	if o.Net != nil {
		s.SetNet(o.Net)
	}
	s.SetSCTPMaxMessageSize(signaling.MaxMessage)
	return webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithInterceptorRegistry(r), webrtc.WithSettingEngine(s)).NewPeerConnection(webrtc.Configuration{})
}

// negotiate makes the offer, has it answered and takes the answer.
func (c *Call) negotiate(ctx context.Context) error {
	offer, err := c.pc.CreateOffer(nil)
	if err != nil {
		return fmt.Errorf("make offer: %w", err)
	}
	gathered := webrtc.GatheringCompletePromise(c.pc)
	if err := c.pc.SetLocalDescription(offer); err != nil {
		return fmt.Errorf("make offer: %w", err)
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	answer, location, err := c.o.Exchange(ctx, c.pc.LocalDescription().SDP)
	if err != nil {
		return err
	}
	c.location = location
	if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		return fmt.Errorf("take answer: %w", err)
	}
	return nil
}

// events opens the events channel, before the offer as the protocol wants it.
func (c *Call) events() error {
	var err error
	if c.channel, err = c.pc.CreateDataChannel(signaling.Label, nil); err != nil {
		return fmt.Errorf("open events channel: %w", err)
	}
	c.channel.OnOpen(func() { close(c.hand.open) })
	c.channel.OnClose(c.over)
	c.channel.OnMessage(func(m webrtc.DataChannelMessage) {
		e := Event{At: time.Since(c.began), Raw: m.Data}
		var h struct {
			Type string `json:"type"`
		}
		_ = json.Unmarshal(m.Data, &h)
		e.Type = h.Type
		select {
		case c.hand.in <- e:
		case <-c.hand.done:
		}
	})
	c.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateFailed {
			c.over()
		}
	})
	c.pc.SCTP().Transport().OnStateChange(func(s webrtc.DTLSTransportState) {
		if s == webrtc.DTLSTransportStateClosed {
			c.over()
		}
	})
	return nil
}

func (c *Call) over() { c.hand.once.Do(func() { close(c.hand.gone) }) }

// start runs the call's goroutines and waits for the events channel.
func (c *Call) start(dial context.Context, out *webrtc.TrackLocalStaticSample, heard chan *webrtc.TrackRemote) error {
	ctx, quit := context.WithCancelCause(context.WithoutCancel(dial))
	c.quit = quit
	c.group, ctx = errgroup.WithContext(ctx)
	c.group.Go(func() error {
		cause := ErrEnded
		select {
		case <-ctx.Done():
			cause = context.Cause(ctx)
		case <-c.hand.gone:
		}
		quit(cause)
		close(c.hand.done)
		c.answer.end(cause)
		c.album.end(cause)
		time.Sleep(settle)
		_ = c.pc.GracefulClose()
		return cause
	})
	c.group.Go(func() error { return c.talk(ctx, out) })
	c.group.Go(func() error { return c.listen(ctx, heard) })
	c.group.Go(func() error { return c.follow(ctx) })
	c.group.Go(func() error { return c.film(ctx) })
	c.group.Go(func() error { return c.record(ctx) })
	select {
	case <-c.hand.open:
		return nil
	case <-c.hand.gone:
		_ = c.Close()
		return fmt.Errorf("connect: %w", ErrEnded)
	case <-dial.Done():
		_ = c.Close()
		return fmt.Errorf("connect: %w", context.Cause(dial))
	}
}

// follow hands the events on, at the end those that came before it.
func (c *Call) follow(ctx context.Context) error {
	for {
		select {
		case e := <-c.hand.in:
			c.hear(e)
			continue
		case <-ctx.Done():
		}
		for {
			select {
			case e := <-c.hand.in:
				c.hear(e)
			default:
				return context.Cause(ctx)
			}
		}
	}
}

func (c *Call) hear(e Event) {
	c.answer.note(e)
	c.album.note(e)
	if c.o.OnEvent != nil {
		c.o.OnEvent(e)
	}
}

// Send sends an event, such as a map or a struct with a type field.
func (c *Call) Send(event any) error {
	data, err := json.Marshal(event)
	if err != nil {
		return fmt.Errorf("send event: %w", err)
	}
	if err := c.channel.SendText(string(data)); err != nil {
		return fmt.Errorf("send event: %w", err)
	}
	return nil
}

// Type puts words into the call as a message of the user and asks for the answer.
func (c *Call) Type(text string) error {
	item := map[string]any{"type": "message", "role": "user", "content": []any{map[string]any{"type": "input_text", "text": text}}}
	if err := c.Send(map[string]any{"type": "conversation.item.create", "item": item}); err != nil {
		return err
	}
	return c.Respond()
}

// Location is the call's URL on the server, ending in its id.
func (c *Call) Location() string { return c.location }

// Began is the zero of every time in this package.
func (c *Call) Began() time.Time { return c.began }

// Done is closed when the call is over.
func (c *Call) Done() <-chan struct{} { return c.hand.done }

// Close hangs up and waits until everything has ended. It may be called more than once.
func (c *Call) Close() error {
	c.quit(ErrEnded)
	err := c.group.Wait()
	if errors.Is(err, ErrEnded) {
		return nil
	}
	return err
}
