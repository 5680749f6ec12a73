package signaling

import "omnilive/media/gst"

// MediaElements says which GStreamer is in use and which of its elements that calls are made of are not installed.
func MediaElements() (version string, missing []gst.Element) {
	return gst.Version(), gst.Missing()
}
