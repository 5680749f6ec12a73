package signaling

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"golang.org/x/sync/errgroup"

	"omnilive/streaming"
)

// A peer is one caller: a peer connection, the session it talks with and the events between the two.
//
// Pion calls back on goroutines of its own; a callback only hands over what it got. Everything else happens in the
// goroutines of run.
type peer struct {
	id    string
	hub   *Hub
	log   *slog.Logger
	pc    *webrtc.PeerConnection
	voice *voice // to the loudspeaker

	place  *ticket
	mic    *mic
	camera *camera
	runner streaming.Runner         // set before hand.seated is closed
	begin  *streaming.UpdateSession // settings that came with the offer

	events *outbox
	mute   bool                               // the offer has no data channel: events go nowhere
	open   atomic.Pointer[webrtc.DataChannel] // the events channel once it is open
	hand   handover
	drops  atomic.Uint64
}

// handover is what Pion's callbacks pass on to run.
type handover struct {
	connected chan struct{}            // closed once
	seated    chan struct{}            // closed when the call has its place and its session
	once      sync.Once                // closes connected
	quit      chan error               // the first cause to end the call
	tracks    chan remoteTrack         // new tracks
	channel   chan *webrtc.DataChannel // the events channel, open
	inbox     chan []byte              // its messages
	done      chan struct{}            // closed when the call is ending: nobody listens any more
}

type remoteTrack struct {
	track    *webrtc.TrackRemote
	receiver *webrtc.RTPReceiver
}

// newPeer makes a peer for an offer that passed checkOffer: the answer is set, candidates are being gathered.
func (h *Hub) newPeer(ctx context.Context, offer string, o CallOptions, place *ticket) (*peer, error) {
	begin, err := h.initial(o)
	if err != nil {
		return nil, err
	}
	pc, err := h.api.NewPeerConnection(webrtc.Configuration{BundlePolicy: webrtc.BundlePolicyMaxBundle})
	if err != nil {
		return nil, fmt.Errorf("open peer connection: %w", err)
	}
	id := newID("rtc_")
	p := &peer{
		id: id, hub: h, log: h.config.Log.With("call", id), pc: pc, begin: begin, place: place,
		mic: newMic(), camera: newCamera(), events: newOutbox(id, h.config.Meter, h.config.voices()), hand: newHandover(),
	}
	p.mute = !strings.Contains(offer, "m=application")
	if err := p.prepare(offer); err != nil {
		p.discard()
		return nil, err
	}
	return p, nil
}

func newHandover() handover {
	return handover{
		connected: make(chan struct{}), seated: make(chan struct{}), quit: make(chan error, 1), tracks: make(chan remoteTrack, maxSections),
		channel: make(chan *webrtc.DataChannel), inbox: make(chan []byte), done: make(chan struct{}),
	}
}

// initial reads the settings that came with the offer.
func (h *Hub) initial(o CallOptions) (*streaming.UpdateSession, error) {
	if len(o.Session) == 0 {
		return nil, nil
	}
	if len(o.Session) > MaxSession {
		return nil, invalid(codeTooLarge, "session", "the session has %d bytes; the limit is %d", len(o.Session), MaxSession)
	}
	var s sessionFields
	if e := unmarshal(o.Session, &s); e != nil {
		return nil, e
	}
	u, e := (&decoder{codecs: *h.config.Codecs, voices: h.config.voices()}).update(s)
	if e != nil {
		return nil, e
	}
	return &streaming.UpdateSession{Update: u}, nil
}

// prepare sets everything up that must stand before the answer, in the order SDP wants it.
func (p *peer) prepare(offer string) error {
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2,
	}, "assistant", "assistant")
	if err != nil {
		return fmt.Errorf("make audio track: %w", err)
	}
	if err := p.speak(track); err != nil {
		return err
	}
	if _, err := p.pc.AddTrack(track); err != nil {
		return fmt.Errorf("add audio track: %w", err)
	}
	p.listenToPion()
	if err := p.negotiate(offer); err != nil {
		return err
	}
	select {
	case <-p.place.admitted:
		return p.sit()
	default: // it has to wait
		return nil
	}
}

// sit opens the session of a call that has its place.
func (p *peer) sit() (err error) {
	p.runner, err = p.hub.config.NewSession(streaming.Ports{Mic: p.mic, Out: p.voice, Camera: p.camera, Emit: p.emit})
	if err != nil {
		p.runner = nil
		return fmt.Errorf("open session: %w", err)
	}
	close(p.hand.seated)
	return nil
}

// speak makes the encoder that feeds track.
func (p *peer) speak(track *webrtc.TrackLocalStaticSample) error {
	enc, err := p.hub.config.Codecs.Speech(func(packet []byte, d time.Duration) error {
		return track.WriteSample(media.Sample{Data: packet, Duration: d})
	})
	if err != nil {
		return fmt.Errorf("open speech encoder: %w", err)
	}
	p.voice = &voice{enc}
	return nil
}

// negotiate takes an offer, the first or a later one (an ICE restart), and sets our answer.
func (p *peer) negotiate(offer string) error {
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return invalid(codeInvalidSDP, "sdp", "the offer cannot be used: %s", short(err))
	}
	answer, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return invalid(codeInvalidSDP, "sdp", "the offer cannot be answered: %s", short(err))
	}
	if err := p.pc.SetLocalDescription(answer); err != nil {
		return invalid(codeInvalidSDP, "sdp", "the offer cannot be answered: %s", short(err))
	}
	return nil
}

// gathered waits for our candidates and returns the answer with them.
func (p *peer) gathered(ctx context.Context) (string, error) {
	select {
	case <-webrtc.GatheringCompletePromise(p.pc):
		return p.pc.LocalDescription().SDP, nil
	case <-ctx.Done():
		return "", fmt.Errorf("gather candidates: %w", context.Cause(ctx))
	}
}

// listenToPion sets the callbacks.
func (p *peer) listenToPion() {
	p.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		switch s {
		case webrtc.PeerConnectionStateConnected:
			p.hand.once.Do(func() { close(p.hand.connected) })
		case webrtc.PeerConnectionStateFailed:
			p.end(ErrUnreachable)
		}
	})
	p.pc.SCTP().Transport().OnStateChange(func(s webrtc.DTLSTransportState) {
		if s == webrtc.DTLSTransportStateClosed { // the caller's close_notify
			p.end(ErrHangup)
		}
	})
	p.pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) {
		select {
		case p.hand.tracks <- remoteTrack{t, r}:
		default:
			p.drop("track")
		}
	})
	p.pc.OnDataChannel(p.onDataChannel)
}

// end asks for the end of the call. Only the first cause counts.
func (p *peer) end(cause error) {
	select {
	case p.hand.quit <- cause:
	default:
	}
}

// emit tells the caller what the session says. It does not block.
func (p *peer) emit(ev streaming.Event) {
	if l, ok := ev.(streaming.TurnLatency); ok {
		p.hub.config.Meter.Turn(l.Latency)
	}
	if !p.events.put(ev) {
		p.end(ErrSlowClient)
	}
}

func (p *peer) drop(what string) {
	p.drops.Add(1)
	p.hub.config.Meter.Dropped(what)
}

// run serves the call until it ends and returns why. It cancels everything, waits for everything, then frees.
func (p *peer) run(ctx context.Context) error {
	defer p.free()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { // first to know of the end, and the one that unblocks Pion's readers
		select {
		case <-ctx.Done():
		case cause := <-p.hand.quit:
			cancel(cause)
		}
		close(p.hand.done) // callbacks that wait for us let go, else Pion would wait for them
		return p.hangUp(ctx)
	})
	g.Go(func() error { return p.answerTracks(ctx, g) })
	g.Go(func() error { return p.tell(ctx) })
	g.Go(func() error { return p.show(ctx) })
	g.Go(func() error { return p.obey(ctx) })
	g.Go(func() error { return p.converse(ctx) })
	g.Go(func() error { return p.readReports() })
	err := g.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// settle lets Pion finish what the caller's own closing began: it holds a lock for 200 ms where the two meet.
const settle = 10 * time.Millisecond

// hangUp closes the peer connection, which sends the caller a DTLS alert, and waits for Pion's goroutines.
func (p *peer) hangUp(ctx context.Context) error {
	time.Sleep(settle)
	if err := p.pc.GracefulClose(); err != nil {
		p.log.Debug("close peer connection", "error", err)
	}
	return context.Cause(ctx)
}

// converse waits for the connection, then runs the session.
func (p *peer) converse(ctx context.Context) error {
	timer := time.NewTimer(p.hub.config.Connect)
	defer timer.Stop()
	select {
	case <-p.hand.connected:
		p.hub.connected()
	case <-timer.C:
		p.end(ErrUnreachable)
		<-ctx.Done()
	case <-ctx.Done():
	}
	err := p.await(ctx)
	if err == nil {
		err = p.runner.Run(ctx)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err == nil {
		err = ErrHangup
	} else {
		p.log.Error("session", "error", err)
		p.events.put(streaming.Failed{Err: &Error{Type: typeServer, Code: typeServer, Message: "the session ended: " + clip(err.Error(), 200)}})
	}
	p.flush(ctx)
	return fmt.Errorf("session: %w", err)
}

// await waits in the queue and tells the caller where it stands, until the call has its place and its session.
func (p *peer) await(ctx context.Context) error {
	if p.runner != nil {
		return nil // there was a place at once
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for p.hub.ready(p.place); ; {
		position, wait := p.hub.stands(p.place)
		if !p.events.queued(position, wait) {
			p.end(ErrSlowClient)
		}
		if position == 0 {
			return p.sit()
		}
		select {
		case <-p.place.admitted:
		case <-p.place.moved:
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// readReports reads what the caller reports about our sound, which keeps Pion's interceptors going.
func (p *peer) readReports() error {
	for _, s := range p.pc.GetSenders() {
		for {
			if _, _, err := s.ReadRTCP(); err != nil {
				break // closed
			}
		}
	}
	return nil
}

// discard ends a peer that will not run.
func (p *peer) discard() {
	close(p.hand.done)
	_ = p.pc.GracefulClose()
	if p.runner != nil {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		_ = p.runner.Run(ended)
	}
	p.free()
}

// free gives back the codecs. Nobody uses them any more.
func (p *peer) free() {
	err := errors.Join(p.mic.close(), p.camera.close())
	if p.voice != nil {
		err = errors.Join(err, p.voice.Close())
	}
	if err != nil {
		p.log.Debug("free codecs", "error", err)
	}
}

// marshal is m's JSON. Our messages hold nothing that cannot be marshalled.
func marshal(m message) []byte {
	b, err := json.Marshal(m)
	if err != nil {
		return nil
	}
	return b
}
