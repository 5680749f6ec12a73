package signaling

import "omnilive/media"

// MediaElements says which GStreamer is in use and which of its elements that calls are made of are not installed.
func MediaElements() (version string, missing []media.Element) {
	return media.GStreamerVersion(), media.MissingElements()
}
