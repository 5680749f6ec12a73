// Package gst runs GStreamer pipelines that are fed from Go and read by Go. It is the only importer of go-gst, so
// that the binding can be changed in one place.
//
// Pipelines are described in the language of gst-launch-1.0. Building, states, properties and the bus go through
// go-gst; the two calls that run for every packet (a push into an appsrc and a sample out of an appsink) are a few
// lines of C of our own, which neither allocate in Go nor leave anything to a finalizer.
//
// # Concurrency
//
// Every method of a Pipeline may be called by any goroutine at any time, Free included: what comes after Free gets
// ErrFreed. Sink functions run on GStreamer's streaming threads, one at a time for one sink. They must not block and
// must not call Free, which waits for them.
package gst
