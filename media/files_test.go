package media

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"strings"
	"testing"
	"time"
)

// wav writes a file with the given format chunk around samples.
func wav(tag, channels, bits uint16, rate uint32, extra []byte, data []byte) []byte {
	le := binary.LittleEndian
	f := le.AppendUint16(nil, tag)
	f = le.AppendUint16(f, channels)
	f = le.AppendUint32(f, rate)
	f = le.AppendUint32(f, rate*uint32(channels*bits/8))
	f = le.AppendUint16(f, channels*bits/8)
	f = append(le.AppendUint16(f, bits), extra...)
	b := append([]byte("RIFF\xff\xff\xff\xffWAVELIST\x03\x00\x00\x00abc\x00fmt "), byte(len(f)), 0, 0, 0)
	b = append(append(b, f...), "data"...)
	return append(le.AppendUint32(b, uint32(len(data))), data...)
}

func TestReadWAV(t *testing.T) {
	le := binary.LittleEndian
	half := le.AppendUint32(nil, math.Float32bits(0.5))
	extensible := append([]byte{22, 0, 16, 0, 0, 0, 0, 0, wavPCM, 0}, make([]byte, 14)...)
	for _, c := range []struct {
		name string
		file []byte
		want []float32
	}{
		{"8 bit", wav(wavPCM, 1, 8, 8000, nil, []byte{128, 192, 0}), []float32{0, 0.5, -1}},
		{"16 bit", wav(wavPCM, 1, 16, 8000, nil, []byte{0, 0x40, 0, 0x80}), []float32{0.5, -1}},
		{"16 bit stereo", wav(wavPCM, 2, 16, 8000, nil, []byte{0, 0x40, 0, 0, 0, 0x40, 0, 0xc0}), []float32{0.25, 0}},
		{"24 bit", wav(wavPCM, 1, 24, 8000, nil, []byte{0, 0, 0x40, 0, 0, 0x80}), []float32{0.5, -1}},
		{"32 bit", wav(wavPCM, 1, 32, 8000, nil, []byte{0, 0, 0, 0x40}), []float32{0.5}},
		{"float", wav(wavFloat, 1, 32, 8000, nil, half), []float32{0.5}},
		{"float not a number", wav(wavFloat, 1, 32, 8000, nil, []byte{0, 0, 0xc0, 0x7f}), []float32{0}},
		{"double", wav(wavFloat, 1, 64, 8000, nil, le.AppendUint64(nil, math.Float64bits(-7))), []float32{-1}},
		{"extensible", wav(wavExtensible, 1, 16, 8000, extensible, []byte{0, 0x40}), []float32{0.5}},
		{"cut in a sample", wav(wavPCM, 1, 16, 8000, nil, []byte{0, 0x40, 7}), []float32{0.5}},
	} {
		got, rate, err := ReadWAV(bytes.NewReader(c.file), time.Second)
		if err != nil || rate != 8000 || len(got) != len(c.want) {
			t.Errorf("%s: %v at %d Hz, %v", c.name, got, rate, err)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
				break
			}
		}
	}
}

func TestReadWAVRefuses(t *testing.T) {
	ok := wav(wavPCM, 1, 16, 8000, nil, make([]byte, 20_000))
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"nothing", nil, "EOF"},
		{"text", []byte("this is no sound file"), "RIFF"},
		{"cut head", ok[:40], "EOF"},
		{"A-law", wav(6, 1, 8, 8000, nil, nil), "format 6"},
		{"12 bit", wav(wavPCM, 1, 12, 8000, nil, nil), "12 bits"},
		{"no channels", wav(wavPCM, 0, 16, 8000, nil, nil), "0 channels"},
		{"a rate of 7", wav(wavPCM, 1, 16, 7, nil, nil), "7 Hz"},
		{"too long", ok, "longer than 1s"},
		{"sound first", []byte("RIFF\x00\x00\x00\x00WAVEdata\x04\x00\x00\x00abcd"), "before its format"},
	} {
		if _, _, err := ReadWAV(bytes.NewReader(c.file), time.Second); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", c.name, err, c.want)
		}
	}
}

func TestWAVRoundTrip(t *testing.T) {
	var b bytes.Buffer
	in := append(tone(300, 16000, 1000), 2, -2)
	if err := WriteWAV(&b, in, 16000); err != nil {
		t.Fatal(err)
	}
	got, rate, err := DecodeSpeech(b.Bytes())
	if err != nil || rate != 16000 || len(got) != len(in) {
		t.Fatalf("%d samples at %d, %v", len(got), rate, err)
	}
	for i := range got {
		if want := max(-1, min(1, in[i])); math.Abs(float64(got[i]-want)) > 1.0/32000 {
			t.Fatalf("sample %d is %v, want %v", i, got[i], want)
		}
	}
	if err := WriteWAV(&b, nil, 0); err == nil {
		t.Error("a rate of 0 was written")
	}
}

func TestReadMP3(t *testing.T) {
	for name, rate := range map[string]int{"tone16k.mp3": 16000, "tone44k.mp3": 44100} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		pcm, r, err := DecodeSpeech(data)
		if err != nil || r != rate {
			t.Fatalf("%s: rate %d, %v", name, r, err)
		}
		if s := float64(len(pcm)) / float64(rate); s < 0.6 || s > 0.8 {
			t.Errorf("%s: %.2f s of sound, want 0.6", name, s)
		}
		crosses := 0
		mid := pcm[len(pcm)/4 : len(pcm)/2]
		for i := range mid[1:] {
			if mid[i] < 0 && mid[i+1] >= 0 {
				crosses++
			}
		}
		if hz := float64(crosses) * float64(rate) / float64(len(mid)); math.Abs(hz-440) > 15 {
			t.Errorf("%s: a tone of %.0f Hz, want 440", name, hz)
		}
		if _, _, err := ReadMP3(bytes.NewReader(data), 100*time.Millisecond); err == nil {
			t.Errorf("%s: longer than allowed, no error", name)
		}
		for i := 0; i < len(data); i += 397 { // corrupt: an error or other sound, never a panic
			bad := bytes.Clone(data)
			bad[i] ^= 0xff
			_, _, _ = DecodeSpeech(bad)
			_, _, _ = DecodeSpeech(data[:i])
		}
	}
	for _, junk := range []string{"", "ID3", "\xff\xfb", "OggS....", strings.Repeat("\xff\xfb\x90\x64", 999)} {
		if _, _, err := DecodeSpeech([]byte(junk)); err == nil {
			t.Errorf("%.9q: no error", junk)
		}
	}
}

func TestDecodeImage(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 1100, 275))
	for i := 0; i < len(m.Pix); i += 4 {
		copy(m.Pix[i:], []byte{200, 40, 30, 255})
	}
	m.SetNRGBA(0, 0, color.NRGBA{})
	var p, j, g bytes.Buffer
	_ = png.Encode(&p, m)
	_ = jpeg.Encode(&j, m, nil)
	_ = gif.Encode(&g, m, nil)
	for name, b := range map[string][]byte{"PNG": p.Bytes(), "JPEG": j.Bytes(), "GIF": g.Bytes()} {
		got, err := DecodeImage(b, 0)
		if err != nil || got.Width != 1024 || got.Height != 256 || len(got.RGB) != 3*1024*256 {
			t.Errorf("%s: %dx%d, %d bytes, %v", name, got.Width, got.Height, len(got.RGB), err)
			continue
		}
		if c := at(got, 500, 100); c[0] < 180 || c[1] > 70 || c[2] > 70 {
			t.Errorf("%s: colour %v", name, c)
		}
		if _, err := DecodeImage(b, 300_000); err == nil || !strings.Contains(err.Error(), "1100x275") {
			t.Errorf("%s of more than the limit: %v", name, err)
		}
		if _, err := DecodeImage(b[:len(b)/2], 0); err == nil && name != "JPEG" {
			t.Errorf("half a %s: no error", name)
		}
	}
	small, err := DecodeImage(encodePNG(m.SubImage(image.Rect(0, 0, 2, 2))), 0)
	if err != nil || at(small, 0, 0) != [3]byte{255, 255, 255} || at(small, 1, 1) != [3]byte{200, 40, 30} {
		t.Errorf("2x2 with a clear corner: %v, %v", small, err)
	}
	if _, err := DecodeImage([]byte("<svg/>"), 0); err == nil {
		t.Error("an SVG was decoded")
	}
}

func encodePNG(m image.Image) []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, m)
	return b.Bytes()
}

// TestDecodeImageBomb holds that a size is refused before memory is taken for it.
func TestDecodeImageBomb(t *testing.T) {
	b := encodePNG(image.NewGray(image.Rect(0, 0, 1, 1)))
	binary.BigEndian.PutUint32(b[16:], 65000)
	binary.BigEndian.PutUint32(b[20:], 65000)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	if _, err := DecodeImage(b, 0); err == nil || !strings.Contains(err.Error(), "65000x65000") {
		t.Errorf("%v", err)
	}
}

func TestParseDataURI(t *testing.T) {
	for _, c := range []struct{ uri, mime, data string }{
		{"data:image/png;base64,aGVsbG8=", "image/png", "hello"},
		{"data:IMAGE/JPEG;Base64,aGVsbG8", "image/jpeg", "hello"},
		{"DATA:audio/wav;rate=8000;base64,aGVsbG8%3D", "audio/wav", "hello"},
		{"data:,a%20b", "text/plain", "a b"},
		{"data:text/html;charset=utf-8,<p>", "text/html", "<p>"},
	} {
		mime, data, err := ParseDataURI(c.uri)
		if err != nil || mime != c.mime || string(data) != c.data {
			t.Errorf("%s: %s %q %v", c.uri, mime, data, err)
		}
	}
	for uri, want := range map[string]string{
		"":                          "data:",
		"https://example.org/a.png": "data:",
		"data:image/png;base64":     "comma",
		"data:;base64,???":          "illegal",
		"data:,%zz":                 "escape",
	} {
		if _, _, err := ParseDataURI(uri); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", uri, err)
		}
	}
	big := "data:;base64," + base64.StdEncoding.EncodeToString(make([]byte, maxDataURI))
	if _, _, err := ParseDataURI(big); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("a huge one: %v", err)
	}
}
