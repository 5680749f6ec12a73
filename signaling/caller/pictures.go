package caller

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
)

// maxPicture is the largest picture that is gathered, in bytes; the server's are far smaller.
const maxPicture = 16 << 20

// A Picture is one that the server's model drew.
type Picture struct {
	ID            string
	Width, Height int
	Type          string // MIME, such as image/jpeg
	Data          []byte // the file; empty where there is an error
	Err           error  // why there is no picture
	done          bool
}

// album gathers the pictures out of the events, in the order in which they were begun.
type album struct {
	mu       sync.Mutex // guards what follows
	pictures []*Picture
	ended    error         // why there will be no more
	changed  chan struct{} // closed and renewed at each change
}

// drawing are the fields of the events about a picture.
type drawing struct {
	ImageID     string `json:"image_id"`
	Width       int    `json:"width"`
	Height      int    `json:"height"`
	Delta       string `json:"delta"`
	ContentType string `json:"content_type"`
	Bytes       int    `json:"bytes"`
	Reason      string `json:"reason"`
	Error       struct {
		Message string `json:"message"`
	} `json:"error"`
}

func (a *album) note(e Event) {
	switch e.Type {
	case "omnilive.image.started", "omnilive.image.delta", "omnilive.image.done", "omnilive.image.failed":
	default:
		return
	}
	var d drawing
	_ = e.Decode(&d)
	a.mu.Lock()
	defer a.mu.Unlock()
	if e.Type == "omnilive.image.started" {
		a.pictures = append(a.pictures, &Picture{ID: d.ImageID, Width: d.Width, Height: d.Height})
		a.tell()
		return
	}
	for _, p := range a.pictures {
		if p.ID == d.ImageID && !p.done {
			p.take(e.Type, d)
			a.tell()
		}
	}
}

// take follows one event of the picture.
func (p *Picture) take(kind string, d drawing) {
	switch kind {
	case "omnilive.image.delta":
		data, err := base64.StdEncoding.DecodeString(d.Delta)
		if err == nil && len(p.Data)+len(data) > maxPicture {
			err = fmt.Errorf("more than %d bytes came", maxPicture)
		}
		if err != nil {
			p.fail(fmt.Errorf("picture %s: %w", p.ID, err))
			return
		}
		p.Data = append(p.Data, data...)
	case "omnilive.image.done":
		p.done, p.Type = true, d.ContentType
		if len(p.Data) != d.Bytes {
			p.fail(fmt.Errorf("picture %s: %d bytes came of %d", p.ID, len(p.Data), d.Bytes))
		}
	case "omnilive.image.failed":
		why := d.Reason
		if d.Error.Message != "" {
			why += ": " + d.Error.Message
		}
		p.fail(fmt.Errorf("picture %s: %s", p.ID, why))
	}
}

func (p *Picture) fail(err error) { p.done, p.Data, p.Err = true, nil, err }

func (a *album) end(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = err
	a.tell()
}

// tell wakes who waits; a.mu is held.
func (a *album) tell() {
	close(a.changed)
	a.changed = make(chan struct{})
}

// Drawings is how many pictures have been begun so far.
func (c *Call) Drawings() int {
	c.album.mu.Lock()
	defer c.album.mu.Unlock()
	return len(c.album.pictures)
}

// Picture waits until the n-th picture that was begun, counted from 0, is there or has failed (Err).
func (c *Call) Picture(ctx context.Context, n int) (Picture, error) {
	if n < 0 {
		return Picture{}, errors.New("caller: pictures are counted from 0")
	}
	for {
		p, changed, ended := c.album.look(n)
		if p.done {
			return p, nil
		}
		if ended != nil {
			return Picture{}, ended
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Picture{}, context.Cause(ctx)
		}
	}
}

// look is the n-th picture as it is now; the zero Picture before it is begun.
func (a *album) look(n int) (p Picture, changed <-chan struct{}, ended error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n < len(a.pictures) {
		p = *a.pictures[n]
	}
	return p, a.changed, a.ended
}

// Draw asks for a picture of what prompt says, from the camera's newest picture on where that is wanted.
func (c *Call) Draw(prompt string, camera bool) error {
	source := "none"
	if camera {
		source = "camera"
	}
	return c.Send(map[string]any{"type": "omnilive.image.create", "prompt": prompt, "source": source})
}
