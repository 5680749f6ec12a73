package signaling_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"omnilive/media"
	"omnilive/signaling"
	"omnilive/signaling/caller"
	"omnilive/streaming"
)

var update = flag.Bool("update", false, "write the golden files anew")

// dial calls the hub over the virtual network and keeps every event.
func (w *world) dial(o caller.Options) (*caller.Call, *record, error) {
	r := &record{}
	o.OnEvent = r.add
	o.Net = w.net()
	if o.Codecs == nil {
		o.Codecs = fakeCodecs(w.codecs)
	}
	o.Exchange = func(ctx context.Context, offer string) (string, string, error) {
		id, answer, err := w.hub.Answer(ctx, offer, signaling.CallOptions{Session: o.Session})
		return answer, id, err
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), 40*time.Second)
	defer cancel()
	c, err := caller.Dial(ctx, "", o)
	return c, r, err
}

// record is the events of a call in order.
type record struct {
	mu     sync.Mutex
	events []caller.Event
}

func (r *record) add(e caller.Event) { r.mu.Lock(); r.events = append(r.events, e); r.mu.Unlock() }

func (r *record) all() []caller.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]caller.Event(nil), r.events...)
}

func (r *record) types() []string {
	var s []string
	for _, e := range r.all() {
		s = append(s, e.Type)
	}
	return s
}

// find returns the n-th event called name.
func (r *record) find(name string) (caller.Event, bool) {
	for _, e := range r.all() {
		if e.Type == name {
			return e, true
		}
	}
	return caller.Event{}, false
}

// loud is n frames of sound.
func loud(n int) []float32 {
	pcm := make([]float32, n*media.OutputFrame)
	for i := 0; i < len(pcm); i += media.OutputFrame {
		pcm[i] = 0.5
	}
	return pcm
}

func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// Invariants of a spoken turn: session.created is the first event; the events come in the order of the protocol, field by
// field as in the golden file; the answer's sound arrives; nothing is left over.
func TestSpokenTurn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, signaling.Config{Voices: func() []string { return []string{"anna"} }})
		defer w.close()
		c, r, err := w.dial(caller.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Say(loud(30)); err != nil {
			t.Fatal(err)
		}
		a, err := c.Answer(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if a.Said != "Hello." || a.Question != "Hi" || !a.Spoken || a.Status != "completed" || a.Latency.Total != 321 {
			t.Errorf("answer %+v", a)
		}
		time.Sleep(time.Second)
		golden(t, "turn.jsonl", r)
		sounding := 0
		for _, s := range c.Heard() {
			if s.PCM[0] > 0 {
				sounding++
			}
		}
		if sounding != 5 {
			t.Errorf("%d of 5 frames of the answer arrived", sounding)
		}
	})
}

// golden compares a call's events with the golden file.
func golden(t *testing.T, name string, r *record) {
	t.Helper()
	var b strings.Builder
	conversation := ""
	for _, e := range r.all() {
		line := string(e.Raw)
		if i := strings.Index(line, "conv_rtc_"); i >= 0 {
			conversation = line[i : i+len("conv_rtc_")+24]
		}
		if conversation != "" {
			line = strings.ReplaceAll(line, conversation, "conv_X")
		}
		b.WriteString(line + "\n")
	}
	compare(t, "testdata/"+name, b.String())
}

func compare(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s (write it anew with -update if that is right); got\n%s", file, got)
	}
}

// A tenth of all packets lost changes nothing but the time it takes.
func TestLossyCall(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, signaling.Config{})
		defer w.close()
		w.lose(true)
		c, r, err := w.dial(caller.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.Say(loud(30))
		if _, err := c.Answer(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if got := r.types(); got[0] != "session.created" || got[len(got)-1] != "output_audio_buffer.stopped" {
			t.Errorf("events %v", got)
		}
	})
}

func TestHangups(t *testing.T) {
	for name, hang := range map[string]func(w *world, c *caller.Call) error{
		"by the client":      func(_ *world, c *caller.Call) error { return c.Close() },
		"by the server":      func(w *world, c *caller.Call) error { return w.hub.Hangup(c.Location()) },
		"by the whole house": func(w *world, _ *caller.Call) error { w.stop(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld(t, signaling.Config{})
				c, _, err := w.dial(caller.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if err := hang(w, c); err != nil {
					t.Fatal(err)
				}
				<-c.Done()
				time.Sleep(time.Second)
				if s := w.hub.Stats(); s.Active != 0 || s.Connected != 1 {
					t.Errorf("one second later: %+v", s)
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
				w.close()
			})
		})
	}
}

func TestHangupOfUnknownCall(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, signaling.Config{})
		defer w.close()
		if err := w.hub.Hangup("rtc_nobody"); !errors.Is(err, signaling.ErrUnknownCall) {
			t.Errorf("got %v", err)
		}
	})
}

// A call that never connects gives its place back after Config.Connect.
func TestNeverConnects(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, signaling.Config{Calls: 1})
		defer w.close()
		offer := readOffer(t)
		if _, _, err := w.hub.Answer(t.Context(), offer, signaling.CallOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.hub.Answer(t.Context(), offer, signaling.CallOptions{}); !errors.Is(err, signaling.ErrBusy) {
			t.Errorf("second call: %v, want ErrBusy", err)
		}
		time.Sleep(29 * time.Second)
		if s := w.hub.Stats(); s.Active != 1 {
			t.Errorf("after 29 s %d calls are active, want 1", s.Active)
		}
		time.Sleep(5 * time.Second)
		if s := w.hub.Stats(); s.Active != 0 || s.Connected != 0 || s.Refused != 1 {
			t.Errorf("after 34 s: %+v", s)
		}
	})
}

func readOffer(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile("testdata/chromium.sdp")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEightCallsAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, signaling.Config{})
		defer w.close()
		var calls sync.WaitGroup
		for range 8 {
			calls.Go(func() {
				c, r, err := w.dial(caller.Options{})
				if err != nil {
					t.Error(err)
					return
				}
				defer c.Close()
				_ = c.Say(loud(20))
				if _, err := c.Answer(t.Context(), 0); err != nil {
					t.Error(err)
				}
				if got := r.types(); got[0] != "session.created" {
					t.Errorf("first event %s", got[0])
				}
			})
		}
		calls.Wait()
		if s := w.hub.Stats(); s.Connected != 8 {
			t.Errorf("%+v", s)
		}
	})
}

// What a client gets wrong is answered on the channel, and the call goes on.
func TestBadMessages(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, signaling.Config{Voices: func() []string { return []string{"anna"} }})
		defer w.close()
		c, r, err := w.dial(caller.Options{Session: json.RawMessage(`{"type":"realtime","instructions":"be brief"}`)})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for _, m := range []any{
			json.RawMessage(`"not an object"`),
			map[string]any{"type": "unheard.of", "event_id": "e1"},
			map[string]any{"type": "conversation.item.create", "event_id": "e2", "item": map[string]any{
				"type": "message", "role": "user",
				"content": []any{map[string]any{"type": "input_text", "text": strings.Repeat("x", 3<<20)}},
			}},
			map[string]any{"type": "conversation.item.retrieve", "event_id": "e3", "item_id": "item_none"},
			map[string]any{"type": "response.cancel", "event_id": "e4"},
			map[string]any{"type": "input_audio_buffer.clear"},
			map[string]any{"type": "session.update", "session": map[string]any{"type": "realtime", "tracing": "auto"}},
			map[string]any{"type": "conversation.item.create", "item": map[string]any{
				"type": "message", "role": "user",
				"content": []any{
					map[string]any{"type": "input_text", "text": "hello"},
					map[string]any{"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
				},
			}},
			map[string]any{"type": "conversation.item.retrieve", "item_id": "item_text"},
		} {
			if err := c.Send(m); err != nil {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Second)
		}
		golden(t, "bad.jsonl", r)
	})
}

// A client that does not read its events loses its call, and only its own.
func TestSlowClient(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, signaling.Config{NewSession: func(p streaming.Ports) (streaming.Runner, error) {
			s := newFakeSession(p)
			go func() { // before the channel is open nobody reads
				for range 100 {
					p.Emit(streaming.CameraSeen{Text: "x"})
				}
			}()
			return s, nil
		}})
		defer w.close()
		if c, _, err := w.dial(caller.Options{}); err == nil {
			<-c.Done()
			_ = c.Close()
		}
		time.Sleep(time.Second)
		if s := w.hub.Stats(); s.Active != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// A session that fails tells the client why before the call ends.
func TestSessionFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, signaling.Config{NewSession: func(p streaming.Ports) (streaming.Runner, error) {
			s := newFakeSession(p)
			s.fail = errors.New("the model fell over")
			return s, nil
		}})
		defer w.close()
		c, r, err := w.dial(caller.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_ = c.Send(map[string]any{"type": "response.create"})
		<-c.Done()
		_ = c.Close()
		if e, ok := r.find("error"); !ok || !strings.Contains(string(e.Raw), "fell over") {
			t.Errorf("events %v", r.types())
		}
	})
}

// A session that cannot be opened is refused at the door.
func TestNoRoomInTheModel(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, signaling.Config{NewSession: func(streaming.Ports) (streaming.Runner, error) { return nil, signaling.ErrBusy }})
		defer w.close()
		if _, _, err := w.hub.Answer(t.Context(), readOffer(t), signaling.CallOptions{}); !errors.Is(err, signaling.ErrBusy) {
			t.Errorf("got %v", err)
		}
	})
}

// A camera that is added reaches the session.
func TestCamera(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, signaling.Config{})
		defer w.close()
		c, _, err := w.dial(caller.Options{Video: &caller.Video{MIME: "video/VP8", Frames: film}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if p, err := w.sessions[0].ports.Camera.Look(ctx); err != nil || p.Width != 2 {
			t.Errorf("picture %+v, %v", p, err)
		}
	})
}

func film(ctx context.Context, write func([]byte, time.Duration) error) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := write([]byte{1, 3, 2}, 100*time.Millisecond); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
