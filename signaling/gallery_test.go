package signaling

import (
	"bytes"
	"context"
	"encoding/base64"
	"image/jpeg"
	"strings"
	"testing"

	"omnilive/media"
	"omnilive/streaming"
)

// pictured1x1 are the messages of a picture, numbered by tr.
func pictured1x1(t *testing.T, tr *translator) [][]byte {
	t.Helper()
	p := media.Picture{Width: 1, Height: 1, RGB: []byte{9, 99, 199}}
	return told(t, tr, streaming.ImageStarted{ResponseID: "resp_1", ID: "img_1", Width: 1, Height: 1},
		streaming.ImageProgress{ID: "img_1", Done: 0.25},
		streaming.ImageProgress{ID: "img_1", Done: 0.5, Preview: &p},
		streaming.ImageDone{ResponseID: "resp_1", ID: "img_1", Picture: p},
		streaming.ImageFailed{ID: "img_2", Reason: streaming.ImageCancelled},
		streaming.ImageFailed{ID: "img_3", Reason: streaming.ImageBroken, Err: &Error{Type: typeServer, Code: streaming.CodeTooManyImages, Message: "no place"}},
	)
}

// told is what the gallery makes of events.
func told(t *testing.T, tr *translator, events ...streaming.Event) (ms [][]byte) {
	t.Helper()
	o := newOutbox("rtc_1", noMeter{}, nil)
	o.t = tr
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case m := <-o.gallery.out:
				ms = append(ms, m)
			case <-ctx.Done():
				return
			}
		}
	}()
	for _, ev := range events {
		if err := o.picture(ctx, ev); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	<-done
	return ms
}

// A picture that the model got wrong fails; it does not end the call.
func TestBrokenPicture(t *testing.T) {
	for _, p := range []media.Picture{{}, {Width: 2, Height: 2, RGB: make([]byte, 11)}, {Width: 1 << 20, Height: 1 << 20}, {Width: -1, Height: -1, RGB: make([]byte, 3)}} {
		ms := told(t, newTranslator("rtc_1", nil), streaming.ImageDone{ID: "img_1", Picture: p})
		if len(ms) != 1 || !strings.Contains(string(ms[0]), `"reason":"failed"`) || !strings.Contains(string(ms[0]), "encode_failed") {
			t.Errorf("%dx%d: %s", p.Width, p.Height, ms)
		}
		if s := preview(p); s != "" {
			t.Errorf("%dx%d has the preview %q", p.Width, p.Height, s)
		}
	}
}

// A preview keeps to its limits, whatever the picture, and shows what is on it.
func TestPreview(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {192, 192}, {193, 50}, {1024, 768}, {768, 1344}, {3000, 2}} {
		p := media.Picture{Width: size[0], Height: size[1], RGB: make([]byte, 3*size[0]*size[1])}
		x := uint32(7)
		for i := range p.RGB {
			x = x*1664525 + 1013904223
			p.RGB[i] = byte(x >> 24)
		}
		uri := preview(p)
		data, ok := strings.CutPrefix(uri, "data:image/jpeg;base64,")
		if !ok || len(uri) > maxPreview {
			t.Fatalf("%v: %d bytes, %.40q", size, len(uri), uri)
		}
		b, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			t.Fatal(err)
		}
		m, err := jpeg.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if w, h := m.Bounds().Dx(), m.Bounds().Dy(); max(w, h) > previewSide || max(w, h) < min(previewSide, max(size[0], size[1])) {
			t.Errorf("%v: shown as %dx%d", size, w, h)
		}
	}
	half := media.Picture{Width: 400, Height: 200, RGB: make([]byte, 3*400*200)}
	for i := range half.RGB {
		if i/3%400 >= 200 {
			half.RGB[i] = 200
		}
	}
	s := shrink(half, 4)
	if s.Width != 4 || s.Height != 2 || s.RGB[0] != 0 || s.RGB[3*3] != 200 {
		t.Errorf("shrunk to %+v", s)
	}
}

// News of pictures that nobody takes is bounded: previews go first, then the caller is too slow.
func TestGalleryIsBounded(t *testing.T) {
	o := newOutbox("rtc_1", noMeter{}, nil)
	for range 10 * maxPictures {
		if !o.put(streaming.ImageProgress{ID: "img_1"}) {
			t.Fatal("a preview ends the call")
		}
	}
	if n := len(o.gallery.in); n != maxPictures/2 {
		t.Errorf("%d previews wait", n)
	}
	n := 0
	for o.put(streaming.ImageDone{ID: "img_1"}) {
		n++
	}
	if n != maxPictures/2 {
		t.Errorf("%d pictures wait", n)
	}
}

func BenchmarkEncode(b *testing.B) {
	p := media.Picture{Width: 768, Height: 768, RGB: make([]byte, 3*768*768)}
	for i := range p.RGB {
		p.RGB[i] = byte(i / 768)
	}
	for b.Loop() {
		if _, err := encode(p, quality); err != nil {
			b.Fatal(err)
		}
	}
}
