package media

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pion/rtp/codecs"

	"omnilive/media/gst"
)

// A headline is what the first bytes of a coded picture tell.
type headline struct {
	key           bool // decoding can begin here
	width, height int  // 0: not told
}

// A depacketizer turns the payloads of one picture, in order, into the stretches of its bitstream.
type depacketizer interface {
	Unmarshal(payload []byte) ([]byte, error)
}

// A codec is one way to code video that a VideoReader understands.
type codec struct {
	mime         string
	caps         string
	decoder      string   // in the language of gst-launch-1.0
	elements     []string // that decoder is made of
	head         func(payload []byte) bool
	depacketizer func() depacketizer
	inspect      func(picture []byte) (headline, error)
}

// videoCodecs lists the codecs, cheapest to decode first. h264parse is left out: it ends the stream on garbage.
func videoCodecs() []codec {
	return []codec{
		{
			mime: "video/VP8", caps: "video/x-vp8,framerate=30/1",
			decoder: "vp8dec threads=1", elements: []string{"vp8dec"},
			head: vp8Head, inspect: inspectVP8,
			depacketizer: func() depacketizer { return &codecs.VP8Packet{} },
		},
		{
			mime: "video/H264", caps: "video/x-h264,stream-format=byte-stream,alignment=au",
			decoder: "avdec_h264 max-threads=1", elements: []string{"avdec_h264"},
			head:         func(b []byte) bool { return (&codecs.H264Packet{}).IsPartitionHead(b) },
			inspect:      inspectH264,
			depacketizer: func() depacketizer { return &codecs.H264Packet{} },
		},
		{
			mime: "video/VP9", caps: "video/x-vp9,framerate=30/1",
			decoder: "vp9dec threads=1", elements: []string{"vp9dec"},
			head:         func(b []byte) bool { return (&codecs.VP9Packet{}).IsPartitionHead(b) },
			inspect:      inspectVP9,
			depacketizer: func() depacketizer { return &codecs.VP9Packet{} },
		},
		{
			mime: "video/AV1", caps: "video/x-av1,stream-format=obu-stream,alignment=tu",
			decoder: "av1parse ! av1dec", elements: []string{"av1parse", "av1dec"},
			head:         func(b []byte) bool { return (&codecs.AV1Depacketizer{}).IsPartitionHead(b) },
			inspect:      inspectAV1,
			depacketizer: func() depacketizer { return &codecs.AV1Depacketizer{} },
		},
	}
}

// VideoCodecs lists the MIME types of video that can be decoded on this machine, cheapest first.
func VideoCodecs() []string {
	var mimes []string
	for _, c := range videoCodecs() {
		if c.missing() == "" {
			mimes = append(mimes, c.mime)
		}
	}
	return mimes
}

// missing names an element that the codec needs and the machine lacks.
func (c *codec) missing() string {
	for _, e := range append([]string{"valve", "videoconvertscale"}, c.elements...) {
		if !gst.Has(e) {
			return e
		}
	}
	return ""
}

// findCodec looks a MIME type up, whatever its case.
func findCodec(mime string) (*codec, error) {
	for _, c := range videoCodecs() {
		if !strings.EqualFold(c.mime, mime) {
			continue
		}
		if e := c.missing(); e != "" {
			return nil, fmt.Errorf("decode %s: GStreamer has no element %s (omnilive doctor tells the package)", mime, e)
		}
		return &c, nil
	}
	return nil, fmt.Errorf("decode %s: not a known video codec", mime)
}

var errPanic = errors.New("depacketizer failed")

// unmarshal is d.Unmarshal for bytes from strangers: what the library cannot digest becomes an error.
func unmarshal(d depacketizer, payload []byte) (b []byte, err error) {
	defer func() {
		if recover() != nil {
			b, err = nil, errPanic
		}
	}()
	return d.Unmarshal(payload)
}
