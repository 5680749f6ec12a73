package live

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/logging"
	"github.com/pion/transport/v5/vnet"

	"omnilive/media"
	"omnilive/model"
	"omnilive/signaling"
	"omnilive/signaling/caller"
	"omnilive/streaming"
)

// plain are codecs without a loss: 16 bits a sample, a camera picture by its number.
func plain() *signaling.Codecs {
	return &signaling.Codecs{
		Audio: func(uint8) (signaling.AudioReceiver, error) {
			return &plainReceiver{frames: make(chan media.Frame, 64)}, nil
		},
		Speech: func(send func([]byte, time.Duration) error) (signaling.AudioSender, error) {
			return plainSender(send), nil
		},
		Video: func(string, func()) (signaling.VideoReceiver, error) {
			return &plainCamera{pictures: make(chan byte, 1)}, nil
		},
		VideoTypes: []string{"video/VP8"},
	}
}

type plainReceiver struct {
	frames chan media.Frame
	pts    int64
}

// Push takes three samples of a packet for two.
func (r *plainReceiver) Push(p []byte) error {
	const header = 12
	f := media.Frame{PCM: make([]float32, media.InputRate/50)}
	at := func(i int) float32 { return float32(int16(binary.LittleEndian.Uint16(p[header+2*i:]))) / 32768 }
	if len(p) == header+2*media.OutputFrame {
		for i := 0; i < len(f.PCM); i += 2 {
			f.PCM[i], f.PCM[i+1] = at(3*i/2), (at(3*i/2+1)+at(3*i/2+2))/2
		}
	}
	select {
	case r.frames <- f:
	default:
	}
	return nil
}

func (r *plainReceiver) ReadFrame(ctx context.Context, f *media.Frame) error {
	select {
	case *f = <-r.frames:
		f.PTS = r.pts
		r.pts += int64(len(f.PCM))
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
func (r *plainReceiver) Close() error { return nil }

type plainSender func([]byte, time.Duration) error

func (s plainSender) WriteFrame(_ context.Context, f *media.Frame) error {
	if len(f.PCM) == 0 {
		return s([]byte{0xf8, 0xff, 0xfe}, media.FrameTime)
	}
	b := make([]byte, 2*media.OutputFrame)
	for i, v := range f.PCM {
		binary.LittleEndian.PutUint16(b[2*i:], uint16(int16(max(-1, min(v, 0.999))*32768)))
	}
	return s(b, media.FrameTime)
}
func (s plainSender) Close() error { return nil }

type plainCamera struct{ pictures chan byte }

func (c *plainCamera) Push(b []byte) error {
	select {
	case <-c.pictures:
	default:
	}
	c.pictures <- b[len(b)-1]
	return nil
}

// Look returns the picture of the newest number: another one for each.
func (c *plainCamera) Look(ctx context.Context) (media.Picture, error) {
	select {
	case n := <-c.pictures:
		p := scene(rand.New(rand.NewPCG(uint64(n), 4)))
		for i := range p.RGB {
			p.RGB[i] = p.RGB[i]/8 + n*37
		}
		return media.Picture{Width: p.Width, Height: p.Height, RGB: p.RGB}, nil
	case <-ctx.Done():
		return media.Picture{}, ctx.Err()
	}
}
func (c *plainCamera) Close() error { return nil }

// loudness calls loud what is loud.
type loudness struct{}

func (loudness) Probability(hop []float32) (float32, error) {
	for _, v := range hop {
		if v > 0.02 {
			return 0.9, nil
		}
	}
	return 0.05, nil
}
func (loudness) Reset() {}
func (loudness) Close() {}

type quiet struct{}

func (quiet) NewLogger(string) logging.LeveledLogger {
	return logging.NewDefaultLeveledLoggerForScope("", logging.LogLevelDisabled, io.Discard)
}

// A house is a hub on a virtual network; every conversation of its model is taped.
type house struct {
	t     *testing.T
	l     *Model
	wan   *vnet.Router
	hub   *signaling.Hub
	hosts byte
	seed  uint64

	mu    sync.Mutex // guards what follows
	tapes []*tape
}

// NewConversation tapes one.
func (h *house) NewConversation(ctx context.Context, o model.Options) (model.Conversation, error) {
	c, err := h.l.NewConversation(ctx, o)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	seed := h.seed + uint64(len(h.tapes))
	p := &tape{Conversation: c.(*Conversation), hearing: rand.New(rand.NewPCG(seed, 1)), replying: rand.New(rand.NewPCG(seed, 2))}
	h.tapes = append(h.tapes, p)
	return p, nil
}

func (h *house) Abilities() model.Abilities     { return h.l.Abilities() }
func (h *house) Warm(ctx context.Context) error { return h.l.Warm(ctx) }
func (h *house) Close() error                   { return nil }

func (h *house) net() *vnet.Net {
	h.t.Helper()
	h.hosts++
	n, err := vnet.NewNet(&vnet.NetConfig{StaticIPs: []string{fmt.Sprintf("10.9.0.%d", h.hosts)}})
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.wan.AddNet(n); err != nil {
		h.t.Fatal(err)
	}
	return n
}

// open puts the house on its network, 30 ms from everybody, and returns what closes it.
func (h *house) open() (shut func()) {
	h.t.Helper()
	var err error
	if h.wan, err = vnet.NewRouter(&vnet.RouterConfig{CIDR: "10.9.0.0/24", MinDelay: 30 * time.Millisecond, LoggerFactory: quiet{}}); err != nil {
		h.t.Fatal(err)
	}
	h.hosts = 10
	c := signaling.Config{Codecs: plain(), Network: signaling.Network{Net: h.net()}, Log: slog.New(slog.DiscardHandler)}
	c.NewSession = func(p streaming.Ports) (streaming.Runner, error) {
		return streaming.NewSession(streaming.Config{
			Model: h, NewSpeech: func() (model.SpeechDetector, error) { return loudness{}, nil }, Log: c.Log,
			Settings: streaming.Settings{},
		}, p)
	}
	if err := h.wan.Start(); err != nil {
		h.t.Fatal(err)
	}
	if h.hub, err = signaling.New(c); err != nil {
		h.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(h.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.hub.Run(ctx) }()
	return func() {
		stop()
		if err := <-ended; err != nil {
			h.t.Errorf("hub: %v", err)
		}
		if err := h.wan.Stop(); err != nil {
			h.t.Errorf("network: %v", err)
		}
	}
}

// A visitor calls the house and says what comes to its mind.
type visitor struct {
	h *house
	c *caller.Call
	r *rand.Rand
	x []float32 // what there is to say, at media.OutputRate
}

func (h *house) visit(n int, x []float32, camera bool) (*visitor, error) {
	o := caller.Options{Net: h.net(), Codecs: plain()}
	if camera {
		o.Video = &caller.Video{MIME: "video/VP8", Frames: h.film}
	}
	o.Exchange = func(ctx context.Context, offer string) (string, string, error) {
		id, answer, err := h.hub.Answer(ctx, offer, signaling.CallOptions{})
		return answer, id, err
	}
	c, err := caller.Dial(h.t.Context(), "", o)
	return &visitor{h: h, c: c, r: rand.New(rand.NewPCG(h.seed+uint64(n), 3)), x: x}, err
}

// film shows something else every second or two.
func (h *house) film(ctx context.Context, write func([]byte, time.Duration) error) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		if err := write([]byte{1, 2, byte(n / 15)}, 200*time.Millisecond); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// say says a few words, with a pause that may be thought the end, or be it.
func (v *visitor) say() error {
	for range 1 + v.r.IntN(3) {
		n := (200 + v.r.IntN(800)) * media.OutputRate / 1000
		at := v.r.IntN(len(v.x) - n)
		pause := make([]float32, (60+v.r.IntN(500))*media.OutputRate/1000)
		if err := v.c.Say(append(append([]float32(nil), v.x[at:at+n]...), pause...)); err != nil {
			return err
		}
	}
	_, err := v.c.Said(v.h.t.Context())
	return err
}

// live has a conversation of so many turns.
func (v *visitor) live(turns int) error {
	for i := range turns {
		var err error
		switch v.r.IntN(6) {
		case 0:
			err = v.c.Type(fmt.Sprintf("질문 %d: what now?", i))
		case 1:
			if err = v.c.Send(map[string]any{"type": "response.cancel"}); err == nil {
				err = v.c.Send(map[string]any{"type": "response.create", "response": map[string]any{"output_modalities": []string{"text"}}})
			}
		default:
			err = v.say()
		}
		if err != nil {
			return err
		}
		time.Sleep(some(v.r, 4000))
	}
	time.Sleep(4 * time.Second)
	return nil
}

// Calls over a network, from the microphone's packets to the answer's, with guesses at each pause, interruptions wherever the
// call happens to be, words typed and pictures shown: every answer, those that were taken back among them, is the one that the
// code of `omnilive ask` gives to what the call's model was given.
func TestCallsOverVnetAnswerAsAskDoes(t *testing.T) {
	o := Options{System: "You are CLOVA X.", Words: 8, Units: 30}
	reference := openWith(t, 1, 8192, o)
	x := make([]float32, 0)
	for _, v := range wave(t, "question.wav") { // at another rate and higher: it is sound all the same
		x = append(x, min(max(4*v, -0.9), 0.9))
	}
	for _, n := range []struct{ calls, times, turns int }{{1, 3, 6}, {8, 1, 4}} {
		if testing.Short() {
			n.times, n.turns = 1, 2
		}
		t.Run(fmt.Sprint(n.calls, " calls"), func(t *testing.T) {
			var sum counts
			for i := range n.times {
				for j, p := range taped(t, n.calls, n.turns, uint64(1000*n.calls+10*i), o, x) {
					r := &replay{t: t, s: &scribe{t: t, l: reference}, n: fmt.Sprintf("time %d, call %d", i, j)}
					r.s.text("<|im_start|>system\n" + o.System + "<|im_end|>\n")
					r.follow(p)
					sum.add(r.count)
				}
			}
			t.Logf("%+v", sum)
			if !testing.Short() && min(sum.asked, sum.undone, sum.cut, sum.whole, sum.views, sum.typed) == 0 {
				t.Errorf("something did not happen: %+v", sum)
			}
		})
	}
}

// taped has so many calls at once, of so many turns, in virtual time. The model works inside of the bubble: the call's clock
// stands still meanwhile, and a tape's sleeps are what work costs.
func taped(t *testing.T, calls, turns int, seed uint64, o Options, x []float32) (tapes []*tape) {
	synctest.Test(t, func(t *testing.T) {
		h := &house{t: t, l: openWith(t, 2*calls, 8192, o), seed: seed}
		defer h.open()()
		var all sync.WaitGroup
		for i := range calls {
			v, err := h.visit(i, x, (int(seed)/10+i)%2 == 1)
			if err != nil {
				t.Fatal(err)
			}
			all.Go(func() {
				defer v.c.Close()
				if err := v.live(turns); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		tapes = h.tapes
	})
	return tapes
}
