package media

import "omnilive/media/gst"

// An Element is a GStreamer element that this package works with, the Debian package that brings it, and what
// cannot be done without it.
type Element = gst.Element

// Elements lists the GStreamer elements that this package works with.
func Elements() []Element { return gst.Elements() }

// MissingElements lists those of Elements that this machine lacks.
func MissingElements() []Element { return gst.Missing() }

// GStreamerVersion is that of the GStreamer library in use, as in "1.22.0".
func GStreamerVersion() string { return gst.Version() }
