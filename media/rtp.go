package media

import (
	"encoding/binary"
	"errors"
)

// errPacket tells that a packet is not RTP that can be used.
var errPacket = errors.New("not an RTP packet of this track")

// maxPacket is the longest packet taken from the network, in bytes: no path MTU is larger in practice.
const maxPacket = 2048

// rtpHeader is what the readers need of an RTP header (RFC 3550 §5.1).
type rtpHeader struct {
	marker    bool
	payload   uint8 // payload type
	sequence  uint16
	timestamp uint32
	ssrc      uint32 // the source
}

// parseRTP reads the header of an RTP packet without allocating and returns its payload, padding taken off. The
// payload may be empty.
func parseRTP(b []byte) (h rtpHeader, payload []byte, err error) {
	if len(b) < 12 || len(b) > maxPacket || b[0]>>6 != 2 {
		return h, nil, errPacket
	}
	h.marker = b[1]&0x80 != 0
	h.payload = b[1] & 0x7f
	h.sequence = binary.BigEndian.Uint16(b[2:])
	h.timestamp = binary.BigEndian.Uint32(b[4:])
	h.ssrc = binary.BigEndian.Uint32(b[8:])
	n := 12 + 4*int(b[0]&0x0f) // contributing sources
	if b[0]&0x10 != 0 {        // header extension
		if len(b) < n+4 {
			return h, nil, errPacket
		}
		n += 4 + 4*int(binary.BigEndian.Uint16(b[n+2:]))
	}
	last := len(b)
	if b[0]&0x20 != 0 { // padding, its length in the last byte
		last -= int(b[last-1])
	}
	if n > last {
		return h, nil, errPacket
	}
	return h, b[n:last], nil
}
