package signaling

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"omnilive/streaming"
)

// Config of a Hub. NewSession must be set; everything else works as zero.
type Config struct {
	// NewSession makes the session of one call. It returns ErrBusy where the model has no room.
	// Run of every session made is called exactly once, with a ctx that has already ended if the call never connected,
	// so that it can give back what the session holds.
	NewSession func(p streaming.Ports) (streaming.Runner, error)
	Network    Network
	Codecs     *Codecs         // nil means DefaultCodecs
	Calls      int             // how many at once; 0 means 8
	Admission  Admission       // which of them have to wait
	Voices     func() []string // the model's voices, the default first; other names are mapped to it; may be nil
	Connect    time.Duration   // how long a call may take to connect; 0 means 30 s
	Meter      Meter           // what is counted; may be nil
	Log        *slog.Logger    // nil means slog.Default()
}

// Defaults of Config.
const (
	defaultCalls   = 8
	defaultConnect = 30 * time.Second
)

// CallOptions are what a caller says besides its offer.
type CallOptions struct {
	Session []byte // JSON of a session object to begin with, as in session.update; may be empty
}

// A Hub owns every call: it answers offers, runs the peers and ends them.
type Hub struct {
	config  Config
	api     *webrtc.API
	ports   *ports
	start   chan *peer    // Answer → Run, which starts the peer
	stopped chan struct{} // closed when Run no longer takes peers
	once    sync.Once

	mu    sync.Mutex // guards what follows
	line  line       // places given away, those of calls being answered included, and who waits for one
	peers map[string]*peer
	stats Stats
}

// Stats are counts since the Hub was made.
type Stats struct {
	Active    int    // calls now, those being answered included, those waiting not
	Waiting   int    // calls that wait for a place now
	Answered  uint64 // offers that got an answer
	Refused   uint64 // offers that found all lines busy, and no room to wait
	Connected uint64 // calls that connected
	Waited    uint64 // calls that got their place after waiting
	Left      uint64 // calls that ended while they waited
	Load      Load
}

// New opens the media port. Run serves the calls and closes it again.
func New(c Config) (*Hub, error) {
	if c.NewSession == nil {
		return nil, errors.New("signaling: Config.NewSession is not set")
	}
	if c.Codecs == nil {
		c.Codecs = DefaultCodecs()
	}
	if c.Calls == 0 {
		c.Calls = defaultCalls
	}
	if c.Connect == 0 {
		c.Connect = defaultConnect
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Meter == nil {
		c.Meter = noMeter{}
	}
	log := pionLog{c.Log}
	p, err := c.Network.open(log)
	if err != nil {
		return nil, err
	}
	api, err := c.Network.api(p, log, c.Codecs.VideoTypes)
	if err != nil {
		p.close()
		return nil, err
	}
	return &Hub{
		config: c, api: api, ports: p, start: make(chan *peer), stopped: make(chan struct{}), peers: map[string]*peer{},
		line: line{gauge: gauge{admission: c.Admission}},
	}, nil
}

// Port is the number of the media port.
func (h *Hub) Port() int { return h.ports.number }

// Run serves calls until ctx ends, then ends them all, waits for them and closes the media port.
func (h *Hub) Run(ctx context.Context) error {
	defer h.ports.close()
	var calls sync.WaitGroup
	defer calls.Wait()
	defer h.once.Do(func() { close(h.stopped) })
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			h.admit()
		case p := <-h.start:
			calls.Go(func() { h.serve(ctx, p) })
		}
	}
}

// serve runs one call to its end.
func (h *Hub) serve(ctx context.Context, p *peer) {
	began := time.Now()
	h.config.Meter.CallStarted()
	p.log.Info("call started")
	err := p.run(ctx)
	lasted := time.Since(began)
	h.config.Meter.CallEnded(Cause(err), lasted)
	p.log.Info("call ended", "cause", Cause(err), "error", err, "lasted", lasted.Round(time.Millisecond), "drops", p.drops.Load())
	h.release(p.place, p, true)
}

// Answer takes an offer (SDP) and returns the call's id and the answer with all our candidates in it.
// It returns ErrBusy, ErrClosed, or an *Error for an offer that cannot be taken.
func (h *Hub) Answer(ctx context.Context, offer string, o CallOptions) (id, answer string, err error) {
	p, err := h.accept(ctx, offer, o)
	if err != nil {
		return "", "", err
	}
	if answer, err = p.gathered(ctx); err == nil {
		err = h.launch(ctx, p)
	}
	if err != nil {
		h.abandon(p)
		return "", "", err
	}
	return p.id, answer, nil
}

// accept reserves a place, inside or in the queue, and makes the peer of an offer.
func (h *Hub) accept(ctx context.Context, offer string, o CallOptions) (*peer, error) {
	if err := checkOffer(offer); err != nil {
		return nil, err
	}
	t, err := h.reserve()
	if err != nil {
		return nil, err
	}
	p, err := h.newPeer(ctx, offer, o, t)
	if err != nil {
		h.release(t, nil, false)
		if errors.Is(err, ErrBusy) { // there was a place, but the model had no room
			err = h.refuse()
		}
		return nil, err
	}
	return p, nil
}

// refuse counts a refusal, and says when it may be worth to ask again.
func (h *Hub) refuse() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stats.Refused++
	return &BusyError{h.line.retry()}
}

// launch hands p over to Run.
func (h *Hub) launch(ctx context.Context, p *peer) error {
	h.mu.Lock()
	h.peers[p.id] = p
	h.stats.Answered++
	h.mu.Unlock()
	select {
	case h.start <- p:
		return nil
	case <-h.stopped:
		return ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// abandon ends a peer that never ran.
func (h *Hub) abandon(p *peer) {
	p.discard()
	h.release(p.place, p, false)
}

func (h *Hub) reserve() (*ticket, error) {
	select {
	case <-h.stopped:
		return nil, ErrClosed
	default:
	}
	h.mu.Lock()
	t := h.line.take(time.Now(), h.config.Calls)
	h.mu.Unlock()
	if t == nil {
		return nil, h.refuse()
	}
	return t, nil
}

// release takes a place back; ran tells whether there was a call.
func (h *Hub) release(t *ticket, p *peer, ran bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p != nil {
		delete(h.peers, p.id)
	}
	switch waited := h.line.leave(t); {
	case waited:
		h.stats.Left++
	case ran:
		h.line.ended(time.Since(t.entered))
	}
	h.call()
}

// admit lets those in who wait and for whom there is a place now.
func (h *Hub) admit() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.call()
}

// call is admit with the lock held.
func (h *Hub) call() { h.stats.Waited += uint64(h.line.call(time.Now(), h.config.Calls)) }

// ready says that a call that waits has connected.
func (h *Hub) ready(t *ticket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t.ready = true
	h.call()
}

// stands returns a waiting call's position and how long it may have to wait.
func (h *Hub) stands(t *ticket) (position int, wait time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return t.position, h.line.wait(t.position)
}

// Hangup ends the call called id, or returns ErrUnknownCall.
func (h *Hub) Hangup(id string) error {
	h.mu.Lock()
	p := h.peers[id]
	h.mu.Unlock()
	if p == nil {
		return ErrUnknownCall
	}
	p.end(ErrHangup)
	return nil
}

// Stats returns the counts.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.stats
	s.Active, s.Waiting, s.Load = h.line.inside, len(h.line.queue), h.line.gauge.load()
	return s
}

func (h *Hub) connected() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stats.Connected++
}

// newID returns prefix and 24 characters nobody can guess: whoever knows a call's id may hang it up.
func newID(prefix string) string {
	var b [15]byte
	_, _ = rand.Read(b[:]) // never fails
	return prefix + strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

// Cause is a word for why a call ended, fit for a metric's label.
func Cause(err error) string {
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return "shutdown"
	case errors.Is(err, ErrHangup):
		return "hangup"
	case errors.Is(err, ErrSlowClient):
		return "slow_client"
	case errors.Is(err, ErrUnreachable):
		return "unreachable"
	default:
		return "error"
	}
}

func (c *Config) voices() []string {
	if c.Voices == nil {
		return nil
	}
	return c.Voices()
}
