package signaling_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/transport/v5/vnet"

	"omnilive/media"
	"omnilive/signaling"
	"omnilive/streaming"
)

// fakeCodecs are codecs without C: a frame's first sample travels as one byte, silence as an Opus silence frame.
func fakeCodecs(c *counts) *signaling.Codecs {
	return &signaling.Codecs{
		Audio: func(uint8) (signaling.AudioReceiver, error) {
			c.add(1)
			return &fakeReceiver{counts: c, frames: make(chan media.Frame, 1024)}, nil
		},
		Speech: func(send func([]byte, time.Duration) error) (signaling.AudioSender, error) {
			c.add(1)
			return &fakeSender{counts: c, send: send}, nil
		},
		Video: func(string, func()) (signaling.VideoReceiver, error) {
			c.add(1)
			return &fakeCamera{counts: c, pictures: make(chan media.Picture, 1)}, nil
		},
		VideoTypes: []string{"video/VP8"},
		ParseDataURI: func(uri string) (string, []byte, error) {
			if uri != "data:image/png;base64,AAAA" {
				return "", nil, errors.New("not a data URI")
			}
			return "image/png", []byte{0, 0, 0}, nil
		},
		DecodeImage: func([]byte, int) (media.Picture, error) {
			return media.Picture{Width: 1, Height: 1, RGB: make([]byte, 3)}, nil
		},
	}
}

// counts is how many codecs are open.
type counts struct {
	mu sync.Mutex
	n  int
}

func (c *counts) add(n int) { c.mu.Lock(); c.n += n; c.mu.Unlock() }
func (c *counts) open() int { c.mu.Lock(); defer c.mu.Unlock(); return c.n }

type fakeReceiver struct {
	*counts
	frames chan media.Frame
}

func (r *fakeReceiver) Push(p []byte) error {
	if len(p) < 13 {
		return io.ErrShortBuffer
	}
	f := media.Frame{PCM: make([]float32, media.InputRate/50)}
	if p[12] != 0xf8 {
		f.PCM[0] = float32(p[12]) / 128
	}
	select {
	case r.frames <- f:
	default:
	}
	return nil
}

func (r *fakeReceiver) ReadFrame(ctx context.Context, f *media.Frame) error {
	select {
	case *f = <-r.frames:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
func (r *fakeReceiver) Close() error { r.add(-1); return nil }

type fakeSender struct {
	*counts
	send func([]byte, time.Duration) error
}

func (s *fakeSender) WriteFrame(_ context.Context, f *media.Frame) error {
	if len(f.PCM) == 0 {
		return s.send([]byte{0xf8, 0xff, 0xfe}, media.FrameTime)
	}
	return s.send([]byte{byte(f.PCM[0] * 128), 0}, media.FrameTime)
}
func (s *fakeSender) Close() error { s.add(-1); return nil }

type fakeCamera struct {
	*counts
	pictures chan media.Picture
}

// Push makes a picture as wide as the packet's last byte says.
func (c *fakeCamera) Push(b []byte) error {
	select {
	case c.pictures <- media.Picture{Width: int(b[len(b)-1]), Height: 1, RGB: make([]byte, 3*int(b[len(b)-1]))}:
	default:
	}
	return nil
}

func (c *fakeCamera) Look(ctx context.Context) (media.Picture, error) {
	select {
	case p := <-c.pictures:
		return p, nil
	case <-ctx.Done():
		return media.Picture{}, ctx.Err()
	}
}
func (c *fakeCamera) Close() error { c.add(-1); return nil }

// fakeSession answers every utterance (loud frames, then ten silent ones) with "Hello." in five frames.
type fakeSession struct {
	ports    streaming.Ports
	commands chan streaming.Command
	settings streaming.Settings
	flood    bool  // emit without end at the first command
	fail     error // what Run returns at the first command
	answers  int
}

func newFakeSession(p streaming.Ports) *fakeSession {
	return &fakeSession{
		ports: p, commands: make(chan streaming.Command),
		settings: streaming.Settings{
			ID: "sess_1", Model: "fake", Voice: "anna", Modality: "audio", Transcription: true, Speed: 1,
			Turn: streaming.TurnDetection{Type: "semantic_vad", Eagerness: "auto", CreateResponse: true, InterruptResponse: true},
		},
	}
}

func (s *fakeSession) Do(ctx context.Context, c streaming.Command) error {
	select {
	case s.commands <- c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *fakeSession) Run(ctx context.Context) error {
	frames := make(chan media.Frame)
	var hearing sync.WaitGroup
	defer hearing.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	hearing.Go(func() { s.hear(ctx, frames) })
	if ctx.Err() == nil {
		s.ports.Emit(streaming.SessionCreated{Settings: s.settings})
	}
	silent, spoke := 0, false
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case c := <-s.commands:
			if s.fail != nil {
				return s.fail
			}
			s.obey(ctx, c)
		case f := <-frames:
			if f.PCM[0] > 0 {
				silent, spoke = 0, true
			} else if silent++; spoke && silent == 10 {
				spoke = false
				s.turn(ctx)
			}
		}
	}
}

func (s *fakeSession) hear(ctx context.Context, to chan<- media.Frame) {
	for {
		var f media.Frame
		if s.ports.Mic.ReadFrame(ctx, &f) != nil {
			return
		}
		select {
		case to <- f:
		case <-ctx.Done():
			return
		}
	}
}

func (s *fakeSession) obey(ctx context.Context, c streaming.Command) {
	switch c := c.(type) {
	case streaming.UpdateSession:
		if c.Update.Instructions != nil {
			s.settings.Instructions = *c.Update.Instructions
		}
		if c.Update.Tools != nil {
			s.settings.Tools = *c.Update.Tools
		}
		if c.Update.ToolChoice != nil {
			s.settings.ToolChoice = *c.Update.ToolChoice
		}
		s.ports.Emit(streaming.SessionUpdated{Settings: s.settings})
	case streaming.CreateItem:
		c.Item.ID = "item_text"
		s.ports.Emit(streaming.ItemAdded{Item: c.Item})
		s.ports.Emit(streaming.ItemDone{Item: c.Item})
	case streaming.CreateResponse:
		if c.ToolChoice != "" {
			s.call(c.ToolChoice)
			return
		}
		s.respond(ctx)
	case streaming.DrawImage:
		s.draw(ctx, c)
	case streaming.CancelResponse:
		for s.flood {
			s.ports.Emit(streaming.CameraSeen{Text: "x"})
			if ctx.Err() != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
		s.ports.Emit(streaming.Failed{Err: &signaling.Error{
			Type: "invalid_request_error", Code: "response_cancel_not_active",
			Message: "nothing to cancel", EventID: c.EventID,
		}})
	}
}

func (s *fakeSession) turn(ctx context.Context) {
	e := s.ports.Emit
	user := streaming.Item{
		ID: "item_user", Role: streaming.RoleUser, Status: streaming.StatusCompleted,
		Content: []streaming.Part{{Type: streaming.PartInputAudio}},
	}
	e(streaming.SpeechStarted{ItemID: "item_user", AudioStartMS: 100})
	e(streaming.SpeechStopped{ItemID: "item_user", AudioEndMS: 900})
	e(streaming.Committed{ItemID: "item_user"})
	e(streaming.ItemAdded{Item: user})
	e(streaming.ItemDone{Item: user})
	e(streaming.InputTranscriptDelta{ItemID: "item_user", Delta: "Hi"})
	e(streaming.InputTranscriptDone{ItemID: "item_user", Transcript: "Hi", Language: "en", AudioTokens: 40, TextTokens: 1})
	s.respond(ctx)
}

func (s *fakeSession) respond(ctx context.Context) {
	s.answers++
	e, words := s.ports.Emit, "Hello."
	r := streaming.Response{ID: "resp_1", Status: streaming.StatusInProgress, Modality: "audio"}
	it := streaming.Item{ID: "item_answer", Role: streaming.RoleAssistant, Status: streaming.StatusInProgress}
	e(streaming.ResponseCreated{Response: r})
	e(streaming.OutputItemAdded{ResponseID: r.ID, Item: it})
	e(streaming.ItemAdded{Item: it, Previous: "item_user"})
	empty := ""
	e(streaming.ContentPartAdded{ResponseID: r.ID, ItemID: it.ID, Part: streaming.Part{Type: streaming.PartOutputAudio, Transcript: &empty}})
	e(streaming.OutputAudioStarted{ResponseID: r.ID})
	e(streaming.TurnLatency{ResponseID: r.ID, Latency: streaming.Latency{Total: 321 * time.Millisecond}})
	e(streaming.OutputTranscriptDelta{ResponseID: r.ID, ItemID: it.ID, Delta: words})
	for range 5 {
		_ = s.ports.Out.WriteFrame(ctx, &media.Frame{PCM: append([]float32{0.5}, make([]float32, media.OutputFrame-1)...)})
		time.Sleep(media.FrameTime)
	}
	it.Status, it.Content = streaming.StatusCompleted, []streaming.Part{{Type: streaming.PartOutputAudio, Transcript: &words}}
	e(streaming.OutputDone{ResponseID: r.ID, Item: it, Previous: "item_user"})
	r.Status, r.Output = streaming.StatusCompleted, []streaming.Item{it}
	e(streaming.ResponseDone{Response: r})
	e(streaming.OutputAudioStopped{ResponseID: r.ID})
}

// call answers with a call of a tool and nothing else.
func (s *fakeSession) call(tool string) {
	e := s.ports.Emit
	r := streaming.Response{ID: "resp_2", Status: streaming.StatusInProgress, Modality: "audio"}
	it := streaming.Item{ID: "item_call", Type: streaming.ItemCall, Status: streaming.StatusInProgress, CallID: "call_1", Name: tool}
	e(streaming.ResponseCreated{Response: r})
	e(streaming.OutputItemAdded{ResponseID: r.ID, Item: it})
	e(streaming.ItemAdded{Item: it})
	it.Status, it.Arguments = streaming.StatusCompleted, `{"city":"Seoul"}`
	e(streaming.OutputDone{ResponseID: r.ID, Item: it})
	r.Status, r.Output = streaming.StatusCompleted, []streaming.Item{it}
	e(streaming.ResponseDone{Response: r})
}

// draw answers with a picture of noise, previews before it, and words all the while.
func (s *fakeSession) draw(ctx context.Context, c streaming.DrawImage) {
	e := s.ports.Emit
	r := streaming.Response{ID: "resp_3", Status: streaming.StatusInProgress, Modality: "audio"}
	p := noise(32*c.Width, 32*c.Height)
	e(streaming.ResponseCreated{Response: r})
	e(streaming.ImageStarted{ResponseID: r.ID, ID: "img_1", Width: p.Width, Height: p.Height})
	for i := range 40 {
		if i%10 == 0 {
			e(streaming.ImageProgress{ID: "img_1", Done: float64(i) / 40, Preview: &p})
		}
		if i == 20 {
			e(streaming.ImageDone{ResponseID: r.ID, ID: "img_2", Picture: p})
		}
		e(streaming.CameraSeen{Text: "a cup"})
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	e(streaming.ImageDone{ResponseID: r.ID, ID: "img_1", Picture: p})
	e(streaming.ImageFailed{ID: "img_3", Reason: streaming.ImageCancelled})
	r.Status = streaming.StatusCompleted
	e(streaming.ResponseDone{Response: r})
}

// noise is a picture that no JPEG makes small.
func noise(w, h int) media.Picture {
	p := media.Picture{Width: w, Height: h, RGB: make([]byte, 3*w*h)}
	dice := rand.New(rand.NewSource(2))
	for i := range p.RGB {
		p.RGB[i] = byte(dice.Intn(256))
	}
	return p
}

// world is a network with a hub on it.
type world struct {
	t      *testing.T
	wan    *vnet.Router
	hub    *signaling.Hub
	codecs *counts

	dead, lossy atomic.Bool

	mu       sync.Mutex
	sessions []*fakeSession
	next     byte
	ended    chan error
	stop     context.CancelFunc
}

// newWorld starts a hub behind 30 ms of network each way. Inside a synctest bubble all of it takes no time.
func newWorld(t *testing.T, c signaling.Config) *world {
	t.Helper()
	wan, err := vnet.NewRouter(&vnet.RouterConfig{CIDR: "10.9.0.0/24", MinDelay: 30 * time.Millisecond, LoggerFactory: quiet{}})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, wan: wan, codecs: &counts{}, next: 10, ended: make(chan error, 1)}
	dice := rand.New(rand.NewSource(1))
	wan.AddChunkFilter(func(vnet.Chunk) bool { // holds the router's lock, which net takes with mu held
		return !w.dead.Load() && (!w.lossy.Load() || dice.Intn(10) > 0)
	})
	c.Network.Net = w.net()
	if c.Codecs == nil {
		c.Codecs = fakeCodecs(w.codecs)
	}
	if c.NewSession == nil {
		c.NewSession = func(p streaming.Ports) (streaming.Runner, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.sessions = append(w.sessions, newFakeSession(p))
			return w.sessions[len(w.sessions)-1], nil
		}
	}
	if err := wan.Start(); err != nil {
		t.Fatal(err)
	}
	if w.hub, err = signaling.New(c); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	w.stop = stop
	go func() { w.ended <- w.hub.Run(ctx) }()
	return w
}

// net is one more host on the network.
func (w *world) net() *vnet.Net {
	w.t.Helper()
	w.mu.Lock() // vnet.NewNet counts its hosts in a global
	defer w.mu.Unlock()
	w.next++
	n, err := vnet.NewNet(&vnet.NetConfig{StaticIPs: []string{fmt.Sprintf("10.9.0.%d", w.next)}})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.wan.AddNet(n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) cut(on bool)  { w.dead.Store(on) }
func (w *world) lose(on bool) { w.lossy.Store(on) }

// close ends the hub and fails if anything is left over.
func (w *world) close() {
	w.t.Helper()
	w.stop()
	if err := <-w.ended; err != nil {
		w.t.Errorf("hub: %v", err)
	}
	if err := w.wan.Stop(); err != nil {
		w.t.Errorf("network: %v", err)
	}
	if n := w.codecs.open(); n != 0 {
		w.t.Errorf("%d codecs were not closed", n)
	}
	if s := w.hub.Stats(); s.Active != 0 {
		w.t.Errorf("%d calls hold a place", s.Active)
	}
}
