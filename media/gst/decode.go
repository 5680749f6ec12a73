package gst

/*
#cgo pkg-config: gstreamer-1.0 gstreamer-app-1.0
#include "decode.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/cgo"
	"sync/atomic"
	"time"
	"unsafe"
)

// Errors of Decode that are not mistakes of the file.
var (
	ErrNoStream = errors.New("no such stream in the file")
	ErrTooLarge = errors.New("its pictures are too large")
)

// How long decoding may take over one sample, and over the first one. Decodebin swallows the error of a demuxer that fails
// while it is being plugged in, and then nothing more is ever heard of it.
const (
	stall      = 60 * time.Second
	firstStall = 10 * time.Second
)

// A Format is what a file says of its samples; what does not apply is 0.
type Format struct {
	Width, Height  int
	Rate, Channels int
	FPS            float64 // frames a second as the file states them, 0 where they vary or it does not say
}

// A Decoding says what is wanted of a file.
type Decoding struct {
	Path   string
	Video  bool   // its first stream of pictures, else of sound
	Pixels int    // the most pixels of a picture
	Push   bool   // read the file from front to back, which makes errors of demuxers sure to be heard; not all formats can
	Shape  string // the elements and caps that bring samples into shape; "" takes them as the decoder gives them, without data

	// Keep is asked for every decoded buffer, in order, whether it is brought into shape and delivered; nil keeps all.
	Keep func() bool
	// Sink takes the samples, as a Sink does, and tells whether it wants more. It may block, which holds the decoder up.
	Sink func(data []byte, pts time.Duration, f Format) bool
}

// Decode runs a file through GStreamer's decoders until its end, the end of ctx, or Sink wants no more. A file in which
// decoding comes upon an error is refused, a file cut short gives what is there. Its functions are called on threads of
// GStreamer's, one at a time, and never after Decode has returned.
func Decode(ctx context.Context, d Decoding) error {
	run := &decoding{d: d, full: make(chan struct{})}
	p, err := New(d.chain(), nil, "in", "decode", "gate", "out")
	if err != nil {
		return err
	}
	h := cgo.NewHandle(run)
	most := uint64(math.MaxUint64)
	if d.Video {
		most = uint64(d.Pixels)
	}
	seen := C.decode_watch(p.elems["decode"].Unsafe(), C.uint64_t(most))
	defer func() {
		p.Free()
		h.Delete()
		C.decode_forget(seen)
	}()
	C.decode_gate(p.elems["gate"].Unsafe(), C.uintptr_t(h))
	whole := C.int(0)
	if d.Shape != "" {
		whole = 1
	}
	C.decode_listen(p.elems["out"].Unsafe(), C.uintptr_t(h), whole)
	if err := p.Set("in", "location", d.Path); err != nil {
		return err
	}
	if err := p.Play(); err != nil {
		return run.verdict(err, seen)
	}
	return run.verdict(run.wait(ctx, p), seen)
}

// chain describes the pipeline.
func (d *Decoding) chain() string {
	kind := "audio"
	if d.Video {
		kind = "video"
	}
	shape := ""
	if d.Shape != "" {
		shape = d.Shape + " ! "
	}
	read := "filesrc name=in ! "
	if d.Push {
		read = "filesrc name=in blocksize=65536 ! queue ! "
	}
	return read + "decodebin name=decode force-sw-decoders=true expose-all-streams=false caps=" + kind + "/x-raw(ANY) ! " +
		"identity name=gate silent=true ! " + shape + "appsink name=out sync=false async=false max-buffers=4"
}

// decoding is a Decode under way.
type decoding struct {
	d       Decoding
	samples atomic.Int64 // that passed the gate's question or reached the sink
	ended   bool         // of the streaming thread: Sink wants no more
	full    chan struct{}
}

// wait returns when the pipeline has come to an end.
func (r *decoding) wait(ctx context.Context, p *Pipeline) error {
	tick := time.NewTicker(firstStall)
	defer tick.Stop()
	last, since := int64(0), time.Now()
	for {
		select {
		case <-p.log.done:
			return p.Err()
		case <-r.full:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
			n := r.samples.Load()
			switch {
			case n > last:
				last, since = n, time.Now()
			case n == 0:
				return errors.New("nothing in it can be decoded")
			case time.Since(since) > stall:
				return fmt.Errorf("the decoder stands still after %d samples", n)
			}
		}
	}
}

// verdict says what an error comes from, as far as the streams that were met tell.
func (r *decoding) verdict(err error, seen *C.decode_seen) error {
	met := seen.audio
	if r.d.Video {
		met = seen.video
	}
	switch {
	case seen.large != 0:
		return ErrTooLarge
	case err != nil && met == 0 && (seen.audio != 0 || seen.video != 0):
		return ErrNoStream
	}
	return err
}

//export decodeKeep
func decodeKeep(h C.uintptr_t) C.int {
	r := cgo.Handle(h).Value().(*decoding)
	r.samples.Add(1)
	if r.d.Keep == nil || r.d.Keep() {
		return 1
	}
	return 0
}

//export decodeSample
func decodeSample(h C.uintptr_t, data unsafe.Pointer, n C.size_t, pts C.int64_t, width, height, rate, channels, num, den C.int) C.int {
	r := cgo.Handle(h).Value().(*decoding)
	if r.ended {
		return 0
	}
	r.samples.Add(1)
	f := Format{Width: int(width), Height: int(height), Rate: int(rate), Channels: int(channels)}
	if den > 0 {
		f.FPS = float64(num) / float64(den)
	}
	var b []byte
	if n > 0 {
		b = unsafe.Slice((*byte)(data), int(n))
	}
	if r.d.Sink(b, time.Duration(pts), f) {
		return 1
	}
	r.ended = true
	close(r.full)
	return 0
}
