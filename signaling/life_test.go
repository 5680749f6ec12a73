package signaling_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"omnilive/signaling"
	"omnilive/signaling/caller"
)

// A call that is over leaves nothing behind: the goroutines after 200 calls are as many as after 20.
func TestTwoHundredCalls(t *testing.T) {
	calls := 200
	if testing.Short() {
		calls = 40
	}
	bubble(t, func(t *testing.T) {
		w := newWorld(t, signaling.Config{})
		defer w.close()
		early := 0
		for i := range calls {
			c, _, err := w.dial(caller.Options{})
			if err != nil {
				t.Fatalf("call %d: %v", i, err)
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Second)
			if i == 20 {
				early = runtime.NumGoroutine()
			}
		}
		if late := runtime.NumGoroutine(); late > early+5 {
			t.Errorf("%d goroutines after 20 calls, %d after %d", early, late, calls)
		}
		if n := w.codecs.open(); n != 0 {
			t.Errorf("%d codecs are open", n)
		}
	})
}

// meter keeps the causes of ended calls.
type meter struct {
	mu     sync.Mutex
	causes []string
	failed []string
	turns  int
}

func (*meter) CallStarted() {}
func (m *meter) CallEnded(cause string, _ time.Duration) {
	m.mu.Lock()
	m.causes = append(m.causes, cause)
	m.mu.Unlock()
}
func (m *meter) Turn(signaling.Latency) { m.mu.Lock(); m.turns++; m.mu.Unlock() }
func (*meter) Event(bool)               {}
func (m *meter) Failed(code string)     { m.mu.Lock(); m.failed = append(m.failed, code); m.mu.Unlock() }
func (*meter) Dropped(string)           {}
func (*meter) Underrun(time.Duration)   {}

// Calls end for the reason they end for.
func TestCauses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := &meter{}
		w := newWorld(t, signaling.Config{Meter: m})
		defer w.close()
		c, _, err := w.dial(caller.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_ = c.Say(loud(20))
		if _, err := c.Answer(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		_ = c.Send(map[string]string{"type": "nonsense"})
		time.Sleep(time.Second)
		_ = c.Close()
		time.Sleep(time.Second)
		if _, _, err := w.hub.Answer(t.Context(), readOffer(t), signaling.CallOptions{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(40 * time.Second)
		m.mu.Lock()
		defer m.mu.Unlock()
		if got := strings.Join(m.causes, " "); got != "hangup unreachable" || m.turns != 1 || strings.Join(m.failed, " ") != "invalid_value" {
			t.Errorf("causes %q, %d turns, errors %v", got, m.turns, m.failed)
		}
	})
}

// A network that goes away for ten seconds costs no call; one that stays away ends it.
func TestOutage(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, signaling.Config{})
		defer w.close()
		c, _, err := w.dial(caller.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		w.cut(true)
		time.Sleep(10 * time.Second)
		w.cut(false)
		_ = c.Say(loud(20))
		if _, err := c.Answer(t.Context(), 0); err != nil {
			t.Fatalf("after ten seconds: %v", err)
		}
		w.cut(true)
		time.Sleep(45 * time.Second)
		if s := w.hub.Stats(); s.Active != 0 {
			t.Errorf("45 s after the network went away: %+v", s)
		}
	})
}

func TestAnswerRefuses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, signaling.Config{})
		defer w.close()
		for name, c := range map[string]struct{ offer, session string }{
			"garbage":         {"v=0\r\ngarbage", ""},
			"no fingerprint":  {strings.ReplaceAll(readOffer(t), "a=fingerprint", "a=nothing"), ""},
			"session garbage": {readOffer(t), "{"},
			"session type":    {readOffer(t), `{"type":"translation"}`},
		} {
			var e *signaling.Error
			if _, _, err := w.hub.Answer(t.Context(), c.offer, signaling.CallOptions{Session: []byte(c.session)}); !errors.As(err, &e) || e.Message == "" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if s := w.hub.Stats(); s.Active != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestClosedHub(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, signaling.Config{})
		w.close()
		if _, _, err := w.hub.Answer(t.Context(), readOffer(t), signaling.CallOptions{}); !errors.Is(err, signaling.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}

// socket is a Socket in memory.
type socket struct {
	in  chan string
	out chan signaling.Signal
}

func (s *socket) ReadMessage() (int, []byte, error) {
	m, ok := <-s.in
	if !ok {
		return 0, nil, io.EOF
	}
	return 1, []byte(m), nil
}

func (s *socket) WriteMessage(_ int, b []byte) error {
	var m signaling.Signal
	if err := json.Unmarshal(b, &m); err != nil {
		return err
	}
	s.out <- m
	return nil
}

func (s *socket) send(t *testing.T, m signaling.Signal) {
	t.Helper()
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	s.in <- string(b)
}

// Candidates that trickle in after the offer connect the call; a second offer restarts ICE; bye ends it.
func TestTrickle(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, signaling.Config{})
		defer w.close()
		s := &socket{in: make(chan string), out: make(chan signaling.Signal, 8)}
		ended := make(chan error, 1)
		go func() { ended <- w.hub.Signal(t.Context(), s) }()

		s.in <- "{"
		s.send(t, signaling.Signal{Type: "dance"})
		s.send(t, signaling.Signal{Type: "offer", SDP: "nonsense"})
		for range 3 {
			if m := <-s.out; m.Type != "error" || m.Error.Message == "" {
				t.Errorf("got %+v, want an error", m)
			}
		}

		se := webrtc.SettingEngine{}
		se.SetNet(w.net())
		se.DisableCloseByDTLS(true) // Pion would sleep under a lock, and virtual time would stand still (network.go)
		pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(se)).NewPeerConnection(webrtc.Configuration{})
		if err != nil {
			t.Fatal(err)
		}
		defer pc.GracefulClose()
		var once sync.Once
		connected, first := make(chan struct{}), make(chan string, 1)
		pc.OnConnectionStateChange(func(st webrtc.PeerConnectionState) {
			if st == webrtc.PeerConnectionStateConnected {
				once.Do(func() { close(connected) })
			}
		})
		d, _ := pc.CreateDataChannel(signaling.Label, nil)
		d.OnMessage(func(m webrtc.DataChannelMessage) {
			select {
			case first <- string(m.Data):
			default:
			}
		})
		_, _ = pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio)
		var found []webrtc.ICECandidateInit
		gathered := make(chan struct{})
		pc.OnICECandidate(func(c *webrtc.ICECandidate) {
			if c == nil {
				close(gathered)
				return
			}
			found = append(found, c.ToJSON())
		})
		offer, _ := pc.CreateOffer(nil)
		bare := offer.SDP
		_ = pc.SetLocalDescription(offer)
		<-gathered
		s.send(t, signaling.Signal{Type: "offer", SDP: bare})
		m := <-s.out
		if m.Type != "answer" || !strings.HasPrefix(m.CallID, "rtc_") || !strings.Contains(m.SDP, "a=candidate") {
			t.Fatalf("got %+v, want an answer", m)
		}
		if end := <-s.out; end.Type != "candidate" || end.Candidate != nil {
			t.Errorf("got %+v, want the end of candidates", end)
		}
		if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: m.SDP}); err != nil {
			t.Fatal(err)
		}
		for i := range found {
			s.send(t, signaling.Signal{Type: "candidate", Candidate: &found[i]})
		}
		<-connected
		if got := <-first; !strings.Contains(got, "session.created") {
			t.Errorf("first event %s", got)
		}
		restart(t, pc, s)
		s.send(t, signaling.Signal{Type: "bye"})
		if err := <-ended; err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		if st := w.hub.Stats(); st.Active != 0 {
			t.Errorf("%+v", st)
		}
		close(s.in)
	})
}

// restart restarts ICE and expects another answer with another user name.
func restart(t *testing.T, pc *webrtc.PeerConnection, s *socket) {
	t.Helper()
	pc.OnICECandidate(nil)
	before := pc.RemoteDescription().SDP
	offer, err := pc.CreateOffer(&webrtc.OfferOptions{ICERestart: true})
	if err != nil {
		t.Fatal(err)
	}
	done := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-done
	s.send(t, signaling.Signal{Type: "offer", SDP: pc.LocalDescription().SDP})
	m := <-s.out
	if m.Type != "answer" || ufrag(m.SDP) == ufrag(before) {
		t.Fatalf("got %+v, want an answer with new credentials", m)
	}
	<-s.out
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: m.SDP}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * time.Second)
	if st := pc.ICEConnectionState(); st != webrtc.ICEConnectionStateConnected && st != webrtc.ICEConnectionStateCompleted {
		t.Errorf("after the restart ICE is %s", st)
	}
}

func ufrag(sdp string) string {
	_, rest, _ := strings.Cut(sdp, "a=ice-ufrag:")
	name, _, _ := strings.Cut(rest, "\r\n")
	return name
}

func FuzzOffer(f *testing.F) {
	good, err := os.ReadFile("testdata/chromium.sdp")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(good))
	f.Add("v=0\r\n")
	f.Fuzz(func(t *testing.T, offer string) {
		bubble(t, func(t *testing.T) {
			w := newWorld(t, signaling.Config{})
			defer w.close()
			_, answer, err := w.hub.Answer(t.Context(), offer, signaling.CallOptions{})
			if (answer == "") == (err == nil) {
				t.Errorf("answer %q and error %v", answer, err)
			}
		})
	})
}
