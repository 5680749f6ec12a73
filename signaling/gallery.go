package signaling

import (
	"context"

	"omnilive/streaming"
)

const (
	// maxDelta is how much of a picture's file one message carries, in bytes before base64.
	maxDelta = 12000
	// maxPictures is how much news of pictures may wait to be encoded.
	maxPictures = 16
)

// A gallery tells of pictures: they are encoded and cut beside the conversation, and sent only while nothing else waits, so that
// a picture is never in a word's way. What it gets in order it tells in order.
type gallery struct {
	in  chan streaming.Event // ImageStarted, ImageProgress, ImageDone, ImageFailed
	out chan []byte          // messages, as fast as tell takes them
}

func newGallery() gallery {
	return gallery{in: make(chan streaming.Event, maxPictures), out: make(chan []byte)}
}

// pictured says whether ev is the gallery's.
func pictured(ev streaming.Event) bool {
	switch ev.(type) {
	case streaming.ImageStarted, streaming.ImageProgress, streaming.ImageDone, streaming.ImageFailed:
		return true
	}
	return false
}

// hang takes news of a picture and reports whether there was room. Progress is dropped in good time.
func (o *outbox) hang(ev streaming.Event) bool {
	switch e := ev.(type) {
	case streaming.ImageProgress:
		if len(o.gallery.in) >= maxPictures/2 {
			o.meter.Dropped("image_preview")
			return true
		}
	case streaming.ImageFailed:
		if e.Err != nil {
			o.meter.Failed(e.Err.Code)
		}
	}
	select {
	case o.gallery.in <- ev:
		return true
	default:
		return false
	}
}

// show tells of pictures until the call ends.
func (p *peer) show(ctx context.Context) error {
	for {
		select {
		case ev := <-p.events.gallery.in:
			if err := p.events.picture(ctx, ev); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// picture tells of ev.
func (o *outbox) picture(ctx context.Context, ev streaming.Event) error {
	switch e := ev.(type) {
	case streaming.ImageStarted:
		return o.pass(ctx, &imageStarted{head{Type: "omnilive.image.started"}, e.ResponseID, e.ID, e.Width, e.Height})
	case streaming.ImageProgress:
		m := &imageProgress{head: head{Type: "omnilive.image.progress"}, ImageID: e.ID, Done: e.Done}
		if e.Preview != nil {
			m.Preview = preview(*e.Preview)
		}
		return o.pass(ctx, m)
	case streaming.ImageDone:
		return o.deliver(ctx, e)
	case streaming.ImageFailed:
		m := &imageFailed{head: head{Type: "omnilive.image.failed"}, ImageID: e.ID, Reason: e.Reason}
		if e.Err != nil {
			m.Error = &responseError{Type: e.Err.Type, Code: e.Err.Code, Message: e.Err.Message}
		}
		return o.pass(ctx, m)
	}
	return nil
}

// deliver sends a finished picture's file in pieces.
func (o *outbox) deliver(ctx context.Context, e streaming.ImageDone) error {
	file, err := encode(e.Picture, quality)
	if err != nil {
		return o.picture(ctx, streaming.ImageFailed{ID: e.ID, Reason: streaming.ImageBroken, Err: &Error{
			Type: typeServer, Code: "encode_failed", Message: err.Error(),
		}})
	}
	for i, rest := 0, file; len(rest) > 0; i++ {
		n := min(len(rest), maxDelta)
		if err := o.pass(ctx, &imageDelta{head{Type: "omnilive.image.delta"}, e.ID, i, rest[:n]}); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return o.pass(ctx, &imageDone{
		head: head{Type: "omnilive.image.done"}, ImageID: e.ID, ResponseID: e.ResponseID,
		Width: e.Picture.Width, Height: e.Picture.Height, ContentType: "image/jpeg", Bytes: len(file),
	})
}

// pass waits until tell takes m.
func (o *outbox) pass(ctx context.Context, m message) error {
	o.mu.Lock()
	b := marshal(o.t.number(m))
	o.mu.Unlock()
	select {
	case o.gallery.out <- b:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
