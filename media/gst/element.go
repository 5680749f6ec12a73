package gst

import (
	"runtime"

	"github.com/go-gst/go-gst/gst"
)

// An Element is a GStreamer element that the program works with.
type Element struct {
	Name     string
	Package  string // the Debian package that brings it
	For      string // what cannot be done without it
	Optional bool   // calls go without
}

// Elements lists what the pipelines of package media are made of.
func Elements() []Element {
	const (
		base = "gstreamer1.0-plugins-base"
		good = "gstreamer1.0-plugins-good"
		core = "libgstreamer1.0-0"
	)
	return []Element{
		{Name: "appsrc", Package: base, For: "every pipeline"},
		{Name: "appsink", Package: base, For: "every pipeline"},
		{Name: "opusdec", Package: base, For: "hearing callers"},
		{Name: "opusenc", Package: base, For: "speaking to callers"},
		{Name: "valve", Package: core, For: "camera pictures"},
		{Name: "videoconvertscale", Package: base, For: "camera pictures"},
		{Name: "vp8dec", Package: good, For: "camera pictures in VP8"},
		{Name: "vp9dec", Package: good, For: "camera pictures in VP9", Optional: true},
		{Name: "avdec_h264", Package: "gstreamer1.0-libav", For: "camera pictures in H.264", Optional: true},
		{Name: "av1parse", Package: "gstreamer1.0-plugins-bad", For: "camera pictures in AV1", Optional: true},
		{Name: "decodebin", Package: base, For: "files of ask", Optional: true},
		{Name: "audioconvert", Package: base, For: "files of ask", Optional: true},
		{Name: "videoflip", Package: good, For: "videos that lie on their side", Optional: true},
		{Name: "av1dec", Package: "gstreamer1.0-plugins-bad", For: "camera pictures in AV1", Optional: true},
	}
}

// Has reports whether the element can be made on this machine.
func Has(name string) bool {
	start()
	f := gst.Find(name)
	if f == nil {
		return false
	}
	g := f.InitiallyUnowned.Object
	runtime.SetFinalizer(g, nil)
	g.Unref()
	return true
}

// Missing lists the Elements that this machine lacks.
func Missing() []Element {
	var m []Element
	for _, e := range Elements() {
		if !Has(e.Name) {
			m = append(m, e)
		}
	}
	return m
}

// Version is that of the GStreamer library in use, as in "1.22.0".
func Version() string { return version() }
