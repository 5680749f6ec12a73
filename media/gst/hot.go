package gst

/*
#cgo pkg-config: gstreamer-1.0 gstreamer-app-1.0
#include "hot.h"
*/
import "C"

import (
	"fmt"
	"runtime/cgo"
	"time"
	"unsafe"

	"github.com/go-gst/go-gst/gst"
)

// A Sink receives the samples of one appsink. data is GStreamer's memory and must not be kept or changed; pts is
// negative when the sample carries none.
type Sink func(data []byte, pts time.Duration)

// push copies b, which is not empty, into src.
func push(src unsafe.Pointer, b []byte, pts time.Duration) gst.FlowReturn {
	return gst.FlowReturn(C.hot_push(src, unsafe.Pointer(&b[0]), C.size_t(len(b)), C.int64_t(pts)))
}

// end tells src that nothing more will be pushed.
func end(src unsafe.Pointer) gst.FlowReturn { return gst.FlowReturn(C.hot_end(src)) }

// listen sends the samples of the appsink to fn until the returned handle is deleted, which must wait until the
// pipeline's threads have ended.
func listen(sink unsafe.Pointer, fn Sink) cgo.Handle {
	h := cgo.NewHandle(fn)
	C.hot_listen(sink, C.uintptr_t(h))
	return h
}

//export hotSample
func hotSample(h C.uintptr_t, data unsafe.Pointer, n C.size_t, pts C.int64_t) {
	fn := cgo.Handle(h).Value().(Sink)
	fn(unsafe.Slice((*byte)(data), int(n)), time.Duration(pts))
}

func version() string {
	var major, minor, micro, nano C.guint
	C.gst_version(&major, &minor, &micro, &nano)
	return fmt.Sprintf("%d.%d.%d", major, minor, micro)
}
