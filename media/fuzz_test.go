package media

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"
	"time"
)

// rtpBytes makes packets of a track out of arbitrary bytes: one byte of length, then the packet, whose first bytes
// are made to look right for three packets of four.
func rtpBytes(b []byte, payload uint8, each func(packet []byte)) {
	for i := uint16(0); len(b) > 1; i++ {
		n := min(int(b[0]), len(b)-1)
		p := bytes.Clone(b[1 : 1+n])
		b = b[1+n:]
		if len(p) >= 12 && n%4 != 0 {
			p[0], p[1] = 0x80, p[1]&0x80|payload
			binary.BigEndian.PutUint16(p[2:], i+uint16(p[3]%3))
		}
		each(p)
	}
}

func FuzzParseRTP(f *testing.F) {
	f.Add([]byte{0x80, 111, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5})
	f.Add([]byte{0xbf, 111, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5})
	f.Fuzz(func(t *testing.T, b []byte) {
		_, payload, err := parseRTP(b)
		if err == nil && len(payload) > len(b)-12 {
			t.Errorf("%d bytes of payload in %d", len(payload), len(b))
		}
	})
}

func FuzzRED(f *testing.F) {
	f.Add(wrap(1, 960, []byte("a"), []byte("b"))[12:])
	f.Fuzz(func(t *testing.T, b []byte) {
		var blocks [maxBlocks]redBlock
		total := 0
		for _, x := range blocks[:parseRED(b, &blocks)] {
			total += len(x.data)
		}
		if total > len(b) {
			t.Errorf("%d bytes in blocks out of %d", total, len(b))
		}
	})
}

func FuzzOpusPush(f *testing.F) {
	r, err := NewOpusReader(testType)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { r.Close() })
	for _, b := range rtpSpeech(f, 2) {
		f.Add(append([]byte{byte(len(b))}, b...))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r.limit = limit{most: 1 << 30}
		rtpBytes(b, testType, func(p []byte) {
			if err := r.Push(p); err != nil {
				t.Fatal(err)
			}
			if err := r.PushRED(p); err != nil {
				t.Fatal(err)
			}
		})
	})
}

func FuzzVideoPush(f *testing.F) {
	var readers []*VideoReader
	for _, mime := range VideoCodecs() {
		v, err := NewVideoReader(mime, VideoOptions{Width: 64, Height: 64})
		if err != nil {
			f.Fatal(err)
		}
		f.Cleanup(func() { v.Close() })
		readers = append(readers, v)
	}
	for i, s := range sources()[:2] {
		for _, b := range s.packets(s.film(f, 2))[0] {
			f.Add(byte(i), append([]byte{byte(min(255, len(b)))}, b...))
		}
	}
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		v := readers[int(which)%len(readers)]
		v.packets, v.frames = limit{most: 1 << 30}, limit{most: 1 << 30}
		rtpBytes(b, 96, func(p []byte) {
			if err := v.Push(p); err != nil {
				t.Fatal(err)
			}
		})
	})
}

func FuzzInspect(f *testing.F) {
	f.Add(byte(0), []byte{0x10, 2, 0, 0x9d, 1, 0x2a, 0xff, 0x3f, 0xff, 0x3f})
	f.Add(byte(1), []byte{0, 0, 1, 0x67, 66, 0, 30, 0xff, 0xff})
	f.Add(byte(2), []byte{0x82, 0x49, 0x83, 0x42, 0, 1, 2, 3, 4, 5, 0xc1, 1, 1, 0xc1})
	f.Add(byte(3), []byte{0x0a, 4, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		c := videoCodecs()[which%4]
		_, _ = c.inspect(b)
		_ = c.head(b)
		_, _ = unmarshal(c.depacketizer(), b)
	})
}

func FuzzReadWAV(f *testing.F) {
	f.Add(wav(wavPCM, 2, 16, 8000, nil, make([]byte, 8)))
	f.Add(wav(wavFloat, 1, 64, 8000, nil, make([]byte, 8)))
	f.Fuzz(func(t *testing.T, b []byte) {
		pcm, rate, err := ReadWAV(bytes.NewReader(b), time.Second)
		if err == nil && (rate < 4000 || len(pcm) > rate) {
			t.Errorf("%d samples at %d Hz", len(pcm), rate)
		}
		for _, x := range pcm {
			if !(x >= -1 && x <= 1) {
				t.Fatalf("a sample of %v", x)
			}
		}
	})
}

func FuzzReadMP3(f *testing.F) {
	b, err := os.ReadFile("testdata/tone16k.mp3")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b[:600])
	f.Add([]byte("ID3\x03\x00\x00\x7f\x7f\x7f\x7f"))
	f.Fuzz(func(t *testing.T, b []byte) {
		pcm, rate, err := ReadMP3(bytes.NewReader(b), time.Second)
		if err == nil && (len(pcm) == 0 || len(pcm) > rate+4096) {
			t.Errorf("%d samples at %d Hz", len(pcm), rate)
		}
	})
}

func FuzzParseDataURI(f *testing.F) {
	f.Add("data:image/png;base64,aGVsbG8=")
	f.Add("data:,a%20b")
	f.Fuzz(func(t *testing.T, s string) {
		_, data, err := ParseDataURI(s)
		if err == nil && len(data) > len(s) {
			t.Errorf("%d bytes out of %d", len(data), len(s))
		}
	})
}

func FuzzDecodeImage(f *testing.F) {
	f.Add([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"))
	f.Add([]byte("\xff\xd8\xff\xe0"))
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"))
	f.Add([]byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := DecodeImage(b, 100_000)
		if err == nil && (p.Width < 1 || len(p.RGB) != 3*p.Width*p.Height || p.Width*p.Height > 100_000) {
			t.Errorf("%dx%d, %d bytes", p.Width, p.Height, len(p.RGB))
		}
	})
}
