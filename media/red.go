package media

import (
	"encoding/binary"
	"time"
)

// A redBlock is one frame inside a redundant packet.
type redBlock struct {
	payload uint8  // payload type
	offset  uint32 // how much older than the packet, in ticks of its clock
	data    []byte
}

// maxBlocks is the most frames taken from one packet; browsers send two, at most three.
const maxBlocks = 8

// parseRED cuts the payload of an audio/red packet into its blocks, oldest first, the primary last (RFC 2198 §3).
// It returns how many there are, 0 when the payload is malformed.
func parseRED(b []byte, blocks *[maxBlocks]redBlock) int {
	var sizes [maxBlocks]int
	n := 0
	for {
		if len(b) == 0 || n == maxBlocks {
			return 0
		}
		blocks[n] = redBlock{payload: b[0] & 0x7f}
		if b[0]&0x80 == 0 {
			b = b[1:]
			n++
			break
		}
		if len(b) < 4 {
			return 0
		}
		word := binary.BigEndian.Uint32(b)
		blocks[n].offset = word >> 10 & 0x3fff
		sizes[n] = int(word & 0x3ff)
		b = b[4:]
		n++
	}
	for i := range n - 1 {
		if sizes[i] > len(b) {
			return 0
		}
		blocks[i].data, b = b[:sizes[i]], b[sizes[i]:]
	}
	blocks[n-1].data = b
	return n
}

// PushRED takes one RTP packet of an audio/red track (RFC 2198) whose blocks are Opus of the reader's payload type.
// Packets that were lost are taken from the redundancy of later ones. Otherwise it is as Push.
func (r *OpusReader) PushRED(packet []byte) error { return r.take(packet, r.unpack) }

// unpack puts the blocks of a packet into the window.
func (r *OpusReader) unpack(h rtpHeader, payload []byte, now time.Duration) bool {
	var blocks [maxBlocks]redBlock
	n := parseRED(payload, &blocks)
	if n == 0 {
		return false
	}
	for i, b := range blocks[:n] {
		primary := i == n-1
		if b.payload != r.payload || len(b.data) == 0 || (!primary && !r.order.begun) {
			continue
		}
		block := h
		block.sequence -= uint16(n - 1 - i)
		block.timestamp -= b.offset
		v := r.order.put(block, b.data, now)
		if primary {
			r.count(block, v, now)
		} else if v == taken {
			r.stats.Packets++
			r.stats.Recovered++
		}
	}
	return true
}
