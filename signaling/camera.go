package signaling

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"omnilive/media"
)

// A camera is what the caller shows (media.PictureReader): of his video tracks the newest one that brings anything. A screen
// shared over a track of its own goes before the camera, and when it ends or falls silent the camera is seen again.
type camera struct {
	mu      sync.Mutex // guards what follows
	views   []*view    // the newest last
	changed context.Context
	change  context.CancelFunc // ends changed, which is renewed: a Look chooses anew
}

// A view is one video track.
type view struct {
	VideoReceiver
	fed atomic.Int64 // when its last packet came, in Unix nanoseconds
}

// A track without a packet for so long does not hide older ones; a Look under way notices after viewCheck.
const (
	viewIdle  = 3 * time.Second
	viewCheck = 500 * time.Millisecond
)

func newCamera() *camera {
	c := &camera{}
	c.changed, c.change = context.WithCancel(context.Background())
	return c
}

// add makes r the newest view.
func (c *camera) add(r VideoReceiver) *view {
	v := &view{VideoReceiver: r}
	v.fed.Store(time.Now().UnixNano())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.views = append(c.views, v)
	c.renew()
	return v
}

// remove closes a view whose track has ended.
func (c *camera) remove(v *view) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(c.views, v)
	if i < 0 {
		return nil
	}
	c.views = slices.Delete(c.views, i, i+1)
	c.renew()
	return v.Close()
}

// renew has every Look choose anew; c.mu is held.
func (c *camera) renew() {
	c.change()
	c.changed, c.change = context.WithCancel(context.Background())
}

// Push takes a packet of the view's track.
func (v *view) Push(packet []byte) error {
	v.fed.Store(time.Now().UnixNano())
	return v.VideoReceiver.Push(packet)
}

// best is the view to look at, nil where there is none, and what ends when that may have changed.
func (c *camera) best() (v *view, changed context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	since := time.Now().Add(-viewIdle).UnixNano()
	for _, w := range c.views {
		if v == nil || w.fed.Load() >= since || v.fed.Load() < since {
			v = w
		}
	}
	return v, c.changed
}

// Look waits for a picture of the best view.
func (c *camera) Look(ctx context.Context) (media.Picture, error) {
	for {
		v, changed := c.best()
		if v == nil {
			select {
			case <-changed.Done():
				continue
			case <-ctx.Done():
				return media.Picture{}, context.Cause(ctx)
			}
		}
		joined, cancel := context.WithTimeout(ctx, viewCheck)
		stop := context.AfterFunc(changed, cancel)
		pic, err := v.Look(joined)
		again := joined.Err() != nil
		stop()
		cancel()
		switch {
		case err == nil || ctx.Err() != nil:
			return pic, err
		case again:
		case errors.Is(err, media.ErrClosed), errors.Is(err, io.EOF):
			_ = c.remove(v) // its track has ended
		default:
			return pic, err
		}
	}
}

// close closes every view there still is. Nobody looks any more.
func (c *camera) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, v := range c.views {
		errs = append(errs, v.Close())
	}
	c.views = nil
	c.change()
	return errors.Join(errs...)
}
