package media

import (
	"bytes"
	"testing"
	"time"

	"github.com/pion/rtp/codecs"
)

// TestInspect holds, on films of the four encoders, that key frames and sizes are read right.
func TestInspect(t *testing.T) {
	for _, s := range sources() {
		t.Run(s.mime, func(t *testing.T) {
			c, err := findCodec(s.mime)
			if err != nil {
				t.Skip(err)
			}
			a := &assembler{codec: c}
			i := 0
			for _, picture := range s.packets(s.film(t, 20)) {
				for _, b := range picture {
					h, payload, err := parseRTP(b)
					if err != nil {
						t.Fatal(err)
					}
					a.push(h, payload, time.Now())
				}
				p := a.pop(time.Now())
				if p == nil {
					t.Fatalf("picture %d was not joined", i)
				}
				h, err := c.inspect(p)
				if err != nil {
					t.Fatalf("picture %d: %v", i, err)
				}
				if key := i == 0 || i == 15; h.key != key {
					t.Errorf("picture %d: %+v, key must be %v", i, h, key)
				}
				if h.key && (h.width != 320 || h.height != 240) {
					t.Errorf("picture %d: %+v, want 320x240", i, h)
				}
				i++
			}
			if a.given != 0 || a.late != 0 || a.stored != 0 {
				t.Errorf("given up %d, late %d, left %d", a.given, a.late, a.stored)
			}
		})
	}
}

// bitString writes numbers of given widths one after another.
func bitString(pairs ...uint64) []byte {
	var b []byte
	n := 0
	for i := 0; i < len(pairs); i += 2 {
		for k := int(pairs[i+1]) - 1; k >= 0; k-- {
			if n%8 == 0 {
				b = append(b, 0)
			}
			b[len(b)-1] |= byte(pairs[i]>>k&1) << (7 - n%8)
			n++
		}
	}
	return append(b, 0, 0, 0, 0)
}

func TestInspectForged(t *testing.T) {
	vp9Key := bitString(2, 2, 0, 2, 0, 1, 0, 1, 1, 1, 0, 1, 0x498342, 24, 1, 3, 0, 1, 16382, 16, 16382, 16)
	vp9Inter := bitString(2, 2, 0, 2, 0, 1, 1, 1, 1, 1, 1, 1, 0, 8, 0, 12, 0, 3, 9999, 16, 99, 16)
	vp9Known := bitString(2, 2, 0, 2, 0, 1, 1, 1, 1, 1, 1, 1, 0, 8, 0, 12, 1, 1)
	super := append(append(append([]byte{}, vp9Known...), vp9Key...), 0xc1, byte(len(vp9Known)), byte(len(vp9Key)), 0xc1)
	sps := append([]byte{0, 0, 0, 1, 0x67}, bitString(66, 8, 0, 8, 30, 8, 0x3f, 6, // ids and counts of 0
		0, 9, 1000, 10, 0, 9, 999, 10, 1, 1)...)
	av1 := []byte{1<<3 | 2, 0}
	av1 = append(av1, bitString(0, 3, 1, 1, 1, 1, 0, 5, 15, 4, 15, 4, 65535, 16, 65535, 16)...)
	av1[1] = byte(len(av1) - 2)
	for _, c := range []struct {
		name    string
		inspect func([]byte) (headline, error)
		b       []byte
		want    headline
	}{
		{"VP8", inspectVP8, []byte{0x10, 2, 0, 0x9d, 1, 0x2a, 0xff, 0x3f, 0xff, 0x3f}, headline{true, 16383, 16383}},
		{"VP9", inspectVP9, vp9Key, headline{true, 16383, 16383}},
		{"VP9 resized without a key", inspectVP9, vp9Inter, headline{false, 10000, 100}},
		{"VP9 as before", inspectVP9, vp9Known, headline{}},
		{"VP9 hidden in a superframe", inspectVP9, super, headline{false, 16383, 16383}},
		{"H.264", inspectH264, sps, headline{false, 16000, 15984}},
		{"AV1", inspectAV1, av1, headline{true, 65536, 65536}},
	} {
		if h, err := c.inspect(c.b); err != nil || h != c.want {
			t.Errorf("%s: %+v %v, want %+v", c.name, h, err, c.want)
		}
		for i := range c.b {
			_, _ = c.inspect(c.b[:i])
		}
	}
}

// packet is an RTP header with a payload for VP8.
type packet struct {
	sequence  uint16
	timestamp uint32
	marker    bool
	head      bool // begins a picture
	text      string
}

func (p packet) payload() []byte {
	if p.text == "" {
		return nil
	}
	first := byte(0)
	if p.head {
		first = 0x10
	}
	return append([]byte{first}, p.text...)
}

func TestAssembler(t *testing.T) {
	whole := []packet{{1, 10, false, true, "ab"}, {2, 10, true, false, "cd"}}
	next := []packet{{3, 20, false, true, "ef"}, {4, 20, true, false, "gh"}}
	for _, c := range []struct {
		name    string
		packets []packet
		wait    time.Duration // before the last packet
		want    string
		torn    bool
	}{
		{"in order", append(whole, next...), 0, "abcd efgh ", false},
		{"swapped", []packet{whole[0], next[1], next[0], whole[1]}, 0, "abcd efgh ", false},
		{"twice", []packet{whole[0], whole[0], whole[1], whole[1], next[0], next[1]}, 0, "abcd efgh ", false},
		{"no marker", []packet{{1, 10, false, true, "ab"}, {2, 20, true, true, "cd"}}, 0, "ab cd ", false},
		{"fill-up between", []packet{whole[0], whole[1], {3, 10, false, false, ""}, {4, 20, true, true, "ef"}}, 0, "abcd ef ", false},
		{"fill-up inside", []packet{whole[0], {2, 10, false, false, ""}, {3, 10, true, false, "cd"}}, 0, "abcd ", false},
		{"hole, still waiting", []packet{whole[0], next[0], next[1]}, windowTime / 2, "", false},
		{"hole, given up", []packet{whole[0], next[0], next[1], {5, 30, true, true, "ij"}}, windowTime, "efgh ij ", true},
		{"joined in the middle", []packet{whole[1], next[0], next[1]}, 0, "efgh ", true},
		{"far ahead", []packet{whole[0], whole[1], {9000, 20, true, true, "ef"}}, 0, "abcd ef ", true},
		{"far back", []packet{{9000, 5, true, true, "zz"}, whole[0], whole[1]}, 0, "zz abcd ", true},
		{"just out of the window", []packet{whole[0], {1 + window, 20, true, true, "ef"}}, windowTime, "", true},
		{"number wraps", []packet{{65535, 10, false, true, "ab"}, {0, 10, true, false, "cd"}}, 0, "abcd ", false},
	} {
		a := &assembler{codec: &codec{head: vp8Head, depacketizer: func() depacketizer { return &codecs.VP8Packet{} }}}
		now, got, torn := time.Unix(0, 0), "", false
		for i, p := range c.packets {
			if i == len(c.packets)-1 {
				now = now.Add(c.wait)
			}
			a.push(rtpHeader{marker: p.marker, sequence: p.sequence, timestamp: p.timestamp}, p.payload(), now)
			for b := a.pop(now); b != nil; b = a.pop(now) {
				got += string(b) + " "
			}
			torn = torn || a.torn()
		}
		if got != c.want || torn != c.torn {
			t.Errorf("%s: %q, torn %v; want %q, %v", c.name, got, torn, c.want, c.torn)
		}
	}
}

// TestAssemblerBounds holds that a picture without an end is given up.
func TestAssemblerBounds(t *testing.T) {
	a := &assembler{codec: &codec{head: vp8Head, depacketizer: func() depacketizer { return &codecs.VP8Packet{} }}}
	now := time.Unix(0, 0)
	payload := append([]byte{0x10}, bytes.Repeat([]byte{1}, 1000)...)
	for i := range 3 * window {
		a.push(rtpHeader{sequence: uint16(i), timestamp: 7}, payload, now)
		if b := a.pop(now); b != nil {
			t.Fatalf("a picture of %d bytes", len(b))
		}
		if a.stored > window {
			t.Fatalf("%d packets are kept", a.stored)
		}
	}
	if a.given == 0 || !a.torn() {
		t.Errorf("given up %d", a.given)
	}
}
