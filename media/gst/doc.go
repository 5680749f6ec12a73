// Package gst runs GStreamer pipelines that are fed from Go and read by Go. It is the only importer of go-gst, so
// that the binding can be changed in one place.
//
// Pipelines are described in the language of gst-launch-1.0. Building, states, properties and the bus go through
// go-gst; the two calls that run for every packet (a push into an appsrc and a sample out of an appsink) are a few
// lines of C of our own, which neither allocate in Go nor leave anything to a finalizer.
//
// A pipeline of New has threads of its own behind its appsrc. One of NewInline has none: a push decodes or encodes on
// the caller's thread, and its sinks have been called when it returns. Handing a packet to a thread and its sound back
// costs more than decoding it.
//
// # Concurrency
//
// Every method of a Pipeline may be called by any goroutine at any time, Free included: what comes after Free gets
// ErrFreed. Sink functions run on GStreamer's streaming threads, one at a time for one sink. They must not block and
// must not call Free, which waits for them. Those of an inline pipeline run inside Push and Gap and must not call any
// method of it; pushes from several goroutines wait for one another.
package gst
