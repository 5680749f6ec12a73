package streaming

import (
	"strings"
	"testing"

	"omnilive/media"
)

// drawn is a call whose typed question is answered by answer.
func drawn(until int64, answer string) *scene {
	s := newScene(until)
	s.model.answer = answer
	s.do[100] = DrawImage{Prompt: "a cat", Width: 16, Height: 9}
	return s
}

// A picture is painted while the answer goes on and after it; its progress is told at most four times a second.
func TestDrawing(t *testing.T) {
	s := drawn(6000, "here draw:3000 it comes")
	s.run(t)
	s.order(t, "ItemAdded", "ItemDone", "ResponseCreated", "OutputTranscriptDelta", "ImageStarted", "ImageProgress", "OutputTranscriptDelta",
		"ResponseDone", "ImageProgress", "ImageDone")
	started, begun := find[ImageStarted](t, s, 0)
	done, end := find[ImageDone](t, s, 0)
	r, _ := find[ResponseDone](t, s, 0)
	if started.Width != 4 || started.Height != 2 || started.ID != done.ID || started.ResponseID != r.Response.ID || done.ResponseID != r.Response.ID {
		t.Errorf("started %+v, done %+v", started, done)
	}
	if done.Picture.Width != 4 || len(done.Picture.RGB) != 24 || end-begun != 3000 {
		t.Errorf("%+v after %d ms", done.Picture, end-begun)
	}
	if n := count[ImageProgress](s); n < 10 || n > 12 {
		t.Errorf("%d times progress in 3 s", n)
	}
	if p, _ := find[ImageProgress](t, s, 5); p.Done <= 0.2 || p.Done >= 0.6 || p.Preview == nil || p.Preview.Width != 4 {
		t.Errorf("progress %+v", p)
	}
	if o := s.model.conv.opts[0]; o.Draw == nil || o.Draw.Width != 16 || o.Draw.Height != 9 {
		t.Errorf("options %+v", o)
	}
	if got := s.remembers(); got != "<system> <a cat> here draw:3000 it comes" {
		t.Errorf("the model remembers %q", got)
	}
}

// The user speaks over the answer: the painting goes on.
func TestBargeInLeavesThePainting(t *testing.T) {
	s := newScene(7000, span{500, 1500}, span{2700, 3200})
	s.model.answer = "one draw:3000 two three four five six seven eight"
	s.run(t)
	if d, _ := find[ResponseDone](t, s, 0); d.Response.Status != StatusCancelled {
		t.Fatalf("response %+v", d.Response)
	}
	if count[ImageDone](s) < 1 || count[ImageFailed](s) != 0 {
		t.Errorf("events %s", s.names())
	}
}

// omnilive.image.cancel stops a painting, whether it has begun or waits; response.cancel those of its response; hanging up all.
// To cut the answer off, as typed words do, leaves them.
func TestPaintingIsCancelled(t *testing.T) {
	for name, c := range map[string]struct {
		cancel func(s *scene) Command
		failed int
	}{
		"image":                      {func(s *scene) Command { return CancelImage{ID: imageID(s, 0)} }, 1},
		"waiting image":              {func(s *scene) Command { return CancelImage{ID: imageID(s, 2)} }, 1},
		"response, while it is said": {func(*scene) Command { return CancelResponse{} }, 3},
		"the sound cut off":          {func(*scene) Command { return ClearOutput{} }, 0},
		"nothing":                    {func(*scene) Command { return CancelImage{EventID: "x", ID: "img_no"} }, 0},
		"another response":           {func(*scene) Command { return CancelResponse{EventID: "x", ResponseID: "resp_no"} }, 0},
		"by hanging up":              {func(*scene) Command { return ClearInput{} }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := drawn(3000, "draw:0 draw:0 draw:0 one two three four five")
			s.later = map[int64]func() Command{1000: func() Command { return c.cancel(s) }}
			s.run(t)
			if n := count[ImageFailed](s); n != c.failed || count[ImageStarted](s) != 3 {
				t.Errorf("%d pictures cancelled: %s", n, s.names())
			}
			if c.failed > 0 {
				f, at := find[ImageFailed](t, s, 0)
				if f.Reason != ImageCancelled || f.Err != nil || at < 1000 || at > 1050 {
					t.Errorf("%+v at %d", f, at)
				}
			}
			if n := s.model.painting.Load(); n != 0 {
				t.Errorf("%d pictures are still being painted", n)
			}
			if (name == "nothing" || name == "another response") != strings.HasPrefix(s.failures(), "x:") {
				t.Errorf("failures %q", s.failures())
			}
		})
	}
}

// imageID is the id of the nth picture so far.
func imageID(s *scene, n int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if i, ok := e.(ImageStarted); ok {
			if n == 0 {
				return i.ID
			}
			n--
		}
	}
	return ""
}

// A finished response's painting can be cancelled by the response's id, too.
func TestCancelFinishedResponse(t *testing.T) {
	s := drawn(4000, "draw:0")
	s.later = map[int64]func() Command{2000: func() Command {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, e := range s.events {
			if d, ok := e.(ResponseDone); ok {
				return CancelResponse{ResponseID: d.Response.ID}
			}
		}
		return CancelResponse{}
	}}
	s.run(t)
	if count[ImageFailed](s) != 1 || s.failures() != "" {
		t.Errorf("events %s, failures %q", s.names(), s.failures())
	}
}

// Two pictures are painted at once and four wait; more find no place. One that breaks makes room for the next.
func TestStudioIsBounded(t *testing.T) {
	s := drawn(9000, "draw:13 draw:1000 draw:1000 draw:1000 draw:1000 draw:1000 draw:1000 draw:1000")
	s.run(t)
	if n := s.model.most.Load(); n != maxPainting {
		t.Errorf("%d pictures were painted at once", n)
	}
	reasons := map[string]int{}
	for _, e := range s.events {
		if f, ok := e.(ImageFailed); ok {
			reasons[f.Err.Code]++
		}
	}
	if reasons[CodeTooManyImages] != 2 || reasons["paint_failed"] != 1 || count[ImageDone](s) != 5 {
		t.Errorf("failed %v, %d done", reasons, count[ImageDone](s))
	}
}

// A picture of the camera is edited; where there is nothing to edit or nothing that draws the client is told.
func TestEditCamera(t *testing.T) {
	s := drawn(3000, "draw:50")
	s.do[100] = DrawImage{EventID: "a", Prompt: "a hat on me", Camera: true}
	s.run(t)
	if got := s.failures(); got != "a:unsupported" {
		t.Errorf("without a camera: %q", got)
	}
	s = drawn(3000, "draw:50")
	s.camera = &fakeEye{}
	s.do[100] = DrawImage{Prompt: "a hat on me", Camera: true}
	s.run(t)
	if got := s.remembers(); got != "<system> <frame a hat on me> draw:50" || count[ImageDone](s) != 1 {
		t.Errorf("the model remembers %q; events %s", got, s.names())
	}
}

// A picture asked for while an answer is being said has to wait.
func TestDrawWhileAnswering(t *testing.T) {
	s := drawn(4000, "one two three")
	s.do[300] = DrawImage{EventID: "b", Prompt: "a dog"}
	s.run(t)
	if got := s.failures(); got != "b:conversation_already_has_active_response" || count[ItemAdded](s) != 2 {
		t.Errorf("failures %q, events %s", got, s.names())
	}
}

var _ media.PictureReader = (*fakeEye)(nil)
