package caller_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"omnilive/media"
	"omnilive/signaling"
	"omnilive/signaling/caller"
	"omnilive/streaming"
)

// echo is a session that answers a tone with a second of another tone.
type echo struct{ streaming.Ports }

func (echo) Do(context.Context, streaming.Command) error { return nil }

func (e echo) Run(ctx context.Context) error {
	e.Emit(streaming.SessionCreated{Settings: streaming.Settings{ID: "sess_1", Voice: "anna"}})
	loud, quiet := 0, 0
	for ctx.Err() == nil {
		var f media.Frame
		if err := e.Mic.ReadFrame(ctx, &f); err != nil {
			return err
		}
		if energy(f.PCM) > 1e-3 {
			loud, quiet = loud+1, 0
		} else {
			quiet++
		}
		if loud > 10 && quiet == 10 {
			loud = 0
			if err := e.answer(ctx); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

func (e echo) answer(ctx context.Context) error {
	words := "Beep."
	r := streaming.Response{ID: "resp_1", Status: "in_progress", Modality: "audio"}
	it := streaming.Item{ID: "item_1", Role: "assistant", Status: "completed", Content: []streaming.Part{{Type: "output_audio", Transcript: &words}}}
	e.Emit(streaming.ResponseCreated{Response: r})
	e.Emit(streaming.OutputAudioStarted{ResponseID: r.ID})
	e.Emit(streaming.OutputTranscriptDelta{ResponseID: r.ID, ItemID: it.ID, Delta: words})
	tick := time.NewTicker(media.FrameTime)
	defer tick.Stop()
	for i := range 50 {
		if err := e.Out.WriteFrame(ctx, &media.Frame{PTS: int64(i * media.OutputFrame), PCM: tone(media.OutputFrame, 300, i*media.OutputFrame)}); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	r.Status, r.Output = "completed", []streaming.Item{it}
	e.Emit(streaming.OutputDone{ResponseID: r.ID, Item: it})
	e.Emit(streaming.ResponseDone{Response: r})
	e.Emit(streaming.OutputAudioStopped{ResponseID: r.ID})
	return nil
}

func tone(n int, hz float64, from int) []float32 {
	pcm := make([]float32, n)
	for i := range pcm {
		pcm[i] = float32(0.4 * math.Sin(2*math.Pi*hz*float64(from+i)/media.OutputRate))
	}
	return pcm
}

func energy(pcm []float32) float64 {
	var sum float64
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return sum / float64(max(len(pcm), 1))
}

// serve runs a hub with the real codecs behind HTTP, over real sockets.
func serve(t *testing.T, n signaling.Network, edit func(answer string) string) (url string, hub *signaling.Hub) {
	t.Helper()
	if r, err := media.NewOpusReader(111); err != nil {
		t.Skipf("no Opus decoder on this machine: %v", err)
	} else if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	hub, err := signaling.New(signaling.Config{
		Network: n, Log: slog.New(slog.DiscardHandler),
		NewSession: func(p streaming.Ports) (streaming.Runner, error) { return echo{p}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- hub.Run(ctx) }()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != caller.CallsPath || r.Header.Get("Authorization") != "Bearer secret" {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"error":{"message":"wrong key"}}`)
			return
		}
		offer, _ := io.ReadAll(r.Body)
		id, answer, err := hub.Answer(r.Context(), string(offer), signaling.CallOptions{})
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Location", caller.CallsPath+"/"+id)
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, edit(answer))
	}))
	t.Cleanup(func() {
		s.Close()
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s.URL, hub
}

func whole(answer string) string { return answer }

// onlyTCP leaves the answer's TCP candidates alone in it, as a firewall would.
func onlyTCP(answer string) string {
	var kept []string
	for line := range strings.Lines(answer) {
		if !strings.HasPrefix(line, "a=candidate:") || strings.Contains(strings.ToLower(line), " tcp ") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// A caller whose UDP goes nowhere connects by ICE-TCP on the same port; ICE-lite connects as full ICE does.
func TestWaysIn(t *testing.T) {
	for name, c := range map[string]struct {
		net  signaling.Network
		edit func(string) string
	}{
		"tcp":  {signaling.Network{}, onlyTCP},
		"lite": {signaling.Network{Lite: true}, whole},
	} {
		t.Run(name, func(t *testing.T) {
			url, hub := serve(t, c.net, c.edit)
			call, err := caller.Dial(t.Context(), url, caller.Options{APIKey: "secret"})
			if err != nil {
				t.Fatal(err)
			}
			if err := call.Close(); err != nil {
				t.Error(err)
			}
			if s := hub.Stats(); s.Connected != 1 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// One question and one answer through the real codecs and the real network of this machine.
func TestRealCall(t *testing.T) {
	url, _ := serve(t, signaling.Network{}, whole)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c, err := caller.Dial(ctx, url, caller.Options{APIKey: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Say(tone(media.OutputRate, 440, 0)); err != nil {
		t.Fatal(err)
	}
	asked, err := c.Said(ctx)
	if err != nil {
		t.Fatal(err)
	}
	a, err := c.Answer(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	if a.Said != "Beep." || !a.Spoken || a.Started < asked {
		t.Errorf("answer %+v, asked until %v", a, asked)
	}
	time.Sleep(300 * time.Millisecond) // what is still in the jitter buffer
	frames := 0
	for _, s := range c.Heard() {
		if s.At > asked && energy(s.PCM) > 1e-3 {
			frames += len(s.PCM)
		}
	}
	if heard := float64(frames) / media.InputRate; heard < 0.8 || heard > 1.2 {
		t.Errorf("heard %.2f s of an answer of 1 s", heard)
	}
	if len(c.Sent()) != 50 {
		t.Errorf("%d frames of the question were sent, want 50", len(c.Sent()))
	}
	if !strings.HasPrefix(c.Location(), caller.CallsPath+"/rtc_") {
		t.Errorf("location %q", c.Location())
	}
}

func TestDialRefuses(t *testing.T) {
	url, _ := serve(t, signaling.Network{}, whole)
	for name, c := range map[string]struct {
		url  string
		want string
	}{
		"wrong key":   {url, "wrong key"},
		"not a URL":   {"localhost", "not a URL"},
		"nobody home": {"http://127.0.0.1:9", "post offer"},
	} {
		if _, err := caller.Dial(t.Context(), c.url, caller.Options{APIKey: "wrong"}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// The hub's end of the call is seen by everybody who waits.
func TestServerHangsUp(t *testing.T) {
	url, hub := serve(t, signaling.Network{}, whole)
	events := make(chan caller.Event, 16)
	c, err := caller.Dial(t.Context(), url, caller.Options{APIKey: "secret", OnEvent: func(e caller.Event) { events <- e }})
	if err != nil {
		t.Fatal(err)
	}
	first := <-events
	var s struct {
		Session struct {
			ID string `json:"id"`
		} `json:"session"`
	}
	if err := first.Decode(&s); err != nil || first.Type != "session.created" || s.Session.ID != "sess_1" || !json.Valid(first.Raw) {
		t.Errorf("first event %s, %v", first.Raw, err)
	}
	if err := hub.Hangup(c.Location()[strings.LastIndex(c.Location(), "/")+1:]); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Answer(t.Context(), 0); !errors.Is(err, caller.ErrEnded) {
		t.Errorf("waiting for an answer: %v", err)
	}
	if _, err := c.Said(t.Context()); !errors.Is(err, caller.ErrEnded) {
		t.Errorf("waiting for the question: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// What a microphone hears faster than it can be sent is dropped and counted; its error ends the call and is told.
func TestMicrophone(t *testing.T) {
	url, _ := serve(t, signaling.Network{}, whole)
	wrote := make(chan struct{})
	mic := func(ctx context.Context, write func([]float32) error) error {
		defer close(wrote)
		return write(tone(media.OutputRate, 440, 0))
	}
	c, err := caller.Dial(t.Context(), url, caller.Options{APIKey: "secret", Mic: mic})
	if err != nil {
		t.Fatal(err)
	}
	<-wrote
	if kept := media.OutputRate - c.Dropped(); kept < 0 || kept > 6*media.OutputFrame {
		t.Errorf("%d samples were kept", kept)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	broken := errors.New("unplugged")
	c, err = caller.Dial(t.Context(), url, caller.Options{
		APIKey: "secret",
		Mic:    func(context.Context, func([]float32) error) error { return broken },
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Answer(t.Context(), 0); !errors.Is(err, broken) {
		t.Errorf("waiting for an answer: %v", err)
	}
	if err := c.Close(); !errors.Is(err, broken) {
		t.Errorf("close: %v", err)
	}
}
