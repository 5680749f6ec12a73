package caller

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

// told is a call without a network that hears these events.
func told(events ...string) *Call {
	c := &Call{}
	c.answer.changed, c.album.changed = make(chan struct{}), make(chan struct{})
	for _, raw := range events {
		e := Event{Raw: json.RawMessage(raw)}
		var h struct {
			Type string `json:"type"`
		}
		_ = e.Decode(&h)
		e.Type = h.Type
		c.hear(e)
	}
	return c
}

func TestPicture(t *testing.T) {
	const (
		begun = `{"type":"omnilive.image.started","image_id":"a","width":4,"height":3}`
		other = `{"type":"omnilive.image.started","image_id":"b","width":1,"height":1}`
	)
	piece := func(text string) string {
		return `{"type":"omnilive.image.delta","image_id":"a","delta":"` + base64.StdEncoding.EncodeToString([]byte(text)) + `"}`
	}
	done := `{"type":"omnilive.image.done","image_id":"a","content_type":"image/jpeg","bytes":6}`
	for name, c := range map[string]struct {
		events []string
		data   string
		err    string
	}{
		"whole":             {[]string{begun, other, piece("abc"), piece("def"), done}, "abcdef", ""},
		"a piece is gone":   {[]string{begun, piece("abc"), done}, "", "3 bytes came of 6"},
		"not base64":        {[]string{begun, `{"type":"omnilive.image.delta","image_id":"a","delta":"*"}`, done}, "", "illegal base64"},
		"too large":         {append([]string{begun}, many(piece(strings.Repeat("x", 1<<20)), 17)...), "", "more than"},
		"cancelled":         {[]string{begun, piece("abc"), `{"type":"omnilive.image.failed","image_id":"a","reason":"cancelled"}`}, "", "cancelled"},
		"failed, with why":  {[]string{begun, `{"type":"omnilive.image.failed","image_id":"a","reason":"failed","error":{"message":"no memory"}}`}, "", "failed: no memory"},
		"nothing after end": {[]string{begun, piece("abcdef"), done, piece("more"), done}, "abcdef", ""},
	} {
		p, err := told(c.events...).Picture(t.Context(), 0)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if string(p.Data) != c.data || (p.Err == nil) != (c.err == "") || p.Err != nil && !strings.Contains(p.Err.Error(), c.err) {
			t.Errorf("%s: %q, %v; want %q, %q", name, p.Data, p.Err, c.data, c.err)
		}
	}
	c := told(begun, other)
	if n := c.Drawings(); n != 2 {
		t.Errorf("%d drawings, want 2", n)
	}
	c.album.end(ErrEnded)
	for _, n := range []int{1, 7} {
		if _, err := c.Picture(t.Context(), n); !errors.Is(err, ErrEnded) {
			t.Errorf("picture %d of a call that ended: %v", n, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := told(begun).Picture(ctx, 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a picture that never comes: %v", err)
	}
}

func many(s string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = s
	}
	return all
}

// An answer that calls a function makes no sound, whatever its modality; one that says something is over when its sound is.
func TestAnswerOver(t *testing.T) {
	response := func(output string) string {
		return `{"type":"response.done","response":{"status":"completed","output_modalities":["audio"],"output":[` + output + `]}}`
	}
	const (
		began  = `{"type":"response.created"}`
		call   = `{"type":"function_call","call_id":"c","name":"weather","arguments":"{}"}`
		silent = `{"type":"message","content":[{"type":"output_audio","transcript":""}]}`
		words  = `{"type":"message","content":[{"type":"output_audio","transcript":"Yes."}]}`
		stop   = `{"type":"output_audio_buffer.stopped"}`
		start  = `{"type":"output_audio_buffer.started"}`
	)
	for name, c := range map[string]struct {
		events []string
		whole  bool
		calls  int
	}{
		"a call":              {[]string{began, response(call)}, true, 1},
		"a call and no words": {[]string{began, response(silent + "," + call)}, true, 1},
		"words not yet heard": {[]string{began, response(words)}, false, 0},
		"words being heard":   {[]string{began, start, response(words + "," + call)}, false, 0},
		"words, then a call":  {[]string{began, start, response(words + "," + call), stop}, true, 1},
		"nothing":             {[]string{began, response("")}, true, 0},
	} {
		call := told(c.events...)
		call.answer.end(ErrEnded)
		a, err := call.Answer(t.Context(), 0)
		if (err == nil) != c.whole || len(a.Calls) != c.calls {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
		if len(a.Calls) > 0 && a.Calls[0] != (FunctionCall{ID: "c", Name: "weather", Arguments: "{}"}) {
			t.Errorf("%s: %+v", name, a.Calls[0])
		}
	}
}
