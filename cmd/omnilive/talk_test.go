package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"omnilive/media"
	"omnilive/signaling"
	"omnilive/signaling/caller"
	"omnilive/streaming"
)

// mute is a microphone and a loudspeaker.
type mute struct{}

func (mute) Record(ctx context.Context, _ func([]float32) error) error {
	<-ctx.Done()
	return ctx.Err()
}
func (mute) Name() string   { return "the fake" }
func (mute) Play([]float32) {}
func (mute) Clear()         {}
func (mute) Dropped() int64 { return 3 }

// teller is a session that says both sides' words at once, and an end of its own when it is told.
type teller struct {
	streaming.Ports
	end chan struct{}
}

func (teller) Do(context.Context, streaming.Command) error { return nil }

func (s teller) Run(ctx context.Context) error {
	words := "Four."
	r := streaming.Response{ID: "resp_1", Status: "in_progress", Modality: "text"}
	s.Emit(streaming.SessionCreated{Settings: streaming.Settings{ID: "sess_1", Voice: "anna"}})
	s.Emit(streaming.InputTranscriptDelta{ItemID: "item_1", Delta: "Two and two?"})
	s.Emit(streaming.ResponseCreated{Response: r})
	s.Emit(streaming.OutputTranscriptDelta{ResponseID: r.ID, ItemID: "item_2", Delta: words})
	s.Emit(streaming.TurnLatency{ResponseID: r.ID, Latency: streaming.Latency{Total: 321 * time.Millisecond}})
	r.Status = "completed"
	s.Emit(streaming.ResponseDone{Response: r})
	select {
	case <-s.end:
		return errors.New("the end")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// page is what was printed so far.
type page struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (p *page) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

func (p *page) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}

// Ctrl-C is a good end of a call that was connected, the server's end of it is none, and both sides' words and the latency
// are printed while it lasts.
func TestTalk(t *testing.T) {
	r, err := media.NewOpusReader(111)
	if err != nil {
		t.Skipf("no Opus decoder on this machine: %v", err)
	}
	_ = r.Close()
	s := teller{end: make(chan struct{})}
	hub, err := signaling.New(signaling.Config{
		Log:        slog.New(slog.DiscardHandler),
		NewSession: func(p streaming.Ports) (streaming.Runner, error) { return teller{p, s.end}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- hub.Run(ctx) }()
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	exchange := func(ctx context.Context, offer string) (string, string, error) {
		id, answer, err := hub.Answer(ctx, offer, signaling.CallOptions{})
		return answer, id, err
	}
	for name, end := range map[string]func(hangUp func()){
		"":          func(hangUp func()) { hangUp() },
		"has ended": func(func()) { close(s.end) },
	} {
		ctx, hangUp := context.WithCancel(t.Context())
		var out page
		ended := make(chan error, 1)
		go func() {
			ended <- callFlags{timeout: 20 * time.Second}.between(ctx, "", caller.Options{Exchange: exchange}, &words{w: &out}, nil, mute{}, mute{})
		}()
		for !strings.Contains(out.String(), "total 321") {
			select {
			case err := <-ended:
				t.Fatalf("%v\n%s", err, out.String())
			case <-time.After(10 * time.Millisecond):
			}
		}
		end(hangUp)
		if err := <-ended; name == "" && err != nil || name != "" && (err == nil || !strings.Contains(err.Error(), name)) {
			t.Errorf("%v, want %q", err, name)
		}
		hangUp()
		for _, want := range []string{"connected: speak into the fake", "you: Two and two?\n", "assistant: Four.\n", "6 samples were dropped"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%q is missing in:\n%s", want, out.String())
			}
		}
	}
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	f := callFlags{timeout: time.Second}
	if err := f.between(gone, "", caller.Options{Exchange: exchange}, &words{w: &page{}}, nil, mute{}, mute{}); !errors.Is(err, context.Canceled) {
		t.Errorf("hung up before it was connected: %v", err)
	}
}
