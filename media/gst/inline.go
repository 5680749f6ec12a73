package gst

/*
#cgo pkg-config: gstreamer-1.0 gstreamer-app-1.0
#include <stdlib.h>
#include "hot.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"time"
	"unsafe"

	"github.com/go-gst/go-gst/gst"
)

// A feed is the pad through which an inline pipeline is fed; its pad is nil where there is none.
type feed struct{ pad *C.GstPad }

// NewInline builds a pipeline whose first element, named "in", gets what is pushed, of the given caps, on the thread
// of the caller. Sinks are as in New; their appsinks need sync=false and async=false, or the first push would wait for
// a clock.
func NewInline(desc, caps string, sinks map[string]Sink) (*Pipeline, error) {
	p, err := New(desc, sinks, "in")
	if err != nil {
		return nil, err
	}
	text := C.CString(caps)
	defer C.free(unsafe.Pointer(text))
	if p.feed.pad = C.hot_feed(p.elems["in"].Unsafe(), text); p.feed.pad == nil {
		p.Free()
		return nil, fmt.Errorf("build pipeline: its first element does not take %s", caps)
	}
	return p, nil
}

// Gap tells the first element of an inline pipeline that data from pts on are missing for so long, which a decoder may
// conceal.
func (p *Pipeline) Gap(pts, d time.Duration) error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	switch {
	case p.freed:
		return ErrFreed
	case p.feed.pad == nil:
		return errors.New("only an inline pipeline can be told of a gap")
	}
	if err := p.log.failure(); err != nil {
		return err
	}
	if r := gst.FlowReturn(C.hot_gap(p.feed.pad, C.int64_t(pts), C.int64_t(d))); r != gst.FlowOK {
		return fmt.Errorf("gap: %s", r)
	}
	return nil
}

func (f feed) begin() bool { return C.hot_begin(f.pad) != 0 }

// pass pushes b, which is not empty.
func (f feed) pass(b []byte, pts time.Duration) gst.FlowReturn {
	return gst.FlowReturn(C.hot_pass(f.pad, unsafe.Pointer(&b[0]), C.size_t(len(b)), C.int64_t(pts)))
}

// free gives the pad back; the pipeline stands still.
func (f feed) free() {
	if f.pad != nil {
		C.hot_unfeed(f.pad)
	}
}
