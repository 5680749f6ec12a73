package media

import (
	"encoding/binary"
	"time"
)

// red remembers which packets of a track were had, so that a redundant copy is used once. It is the pushing
// goroutine's alone.
type red struct {
	begun  bool
	newest uint16
	had    uint64 // bit i: newest-i was had
	packet [maxPacket]byte
}

// see notes a packet and reports whether it is new. Packets too old to be remembered count as had.
func (s *red) see(sequence uint16) bool {
	ahead := int16(sequence - s.newest)
	switch {
	case !s.begun:
		s.begun, s.newest, s.had = true, sequence, 1
		return true
	case ahead > 0:
		s.had = s.had<<uint(ahead) | 1
		s.newest = sequence
		return true
	case ahead <= -64:
		if ahead < -1000 { // not an old packet but a sender that started anew
			s.newest, s.had = sequence, 1
		}
		return false
	}
	bit := uint64(1) << uint(-ahead)
	fresh := s.had&bit == 0
	s.had |= bit
	return fresh
}

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
func (r *OpusReader) PushRED(packet []byte) error {
	if r.closed.Load() {
		return ErrClosed
	}
	h, payload, err := parseRTP(packet)
	if err != nil {
		r.invalid.Add(1)
		return nil
	}
	if !r.limit.allow(time.Now()) {
		r.flooded.Add(1)
		return nil
	}
	var blocks [maxBlocks]redBlock
	n := parseRED(payload, &blocks)
	if n == 0 {
		if len(payload) > 0 {
			r.invalid.Add(1)
		}
		return nil
	}
	for i, b := range blocks[:n] {
		primary := i == n-1
		sequence := h.sequence - uint16(n-1-i)
		if b.payload != r.payload || len(b.data) == 0 || (!primary && !r.red.begun) {
			continue
		}
		fresh := r.red.see(sequence)
		if !primary && !fresh {
			continue
		}
		if !primary {
			r.recovered.Add(1)
		}
		timestamp := h.timestamp - b.offset
		if err := r.push(r.red.build(r.payload, sequence, timestamp, packet[8:12], b.data), timestamp); err != nil {
			return err
		}
	}
	return nil
}

// build writes a plain RTP packet around data. The result is good until the next call.
func (s *red) build(payload uint8, sequence uint16, timestamp uint32, ssrc, data []byte) []byte {
	p := append(s.packet[:0], 0x80, payload)
	p = binary.BigEndian.AppendUint16(p, sequence)
	p = binary.BigEndian.AppendUint32(p, timestamp)
	p = append(p, ssrc...)
	return append(p, data...)
}
