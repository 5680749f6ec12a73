package caller

import (
	"strings"
	"testing"
)

// Whatever a server sends, an answer's end comes after all of it, and pictures stay bounded. Events are lines.
func FuzzEvents(f *testing.F) {
	f.Add(`{"type":"response.created"}
{"type":"response.output_text.delta","delta":"x"}
{"type":"response.done","response":{"status":"completed","output_modalities":["text"],"output":[{"type":"function_call","name":"f","arguments":"{"}]}}`)
	f.Add(`{"type":"omnilive.image.started","image_id":"a","width":-1,"height":1e99}
{"type":"omnilive.image.delta","image_id":"a","delta":"QUJD"}
{"type":"omnilive.image.done","image_id":"a","bytes":3}`)
	f.Add("{\"type\":[]}\nnull\n\"\"")
	f.Fuzz(func(t *testing.T, lines string) {
		c := told(strings.Split(lines, "\n")...)
		for _, p := range c.album.pictures {
			if len(p.Data) > maxPicture || p.Err != nil && len(p.Data) > 0 {
				t.Errorf("a picture of %d bytes, %v", len(p.Data), p.Err)
			}
		}
	})
}
