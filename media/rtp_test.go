package media

import (
	"bytes"
	"testing"
	"time"

	"github.com/pion/rtp"
)

func TestParseRTP(t *testing.T) {
	for _, p := range []rtp.Packet{
		{Header: rtp.Header{Version: 2, PayloadType: 111, SequenceNumber: 65535, Timestamp: 1 << 31}, Payload: []byte("abc")},
		{Header: rtp.Header{Version: 2, Marker: true, PayloadType: 96, CSRC: []uint32{1, 2, 3}}, Payload: []byte("abc")},
		{
			Header: rtp.Header{
				Version: 2, Extension: true, ExtensionProfile: 0xbede,
				Extensions: []rtp.Extension{},
			}, Payload: []byte("abc"),
		},
		{Header: rtp.Header{Version: 2, Padding: true, PaddingSize: 7}, Payload: []byte("abc")},
		{Header: rtp.Header{Version: 2}},
	} {
		b, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		h, payload, err := parseRTP(b)
		if err != nil || h.marker != p.Marker || h.payload != p.PayloadType || h.sequence != p.SequenceNumber ||
			h.timestamp != p.Timestamp || !bytes.Equal(payload, p.Payload) {
			t.Errorf("%v: %+v %q %v", p, h, payload, err)
		}
	}
	for name, b := range map[string][]byte{
		"nothing":            nil,
		"short":              {0x80, 1, 2},
		"version 1":          append([]byte{0x40}, make([]byte, 20)...),
		"sources missing":    append([]byte{0x8f}, make([]byte, 20)...),
		"extension cut":      append([]byte{0x90}, make([]byte, 12)...),
		"padding over all":   append(append([]byte{0xa0}, make([]byte, 20)...), 200),
		"longer than a path": append([]byte{0x80}, make([]byte, maxPacket)...),
	} {
		if _, _, err := parseRTP(b); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestLimit(t *testing.T) {
	l := limit{most: 10}
	now := time.Unix(1, 0)
	passed := 0
	for range 30 {
		now = now.Add(50 * time.Millisecond)
		if l.allow(now) {
			passed++
		}
	}
	if passed != 20 {
		t.Errorf("%d of 30 in 1.5 s passed a limit of 10 a second, want 20", passed)
	}
}

// wrap puts Opus payloads into one RED packet, oldest first, each 960 ticks before the next.
func wrap(sequence uint16, timestamp uint32, payloads ...[]byte) []byte {
	p := packetizer{sequence: sequence, timestamp: timestamp}
	b := p.next(nil)
	b[1] = 63
	for i, x := range payloads[:len(payloads)-1] {
		word := uint32(960*(len(payloads)-1-i))<<10 | uint32(len(x))
		b = append(b, 0x80|testType, byte(word>>16), byte(word>>8), byte(word))
	}
	b = append(b, testType)
	for _, x := range payloads {
		b = append(b, x...)
	}
	return b
}

func TestParseRED(t *testing.T) {
	var blocks [maxBlocks]redBlock
	b := wrap(7, 960, []byte("old"), []byte("older?"), []byte("new"))[12:]
	n := parseRED(b, &blocks)
	if n != 3 || string(blocks[0].data) != "old" || blocks[0].offset != 1920 || string(blocks[1].data) != "older?" ||
		blocks[1].offset != 960 || string(blocks[2].data) != "new" || blocks[2].payload != testType {
		t.Errorf("%d blocks: %+v", n, blocks[:3])
	}
	for i := range b[:10] {
		if n := parseRED(b[:i], &blocks); n > 3 {
			t.Errorf("%d blocks in %d bytes", n, i)
		}
	}
	endless := bytes.Repeat([]byte{0xef, 0, 0, 0}, 20)
	if n := parseRED(endless, &blocks); n != 0 {
		t.Errorf("%d blocks in a packet of headers only", n)
	}
}

func TestREDRecoversLoss(t *testing.T) {
	t.Parallel()
	opus := encodeSpeech(t, 60)
	packets := [][]byte{wrap(0, 0, opus[0])}
	for i := 1; i < len(opus); i++ {
		packets = append(packets, wrap(uint16(i), uint32(960*i), opus[i-1], opus[i]))
		if i%4 == 2 { // one of four never comes
			packets[i] = nil
		}
	}
	pcm, stats := hear(t, packets, func(r *OpusReader, b []byte) error { return r.PushRED(b) })
	c, _ := match(pcm, InputRate)
	t.Logf("correlation %.3f, %+v", c, stats)
	if c < 0.95 || stats.Recovered < 14 || stats.Packets != 60 {
		t.Errorf("correlation %.3f, %+v", c, stats)
	}
}
