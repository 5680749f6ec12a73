package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"omnilive/media"
	"omnilive/signaling/caller"
)

// serveOmni serves the tiny checkpoint without a recognizer.
func serveOmni(t *testing.T, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"silero_vad_16k_op15.onnx", "smart-turn-v3.2-cpu.onnx"} {
		if models := os.Getenv("OMNILIVE_MODELS"); models != "" {
			if err := os.Symlink(filepath.Join(models, name), filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return serveForTest(t, append([]string{"--model", wholeCheckpoint, "--quant", "f32", "--llm-quant", "f32", "--models-dir", dir, "--max-calls", "1"}, args...)...)
}

// wav is a file of a caller's voice, so many seconds of it.
func wav(t *testing.T, seconds int) []byte {
	t.Helper()
	pcm := slices.Repeat(question(t), 10)
	var b bytes.Buffer
	if err := media.WriteWAV(&b, pcm[:seconds*media.OutputRate], media.OutputRate); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func voiceUpdate(reference []byte) map[string]any {
	uri := "data:audio/wav;base64," + base64.StdEncoding.EncodeToString(reference)
	return map[string]any{"type": "realtime", "max_output_tokens": 300, "audio": map[string]any{"output": map[string]any{"voice": map[string]any{"reference": uri}}}}
}

// told waits for the n-th session.updated and returns its voice.
func told(t *testing.T, ctx context.Context, events <-chan caller.Event, kind string) json.RawMessage {
	t.Helper()
	for {
		select {
		case e := <-events:
			var s struct {
				Session struct {
					Audio struct {
						Output struct{ Voice json.RawMessage }
					}
				}
				Error struct{ Param, Message string }
			}
			if err := e.Decode(&s); err != nil {
				t.Fatal(err)
			}
			if e.Type == "error" && kind == e.Type {
				return json.RawMessage(s.Error.Param + ": " + s.Error.Message)
			}
			if e.Type == kind {
				return s.Session.Audio.Output.Voice
			}
		case <-ctx.Done():
			t.Fatal("no ", kind, ": ", context.Cause(ctx))
		}
	}
}

// A caller brings a recording with the offer, and a longer one later; the answers are spoken like them.
func TestCallWithReference(t *testing.T) {
	url := serveOmni(t)
	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errors.New("it takes too long"))
	defer cancel()
	events := make(chan caller.Event, 4096)
	session, err := json.Marshal(voiceUpdate(wav(t, 2)))
	if err != nil {
		t.Fatal(err)
	}
	call, err := caller.Dial(ctx, url, caller.Options{Session: session, OnEvent: func(e caller.Event) { events <- e }})
	if err != nil {
		t.Fatal(err)
	}
	defer call.Close()
	var first, second struct{ ID string }
	if err := json.Unmarshal(told(t, ctx, events, "session.updated"), &first); err != nil || !strings.HasPrefix(first.ID, "like-") {
		t.Fatalf("voice %+v, %v", first, err)
	}
	if err := call.Type("Say something."); err != nil {
		t.Fatal(err)
	}
	if a, err := call.Answer(ctx, 0); err != nil || !a.Spoken || len(caller.Voiced(call.Heard(), 0)) == 0 {
		t.Fatalf("answer %+v, %v", a, err)
	}
	if err := call.Send(map[string]any{"type": "session.update", "session": voiceUpdate(wav(t, 10))}); err != nil { // 640 KB in one message
		t.Fatal(err)
	}
	if err := json.Unmarshal(told(t, ctx, events, "session.updated"), &second); err != nil || !strings.HasPrefix(second.ID, "like-") || second == first {
		t.Errorf("voice %+v, %v", second, err)
	}
	for _, c := range []struct {
		reference []byte
		want      string
	}{
		{[]byte("no sound"), "session.audio.output.voice.reference: the reference cannot be decoded"},
		{wav(t, 10)[:44+24000], "session.audio.output.voice: no voice can be made of the reference: the recording lasts 0.5 s"}, // a file cut short
	} {
		if err := call.Send(map[string]any{"type": "session.update", "session": voiceUpdate(c.reference)}); err != nil {
			t.Fatal(err)
		}
		if got := string(told(t, ctx, events, "error")); !strings.HasPrefix(got, c.want) {
			t.Errorf("error %q", got)
		}
	}
}

// Calls begin with the voice of --voice-like.
func TestServeVoiceLike(t *testing.T) {
	file := filepath.Join(t.TempDir(), "me.wav")
	if err := os.WriteFile(file, wav(t, 3), 0o600); err != nil {
		t.Fatal(err)
	}
	url := serveOmni(t, "--voice-like", file)
	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errors.New("it takes too long"))
	defer cancel()
	events := make(chan caller.Event, 4096)
	session := []byte(`{"type": "realtime", "max_output_tokens": 300}`)
	call, err := caller.Dial(ctx, url, caller.Options{Session: session, OnEvent: func(e caller.Event) { events <- e }})
	if err != nil {
		t.Fatal(err)
	}
	defer call.Close()
	if v := string(told(t, ctx, events, "session.created")); !strings.HasPrefix(v, `"like-`) {
		t.Errorf("voice %s", v)
	}
	if err := call.Type("Say something."); err != nil {
		t.Fatal(err)
	}
	if a, err := call.Answer(ctx, 0); err != nil || !a.Spoken {
		t.Errorf("answer %+v, %v", a, err)
	}
}
