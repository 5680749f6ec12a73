package media

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"omnilive/media/gst"
)

// encoded runs buffers through the elements into a file. desc has the caps of the source first.
func encoded(t testing.TB, name, caps, elements string, every time.Duration, buffers ...[]byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	p, err := gst.New("appsrc name=src format=time caps="+caps+" ! "+elements+" ! filesink name=file", nil, "file")
	if err != nil {
		t.Skipf("this GStreamer cannot encode: %v", err)
	}
	defer p.Free()
	if err := errors.Join(p.Set("file", "location", path), p.Play()); err != nil {
		t.Fatal(err)
	}
	for i, b := range buffers {
		if err := p.Push(b, time.Duration(i)*every); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.End(); err != nil {
		t.Fatal(err)
	}
	for range 2000 {
		if slices.Contains(p.Drain(), gst.EndOfStream) {
			return path
		}
		if err := p.Err(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("the encoder does not end")
	return ""
}

// frames makes pictures of noise.
func frames(n, width, height int) [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([][]byte, n)
	for i := range out {
		out[i] = make([]byte, (3*width+3)&^3*height)
		for y := range height {
			for x := range 3 * width {
				out[i][y*((3*width+3)&^3)+x] = byte(r.Uint32())
			}
		}
	}
	return out
}

func packed(frame []byte, width, height int) (rgb []byte) {
	stride := (3*width + 3) &^ 3
	for y := range height {
		rgb = append(rgb, frame[y*stride:y*stride+3*width]...)
	}
	return rgb
}

func TestVideoFileGivesItsFramesExactly(t *testing.T) {
	const n, width, height = 11, 34, 22 // rows are padded
	in := frames(n, width, height)
	path := encoded(t, "v.mkv", fmt.Sprintf("video/x-raw,format=RGB,width=%d,height=%d,framerate=4/1", width, height),
		"matroskamux", 250*time.Millisecond, in...)
	v, err := OpenVideoFile(t.Context(), path, VideoLimits{})
	if err != nil {
		t.Fatal(err)
	}
	if v.Frames != n || v.FPS != 4 || v.Width != width || v.Height != height {
		t.Errorf("%+v", v)
	}
	index := []int{0, 3, 3, 6, 10}
	got, err := v.Pictures(t.Context(), index)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range got {
		if p.Width != width || p.Height != height || !bytes.Equal(p.RGB, packed(in[index[i]], width, height)) {
			t.Errorf("frame %d is another one", index[i])
		}
	}
	if _, err := ReadSoundFile(t.Context(), path, InputRate, time.Minute); !errors.Is(err, ErrNoSound) {
		t.Errorf("sound of a silent video: %v", err)
	}
	if _, err := OpenVideoFile(t.Context(), path, VideoLimits{Pixels: width*height - 1}); err == nil || !strings.Contains(err.Error(), "pixels") {
		t.Errorf("too many pixels: %v", err)
	}
	if _, err := OpenVideoFile(t.Context(), path, VideoLimits{Duration: time.Second}); err == nil || !strings.Contains(err.Error(), "longer") {
		t.Errorf("too long: %v", err)
	}
	if _, err := v.Pictures(t.Context(), []int{0, n}); err == nil {
		t.Error("a frame behind the end was found")
	}
	if _, err := v.Pictures(t.Context(), nil); err == nil {
		t.Error("no frames were found")
	}
}

func TestVideoFileOfCodecs(t *testing.T) {
	in := frames(9, 64, 48)
	for _, c := range []struct{ name, elements string }{
		{"h264.mp4", "videoconvert ! video/x-raw,format=I420 ! x264enc bframes=2 ! h264parse ! mp4mux"},
		{"vp8.webm", "videoconvert ! vp8enc deadline=1 ! webmmux"},
		{"mjpeg.avi", "videoconvert ! jpegenc ! avimux"},
		{"theora.ogv", "videoconvert ! theoraenc ! oggmux"},
		{"h264.ts", "videoconvert ! x264enc ! h264parse ! mpegtsmux"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := encoded(t, c.name, "video/x-raw,format=RGB,width=64,height=48,framerate=25/1", c.elements, 40*time.Millisecond, in...)
			v, err := OpenVideoFile(t.Context(), path, VideoLimits{})
			if err != nil {
				t.Fatal(err)
			}
			if v.Frames != len(in) || math.Abs(v.FPS-25) > 0.5 {
				t.Errorf("%d frames, %v a second", v.Frames, v.FPS)
			}
			got, err := v.Pictures(t.Context(), []int{0, 8})
			if err != nil || len(got) != 2 {
				t.Fatalf("%d frames: %v", len(got), err)
			}
			if _, err := ReadSoundFile(t.Context(), path, InputRate, time.Minute); !errors.Is(err, ErrNoSound) {
				t.Errorf("sound of a silent video: %v", err)
			}
		})
	}
}

// stereo is a tone, 16 bit, at 44100 Hz.
func stereo(seconds float64) (pcm []byte) {
	for i := range int(44100 * seconds) {
		s := int16(12000 * math.Sin(2*math.Pi*440*float64(i)/44100))
		pcm = binary.LittleEndian.AppendUint16(pcm, uint16(s))
		pcm = binary.LittleEndian.AppendUint16(pcm, uint16(s))
	}
	return pcm
}

func TestSoundFileOfCodecs(t *testing.T) {
	for _, c := range []struct {
		name, elements string
		error          float64 // of the samples, root mean square
	}{
		{"a.flac", "audioconvert ! flacenc", 1e-3},
		{"a.mp3", "audioconvert ! lamemp3enc", 0.05},
		{"a.ogg", "audioconvert ! vorbisenc ! oggmux", 0.05},
		{"a.opus", "audioresample ! opusenc ! oggmux", 0.1},
		{"a.m4a", "audioconvert ! avenc_aac ! mp4mux", 0.1},
		{"a.mkv", "audioconvert ! matroskamux", 1e-3},
		{"mulaw.wav", "mulawenc ! wavenc", 0.02},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := encoded(t, c.name, "audio/x-raw,format=S16LE,rate=44100,channels=2,layout=interleaved", c.elements, time.Second, stereo(1))
			x, err := ReadSoundFile(t.Context(), path, InputRate, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(float64(len(x))-InputRate) > 0.12*InputRate {
				t.Errorf("%d samples", len(x))
			}
			if e := offTone(x[2000:14000]); e > c.error {
				t.Errorf("off the tone by %.3g", e)
			}
			if _, err := ReadSoundFile(t.Context(), path, InputRate, 500*time.Millisecond); err == nil || !strings.Contains(err.Error(), "longer") {
				t.Errorf("too long: %v", err)
			}
			if _, err := OpenVideoFile(t.Context(), path, VideoLimits{}); err == nil {
				t.Error("it has pictures")
			}
		})
	}
}

// offTone is how far x is from 440 Hz of the amplitude that stereo has, at the phase that fits best.
func offTone(x []float32) float64 {
	var s, c float64
	for i, v := range x {
		s += float64(v) * math.Sin(2*math.Pi*440*float64(i)/InputRate)
		c += float64(v) * math.Cos(2*math.Pi*440*float64(i)/InputRate)
	}
	phase, sum := math.Atan2(c, s), 0.0
	for i, v := range x {
		d := float64(v) - 12000.0/32768*math.Sin(2*math.Pi*440*float64(i)/InputRate+phase)
		sum += d * d
	}
	return math.Sqrt(sum / float64(len(x)))
}

func TestSoundFilePassesWAVBitExactly(t *testing.T) {
	for _, rate := range []int{InputRate, OutputRate} {
		want := make([]float32, 5000)
		for i := range want {
			want[i] = float32(int16(i*31)) / 32768
		}
		var b bytes.Buffer
		if err := WriteWAV(&b, want, rate); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "a.wav")
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := ReadSoundFile(t.Context(), path, rate, time.Minute)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%d Hz: %d samples: %v", rate, len(got), err)
		}
		if got, err = ReadSoundFile(t.Context(), path, rate/2, time.Minute); err != nil || len(got) != 2500 {
			t.Errorf("at half the rate: %d samples: %v", len(got), err)
		}
	}
}

// TestHostileFiles gives files that are cut, changed or none at all: an error, or what is there, and always an end.
func TestHostileFiles(t *testing.T) {
	var whole [][]byte
	for _, path := range []string{
		encoded(t, "v.mkv", "video/x-raw,format=RGB,width=32,height=32,framerate=4/1", "matroskamux", 250*time.Millisecond, frames(6, 32, 32)...),
		encoded(t, "v.mp4", "video/x-raw,format=RGB,width=32,height=32,framerate=4/1", "videoconvert ! x264enc ! h264parse ! mp4mux", 250*time.Millisecond, frames(6, 32, 32)...),
		encoded(t, "a.mp3", "audio/x-raw,format=S16LE,rate=44100,channels=2,layout=interleaved", "audioconvert ! lamemp3enc", time.Second, stereo(0.3)),
		encoded(t, "a.ogg", "audio/x-raw,format=S16LE,rate=44100,channels=2,layout=interleaved", "audioconvert ! vorbisenc ! oggmux", time.Second, stereo(0.3)),
	} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		whole = append(whole, b)
	}
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 24 {
		b := bytes.Clone(whole[i%len(whole)])
		for range r.IntN(30) {
			b[r.IntN(len(b))] = byte(r.Uint32())
		}
		hostile(t, b[:1+r.IntN(len(b))])
	}
	for _, s := range []string{"", "x", "#EXTM3U\nhttp://example.org/a.ts\n", "RIFF\x00\x00\x00\x00WAVE", "OggS", "\x1a\x45\xdf\xa3", "\x00\x00\x00\x08ftyp", "ID3"} {
		if hostile(t, []byte(s)) {
			t.Errorf("%q was decoded", s)
		}
	}
	for _, path := range []string{"/nonexistent/a.mp3", t.TempDir(), "/dev/zero"} {
		if _, err := ReadSoundFile(t.Context(), path, InputRate, time.Minute); err == nil {
			t.Errorf("%s was decoded", path)
		}
	}
}

// hostile reads a file both ways and tells whether anything came.
func hostile(t *testing.T, file []byte) bool {
	t.Helper()
	path := filepath.Join(t.TempDir(), "h")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	pcm, _ := ReadSoundFile(ctx, path, InputRate, time.Minute)
	if bytes.HasPrefix(file, []byte("OggS")) { // for pictures these take ten seconds to be given up
		return len(pcm) > 0
	}
	v, err := OpenVideoFile(ctx, path, VideoLimits{Pixels: 1 << 20})
	if err == nil {
		_, _ = v.Pictures(ctx, []int{0, v.Frames - 1})
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Fatalf("a file of %d bytes was never at its end", len(file))
	}
	return len(pcm) > 0 || err == nil
}

func TestReadingStopsWithItsContext(t *testing.T) {
	path := encoded(t, "v.mkv", "video/x-raw,format=RGB,width=32,height=32,framerate=4/1", "matroskamux", 250*time.Millisecond, frames(6, 32, 32)...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := OpenVideoFile(ctx, path, VideoLimits{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a video: %v", err)
	}
}
