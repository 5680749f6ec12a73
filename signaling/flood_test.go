package signaling_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"omnilive/signaling"
	"omnilive/signaling/caller"
)

// A client that ignores a=max-message-size and sends 100 MB at once costs nobody else anything and ends with its call.
func TestHundredMegabytes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, signaling.Config{})
		defer w.close()
		good, _, err := w.dial(caller.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer good.Close()
		pc, d := rude(t, w)
		defer pc.GracefulClose()
		text := `{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"` +
			strings.Repeat("x", 100<<20) + `"}]}}`
		if err := d.SendText(text); err != nil {
			t.Fatal(err)
		}
		_ = good.Say(loud(20))
		if _, err := good.Answer(t.Context(), 0); err != nil {
			t.Fatalf("the other call: %v", err)
		}
	})
}

// rude is a caller that believes it may send messages of any size.
func rude(t *testing.T, w *world) (*webrtc.PeerConnection, *webrtc.DataChannel) {
	t.Helper()
	se := webrtc.SettingEngine{LoggerFactory: quiet{}}
	se.SetNet(w.net())
	se.DisableCloseByDTLS(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(se)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	d, err := pc.CreateDataChannel(signaling.Label, nil)
	if err != nil {
		t.Fatal(err)
	}
	open := make(chan struct{})
	d.OnOpen(func() { close(open) })
	if _, err := pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio); err != nil {
		t.Fatal(err)
	}
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	done := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-done
	_, answer, err := w.hub.Answer(t.Context(), pc.LocalDescription().SDP, signaling.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const limit = "a=max-message-size:"
	before, after, ok := strings.Cut(answer, limit)
	if !ok {
		t.Fatal("the answer does not say how large a message may be")
	}
	_, after, _ = strings.Cut(after, "\r\n")
	answer = before + limit + "2000000000\r\n" + after
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-open:
	case <-time.After(20 * time.Second):
		t.Fatal("the channel does not open")
	}
	return pc, d
}
