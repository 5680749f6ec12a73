package signaling_test

import (
	"bytes"
	"image/jpeg"
	"testing"
	"time"

	"omnilive/signaling"
	"omnilive/signaling/caller"
)

// A client offers a tool, has it called and gives its output: field by field as in the golden file. The calling answer has no
// sound, and nobody waits for any.
func TestToolsOverTheWire(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, signaling.Config{})
		defer w.close()
		c, r, err := w.dial(caller.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		weather := map[string]any{
			"type": "function", "name": "get_weather", "description": "the weather of a city",
			"parameters": map[string]any{"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}},
		}
		for _, m := range []map[string]any{
			{"type": "session.update", "session": map[string]any{"type": "realtime", "tools": []any{weather}, "tool_choice": "auto"}},
			{"type": "session.update", "event_id": "e1", "session": map[string]any{"type": "realtime", "tools": []any{map[string]any{"type": "mcp"}}}},
			{"type": "response.create", "response": map[string]any{"tool_choice": map[string]any{"type": "function", "name": "get_weather"}}},
			{"type": "conversation.item.create", "item": map[string]any{"type": "function_call_output", "call_id": "call_1", "output": "맑음, 21 °C"}},
			{"type": "conversation.item.retrieve", "item_id": "item_call"},
		} {
			if err := c.Send(m); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if a, err := c.Answer(t.Context(), 0); err != nil || a.Spoken || a.Status != "completed" {
			t.Errorf("answer %+v, %v", a, err)
		}
		golden(t, "tools.jsonl", r)
	})
}

// A picture of some hundred kilobytes arrives whole and in order through a network that stands still for a while; what is said
// meanwhile does not wait behind it, and the call goes on.
func TestPictureOverTheWire(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, signaling.Config{})
		defer w.close()
		c, r, err := w.dial(caller.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Send(map[string]any{"type": "omnilive.image.create", "prompt": "noise", "ratio": "32:33"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1080 * time.Millisecond) // the first picture is on its way
		w.cut(true)
		time.Sleep(700 * time.Millisecond)
		w.cut(false)
		time.Sleep(20 * time.Second)
		started, created := -1, -1
		files, next := map[string][]byte{}, map[string]int{}
		for i, e := range r.all() {
			var m struct {
				ImageID string `json:"image_id"`
				Index   int    `json:"index"`
				Delta   []byte `json:"delta"`
				Bytes   int    `json:"bytes"`
				Preview string `json:"preview"`
				Width   int    `json:"width"`
			}
			if err := e.Decode(&m); err != nil {
				t.Fatal(err)
			}
			if len(e.Raw) > 17<<10 {
				t.Errorf("a %s of %d bytes", e.Type, len(e.Raw))
			}
			switch e.Type {
			case "response.created":
				created = i
			case "omnilive.image.started":
				started = i
			case "omnilive.image.progress":
				if m.Preview == "" || len(m.Preview) > 12<<10 {
					t.Errorf("a preview of %d bytes", len(m.Preview))
				}
			case "omnilive.image.delta":
				if m.Index != next[m.ImageID] {
					t.Fatalf("piece %d of %s came in place of %d", m.Index, m.ImageID, next[m.ImageID])
				}
				next[m.ImageID]++
				files[m.ImageID] = append(files[m.ImageID], m.Delta...)
			case "omnilive.image.done":
				p, err := jpeg.Decode(bytes.NewReader(files[m.ImageID]))
				if err != nil || m.Bytes != len(files[m.ImageID]) || p.Bounds().Dx() != m.Width || m.Width != 1024 {
					t.Errorf("%s: %v, %d bytes of %d", m.ImageID, err, len(files[m.ImageID]), m.Bytes)
				}
				next[m.ImageID] = -1
			}
		}
		if created < 0 || started < created {
			t.Errorf("response.created came as event %d, omnilive.image.started as %d", created, started)
		}
		if next["img_1"] != -1 || next["img_2"] != -1 || len(files["img_1"]) < 700<<10 {
			t.Errorf("pieces %v; %d bytes", next, len(files["img_1"]))
		}
		types := r.types()
		if n := len(types); types[n-1] != "omnilive.image.failed" {
			t.Errorf("the last of %d events is %s", n, types[n-1])
		}
		if seen := count(types, "omnilive.camera.seen"); seen != 40 {
			t.Errorf("%d of 40 other events came", seen)
		}
		if s := w.hub.Stats(); s.Active != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func count(all []string, what string) (n int) {
	for _, s := range all {
		if s == what {
			n++
		}
	}
	return n
}
