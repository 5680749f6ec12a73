package streaming

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"omnilive/media"
	"omnilive/model"
)

const (
	maxPainting = 2 // pictures at once
	maxWaiting  = 4 // that are drawn and not begun
	// previewEvery is how often a picture under way is told of.
	previewEvery = 250 * time.Millisecond
)

// A studio paints what the model drew, beside the conversation: nothing that is said stops it. converse owns it.
type studio struct {
	tasks   sync.WaitGroup
	strokes chan stroke // paintings → converse
	all     []*painting // begun or waiting, in order
}

// A painting is a picture until it is done.
type painting struct {
	id, response string
	drawing      *model.Drawing
	cancel       context.CancelFunc // nil: not begun
	told         bool               // its end has been told; it only has to let go
}

// A stroke is news of a painting; the last one of it has end set.
type stroke struct {
	p       *painting
	done    float64
	preview *media.Picture
	end     bool
	picture model.Picture
	err     error
}

// paint takes a drawing to be painted, at once or as soon as a place is free.
func (t *talk) paint(response string, d *model.Drawing) {
	p := &painting{id: newID("img"), response: response, drawing: d}
	if len(t.work.studio.all) >= maxPainting+maxWaiting {
		t.s.emit(ImageFailed{ID: p.id, Reason: ImageBroken, Err: &Error{
			Type: "server_error", Code: CodeTooManyImages,
			Message: fmt.Sprintf("%d pictures are being painted or wait; cancel one or wait", len(t.work.studio.all)),
		}})
		return
	}
	t.work.studio.all = append(t.work.studio.all, p)
	t.s.emit(ImageStarted{ResponseID: response, ID: p.id, Width: d.Width, Height: d.Height})
	t.work.studio.begin(t.ctx)
}

// CodeTooManyImages is the code of a picture that found no place.
const CodeTooManyImages = "too_many_images"

// begin begins as many paintings as there are places.
func (s *studio) begin(ctx context.Context) {
	busy := 0
	for _, p := range s.all {
		if p.cancel != nil {
			busy++
		}
	}
	for _, p := range s.all {
		if p.cancel != nil || busy == maxPainting {
			continue
		}
		busy++
		run, cancel := context.WithCancel(ctx)
		p.cancel = cancel
		s.tasks.Go(func() {
			defer cancel()
			last := stroke{p: p, end: true}
			last.picture, last.err = p.paint(run, s.strokes)
			_ = send(ctx, s.strokes, last) // fails only when the call is over
		})
	}
}

// paint runs the model. What it shows on the way may be lost: a painting never waits for the conversation.
func (p *painting) paint(ctx context.Context, strokes chan<- stroke) (model.Picture, error) {
	var last time.Time
	pic, err := p.drawing.Paint(ctx, func(done float64, preview *model.Picture) {
		now := time.Now()
		if now.Sub(last) < previewEvery {
			return
		}
		s := stroke{p: p, done: min(max(done, 0), 1)}
		if preview != nil && whole(*preview) {
			s.preview = &media.Picture{Width: preview.Width, Height: preview.Height, RGB: slices.Clone(preview.RGB)}
		}
		select {
		case strokes <- s:
			last = now
		default:
		}
	})
	if err == nil && !whole(pic) {
		err = errors.New("the picture is not whole")
	}
	return pic, err
}

func whole(p model.Picture) bool {
	return p.Width > 0 && p.Height > 0 && len(p.RGB) == 3*p.Width*p.Height
}

func (t *talk) onStroke(s stroke) {
	p := s.p
	if !s.end {
		if !p.told {
			t.s.emit(ImageProgress{ID: p.id, Done: s.done, Preview: s.preview})
		}
		return
	}
	t.work.studio.remove(p)
	switch {
	case p.told:
	case s.err != nil:
		t.s.cfg.Log.Error("picture", "err", s.err)
		t.s.emit(ImageFailed{ID: p.id, Reason: ImageBroken, Err: &Error{Type: "server_error", Code: "paint_failed", Message: s.err.Error()}})
	default:
		t.s.emit(ImageDone{
			ResponseID: p.response, ID: p.id,
			Picture: media.Picture{Width: s.picture.Width, Height: s.picture.Height, RGB: s.picture.RGB},
		})
	}
	t.work.studio.begin(t.ctx)
}

func (s *studio) remove(p *painting) {
	s.all = slices.DeleteFunc(s.all, func(q *painting) bool { return q == p })
}

// stop cancels the paintings that which picks, and says whether there were any. One that has begun keeps its place until it
// has let go.
func (s *studio) stop(which func(*painting) bool, emit func(Event)) (any bool) {
	for _, p := range slices.Clone(s.all) {
		if p.told || !which(p) {
			continue
		}
		any, p.told = true, true
		if p.cancel != nil {
			p.cancel()
		} else {
			s.remove(p)
		}
		emit(ImageFailed{ID: p.id, Reason: ImageCancelled})
	}
	return any
}

func (t *talk) cancelImage(c CancelImage) {
	if !t.work.studio.stop(func(p *painting) bool { return p.id == c.ID }, t.s.emit) {
		t.fail(&Error{
			Type: "invalid_request_error", Code: "image_cancel_not_active", Param: "image_id", EventID: c.EventID,
			Message: fmt.Sprintf("no picture %q is being painted", c.ID),
		})
	}
}

// drawImage puts the prompt into the conversation and asks for an answer that is a picture.
func (t *talk) drawImage(c DrawImage) {
	a := t.s.cfg.Model.Abilities()
	var err *Error
	switch {
	case !a.Draws:
		err = unsupported("type", "this model makes no pictures")
	case c.Camera && (t.s.ports.Camera == nil || !a.Sees):
		err = unsupported("source", "there is no camera picture to edit")
	}
	if err != nil {
		err.EventID = c.EventID
		t.fail(err)
		return
	}
	if t.answering(c.EventID) {
		return
	}
	it := Item{ID: newID("item"), Role: RoleUser, Content: []Part{{Type: PartInputText, Text: c.Prompt}}}
	if !t.change(change{add: &model.Input{Role: RoleUser, Text: c.Prompt, Frame: c.Camera}}, c.EventID) {
		return
	}
	t.add(it)
	t.undo(errNewInput)
	if c.Camera {
		t.glance()
	}
	opt := t.options()
	opt.ToolChoice, opt.Draw = "", &model.Canvas{Width: c.Width, Height: c.Height}
	t.start(job{opt: opt}, Response{})
}
