package signaling_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"

	omnimedia "omnilive/media"
	"omnilive/signaling"
	"omnilive/streaming"
)

// A shooter is a caller that changes its tracks in mid-call.
type shooter struct {
	t   *testing.T
	w   *world
	pc  *webrtc.PeerConnection
	s   *socket
	mu  sync.Mutex
	on  map[*webrtc.TrackLocalStaticSample]byte // the width of the pictures that go out
	end context.CancelFunc
}

// shoot calls with a microphone and one video track.
func shoot(t *testing.T, w *world, width byte) (*shooter, *webrtc.RTPSender) {
	t.Helper()
	se := webrtc.SettingEngine{}
	se.SetNet(w.net())
	se.DisableCloseByDTLS(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(se)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	c := &shooter{
		t: t, w: w, pc: pc, end: end, on: map[*webrtc.TrackLocalStaticSample]byte{},
		s: &socket{in: make(chan string), out: make(chan signaling.Signal, 8)},
	}
	go func() { _ = w.hub.Signal(ctx, c.s) }()
	go c.film(ctx)
	if _, err := pc.CreateDataChannel(signaling.Label, nil); err != nil {
		t.Fatal(err)
	}
	_, _ = pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio)
	sender := c.add(width)
	c.negotiate()
	time.Sleep(2 * time.Second)
	return c, sender
}

// add adds a track of pictures so wide.
func (c *shooter) add(width byte) *webrtc.RTPSender {
	c.t.Helper()
	sender, err := c.pc.AddTrack(c.track(width))
	if err != nil {
		c.t.Fatal(err)
	}
	return sender
}

func (c *shooter) track(width byte) *webrtc.TrackLocalStaticSample {
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, string('a'+rune(width)), "camera")
	if err != nil {
		c.t.Fatal(err)
	}
	c.show(track, width)
	return track
}

// show has a track's pictures be so wide; 0 stops them.
func (c *shooter) show(track *webrtc.TrackLocalStaticSample, width byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.on[track] = width
}

func (c *shooter) film(ctx context.Context) {
	for ctx.Err() == nil {
		c.mu.Lock()
		for track, width := range c.on {
			if width > 0 {
				_ = track.WriteSample(media.Sample{Data: []byte{width, 2, width}, Duration: 100 * time.Millisecond})
			}
		}
		c.mu.Unlock()
		time.Sleep(100 * time.Millisecond)
	}
}

// negotiate offers what there is now.
func (c *shooter) negotiate() {
	c.t.Helper()
	offer, err := c.pc.CreateOffer(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	done := webrtc.GatheringCompletePromise(c.pc)
	if err := c.pc.SetLocalDescription(offer); err != nil {
		c.t.Fatal(err)
	}
	<-done
	c.s.send(c.t, signaling.Signal{Type: "offer", SDP: c.pc.LocalDescription().SDP})
	m := <-c.s.out
	if m.Type != "answer" {
		c.t.Fatalf("got %+v, want an answer", m)
	}
	<-c.s.out
	if err := c.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: m.SDP}); err != nil {
		c.t.Fatal(err)
	}
}

// see holds that the server sees pictures so wide within d.
func (c *shooter) see(what string, width int, d time.Duration) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), d)
	defer cancel()
	last := -1
	for {
		p, err := c.w.sessions[0].ports.Camera.Look(ctx)
		if err == nil {
			if last = p.Width; last == width {
				return
			}
			continue
		}
		c.t.Errorf("%s: pictures %d wide, want %d (%v)", what, last, width, err)
		return
	}
}

func (c *shooter) close() {
	c.t.Helper()
	c.s.send(c.t, signaling.Signal{Type: "bye"})
	c.end()
	if err := c.pc.GracefulClose(); err != nil {
		c.t.Error(err)
	}
	close(c.s.in)
	time.Sleep(time.Second)
}

// A caller switches cameras on one track, shares a screen on a second one, stops it, forgets to stop it, and puts another
// camera in the first one's place: the newest that brings pictures is seen each time.
func TestSwitchedCamera(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, signaling.Config{})
		defer w.close()
		c, sender := shoot(t, w, 10)
		defer c.close()
		c.see("camera", 10, time.Second)

		// A browser that replaces a track goes on with the same SSRC and sequence of packets: on the wire only the pictures change.
		other := sender.Track().(*webrtc.TrackLocalStaticSample)
		c.show(other, 11)
		c.see("replaced track", 11, time.Second)

		screen := c.add(20)
		c.negotiate()
		c.see("screen", 20, 2*time.Second)
		c.show(other, 12)
		time.Sleep(time.Second)
		c.see("screen beside the camera", 20, time.Second)
		shared := screen.Track().(*webrtc.TrackLocalStaticSample)
		c.show(shared, 0)
		c.see("screen gone silent", 12, 5*time.Second)
		c.show(shared, 21)
		c.see("screen come back", 21, 2*time.Second)
		if err := c.pc.RemoveTrack(screen); err != nil {
			t.Fatal(err)
		}
		c.negotiate()
		c.see("screen removed", 12, 2*time.Second)

		if err := c.pc.RemoveTrack(sender); err != nil {
			t.Fatal(err)
		}
		c.show(other, 0)
		c.add(30) // another SSRC
		c.negotiate()
		c.see("another camera", 30, 5*time.Second)
	})
}

// A spy listens to what the session's microphone brings.
type spy struct {
	omnimedia.AudioReader
	last atomic.Int32
}

func (s *spy) ReadFrame(ctx context.Context, f *omnimedia.Frame) error {
	err := s.AudioReader.ReadFrame(ctx, f)
	if err == nil {
		s.last.Store(int32(f.PCM[0]*128 + 0.5))
	}
	return err
}

// Of two microphones the newer one is heard, unless it has fallen silent or gone.
func TestSecondMicrophone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ear := &spy{}
		w := newWorld(t, signaling.Config{NewSession: func(p streaming.Ports) (streaming.Runner, error) {
			ear.AudioReader = p.Mic
			p.Mic = ear
			return newFakeSession(p), nil
		}})
		defer w.close()
		c, _ := shoot(t, w, 10)
		defer c.close()
		hears := func(what string, want int32) {
			t.Helper()
			time.Sleep(2 * time.Second)
			for range 50 {
				if got := ear.last.Load(); got != want {
					t.Errorf("%s: %d is heard, want %d", what, got, want)
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
		}
		first, _ := c.speak(31)
		c.negotiate()
		hears("one microphone", 31)
		second, sender := c.speak(32)
		c.negotiate()
		hears("a newer one", 32)
		c.show(second, 0)
		hears("the newer one silent", 31)
		c.show(second, 33)
		hears("the newer one back", 33)
		c.show(first, 0)
		hears("the older one silent", 33)
		c.show(first, 34)
		hears("the older one beside it", 33)
		if err := c.pc.RemoveTrack(sender); err != nil {
			t.Fatal(err)
		}
		c.negotiate()
		hears("the newer one removed", 34)
	})
}

// speak adds a microphone on which the samples are so loud.
func (c *shooter) speak(level byte) (*webrtc.TrackLocalStaticSample, *webrtc.RTPSender) {
	c.t.Helper()
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, string('a'+rune(level)), "mic")
	if err != nil {
		c.t.Fatal(err)
	}
	sender, err := c.pc.AddTrack(track)
	if err != nil {
		c.t.Fatal(err)
	}
	c.show(track, level)
	return track, sender
}
