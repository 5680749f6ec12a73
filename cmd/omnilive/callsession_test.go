package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"omnilive/signaling/caller"
)

// What goes with the offer: the tools without their outputs, and the recording.
func TestCallSession(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	weather := file("tools.json", `[{"name":"weather","parameters":{"type":"object"},"output":{"sky":"clear"}},{"type":"function","name":"time","output":"noon"},{"name":"mute"}]`)
	for name, c := range map[string]struct {
		flags     more
		want, err string
	}{
		"nothing":      {more{}, ``, ""},
		"tools":        {more{tools: weather}, `{"tools":[{"type":"function","name":"weather","parameters":{"type":"object"}},{"type":"function","name":"time"},{"type":"function","name":"mute"}],"type":"realtime"}`, ""},
		"voice":        {more{voiceLike: file("me.WAV", "RIFF")}, `{"audio":{"output":{"voice":{"reference":"data:audio/wav;base64,UklGRg=="}}},"type":"realtime"}`, ""},
		"no recording": {more{voiceLike: file("me.txt", "x")}, "", "want a .wav or an .mp3 file"},
		"too long":     {more{voiceLike: file("long.mp3", strings.Repeat("x", 8<<20))}, "", "too long"},
		"not there":    {more{tools: filepath.Join(dir, "none.json")}, "", "no such file"},
		"no array":     {more{tools: file("one.json", `{"name":"weather"}`)}, "", "want an array"},
		"nameless":     {more{tools: file("two.json", `[{"name":"a"},{}]`)}, "", "tool 1 has no name"},
	} {
		got, _, err := callFlags{more: c.flags}.session()
		if string(got) != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %s, %v; want %s, %q", name, got, err, c.want, c.err)
		}
	}
	all, err := readTools(weather)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"weather": `{"sky":"clear"}`, "time": "noon",
		"mute": `{"error":"this client has no output for mute"}`, "new": `{"error":"this client has no output for new"}`,
	} {
		if got := all.output(name); got != want {
			t.Errorf("%s gives %s, want %s", name, got, want)
		}
	}
}

// Pictures take the first free name.
func TestSavePicture(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	for i, want := range []string{"picture-1.jpg", "picture-2.jpg", "picture-1.png"} {
		pic := caller.Picture{Type: "image/jpeg", Data: []byte{byte(i)}}
		if i == 2 {
			pic.Type = "image/png"
		}
		path, err := save(dir, pic)
		if err != nil || filepath.Base(path) != want {
			t.Fatalf("%s, %v; want %s", path, err, want)
		}
		if data, err := os.ReadFile(path); err != nil || !bytes.Equal(data, pic.Data) {
			t.Errorf("%s holds %v, %v", path, data, err)
		}
	}
}

// Calls, drawings and places are lines of their own, also within words.
func TestNewsInWords(t *testing.T) {
	var out page
	w := &words{w: &out}
	for _, e := range []string{
		`{"type":"omnilive.queue","position":2,"estimated_wait_ms":11600}`,
		`{"type":"omnilive.queue","position":0,"estimated_wait_ms":0}`,
		`{"type":"response.output_audio_transcript.delta","delta":"Let me see."}`,
		`{"type":"response.function_call_arguments.done","name":"weather","arguments":"{\"place\":\"here\"}"}`,
		`{"type":"omnilive.image.started","image_id":"i","width":768,"height":432}`,
		`{"type":"response.output_audio_transcript.delta","delta":" Here."}`,
	} {
		ev := caller.Event{Raw: json.RawMessage(e)}
		var h struct {
			Type string `json:"type"`
		}
		if err := ev.Decode(&h); err != nil {
			t.Fatal(err)
		}
		ev.Type = h.Type
		w.event(ev)
	}
	want := "waiting: place 2, about 12 s\nassistant: Let me see.\ncalls weather {\"place\":\"here\"}\ndraws a picture of 768x432\nassistant: Here."
	if out.String() != want {
		t.Errorf("%q\nwant\n%q", out.String(), want)
	}
}
