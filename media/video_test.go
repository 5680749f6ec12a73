package media

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp/codecs"

	"omnilive/media/gst"
)

// A source is a way to make test pictures in one codec.
type source struct {
	mime, encoder, element string
	payloader              interface {
		Payload(mtu uint16, b []byte) [][]byte
	}
}

func sources() []source {
	return []source{
		{"video/VP8", "vp8enc deadline=1 keyframe-max-dist=15", "vp8enc", &codecs.VP8Payloader{}},
		{"video/VP9", "vp9enc deadline=1 cpu-used=8 keyframe-max-dist=15 lag-in-frames=0", "vp9enc", &codecs.VP9Payloader{}},
		{
			"video/H264", "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! video/x-h264," +
				"stream-format=byte-stream,alignment=au,profile=constrained-baseline", "x264enc", &codecs.H264Payloader{},
		},
		{
			"video/AV1", "av1enc usage-profile=realtime cpu-used=8 keyframe-max-dist=15 lag-in-frames=0 ! av1parse ! " +
				"video/x-av1,stream-format=obu-stream,alignment=tu", "av1enc", &codecs.AV1Payloader{},
		},
	}
}

// film encodes colour bars, so many pictures of 320x240.
func (s source) film(t testing.TB, pictures int) [][]byte {
	t.Helper()
	if !gst.Has(s.element) {
		t.Skipf("GStreamer has no %s to make a test film with", s.element)
	}
	var mu sync.Mutex
	var film [][]byte
	p, err := gst.New(fmt.Sprintf("videotestsrc num-buffers=%d ! video/x-raw,format=I420,width=320,height=240,"+
		"framerate=30/1 ! %s ! appsink name=out sync=false", pictures, s.encoder),
		map[string]gst.Sink{"out": func(b []byte, _ time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			film = append(film, append([]byte(nil), b...))
		}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Free()
	if err := p.Play(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	var said []string
	for time.Now().Before(deadline) {
		said = append(said, p.Drain()...)
		if len(said) > 0 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(film) < pictures/2 {
		t.Fatalf("%d pictures of %d: %v", len(film), pictures, said)
	}
	return film
}

// packets cuts a film into RTP packets, a slice for each picture.
func (s source) packets(film [][]byte) [][][]byte {
	var sequence uint16 = 65500 // it will wrap
	var out [][][]byte
	for i, b := range film {
		var picture [][]byte
		parts := s.payloader.Payload(900, b)
		for j, part := range parts {
			h := []byte{0x80, 96}
			if j == len(parts)-1 {
				h[1] |= 0x80
			}
			h = binary.BigEndian.AppendUint16(h, sequence)
			h = binary.BigEndian.AppendUint32(h, uint32(i*3000))
			sequence++
			picture = append(picture, append(append(h, 1, 2, 3, 4), part...))
		}
		out = append(out, picture)
	}
	return out
}

func openVideo(t testing.TB, mime string, need func()) *VideoReader {
	t.Helper()
	v, err := NewVideoReader(mime, VideoOptions{NeedKeyframe: need})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

// lookWhile looks while the pictures are pushed at the camera's pace.
func lookWhile(t *testing.T, v *VideoReader, film [][][]byte) (Picture, error) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			for _, picture := range film {
				for _, b := range picture {
					if err := v.Push(b); err != nil {
						t.Error(err)
						return
					}
				}
				time.Sleep(10 * time.Millisecond)
				if ctx.Err() != nil {
					return
				}
			}
			v.assembler.begun, v.needKey = false, true // the film begins anew
			v.assembler.reset(0)
			v.assembler.begun = false
		}
	})
	defer wg.Wait()
	defer stop()
	look, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return v.Look(look)
}

// at is the colour at a place.
func at(p Picture, x, y int) [3]byte { return [3]byte(p.RGB[3*(y*p.Width+x):]) }

func TestVideoCodecs(t *testing.T) {
	can := strings.Join(VideoCodecs(), " ")
	t.Logf("can decode %s", can)
	for _, s := range sources() {
		t.Run(s.mime, func(t *testing.T) {
			if !strings.Contains(can, s.mime) {
				t.Skipf("GStreamer cannot decode %s here", s.mime)
			}
			film := s.packets(s.film(t, 30))
			v := openVideo(t, strings.ToLower(s.mime), nil)
			for _, picture := range film[:10] { // seen by nobody, but decoded
				for _, b := range picture {
					if err := v.Push(b); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(5 * time.Millisecond)
			}
			for i := range 3 {
				from := 10
				if i > 0 {
					from = 0
				}
				p, err := lookWhile(t, v, film[from:])
				if err != nil {
					t.Fatalf("%v, %+v, %v", err, v.Stats(), v.look.pipe.Drain())
				}
				if p.Width != 448 || p.Height != 448 || len(p.RGB) != 3*448*448 {
					t.Fatalf("%dx%d, %d bytes", p.Width, p.Height, len(p.RGB))
				}
				if c := at(p, 224, 10); c[0] > 20 || c[1] > 20 || c[2] > 20 {
					t.Errorf("the border is %v, want black", c)
				}
				if c := at(p, 224, 120); c[0] > 60 || c[1] < 150 || c[2] > 60 {
					t.Errorf("the middle bar is %v, want green", c)
				}
				if c := at(p, 96, 120); c[0] < 150 || c[1] < 150 || c[2] > 60 {
					t.Errorf("the second bar is %v, want yellow", c)
				}
			}
			t.Logf("%+v", v.Stats())
		})
	}
}

func TestVideoReorderAndLoss(t *testing.T) {
	s := sources()[0]
	film := s.packets(s.film(t, 45))
	var asks atomic.Int64
	v := openVideo(t, s.mime, func() { asks.Add(1) })
	for i, picture := range film {
		switch {
		case i == 5: // backwards
			for j := range picture {
				_ = v.Push(picture[len(picture)-1-j])
			}
		case i == 20: // without its first packet
			for _, b := range picture[1:] {
				_ = v.Push(b)
			}
		default:
			for _, b := range picture {
				_ = v.Push(b)
			}
		}
		if i == 19 && v.Stats().Decoded != 20 {
			t.Errorf("%+v after 20 pictures without loss", v.Stats())
		}
		time.Sleep(15 * time.Millisecond)
	}
	st := v.Stats()
	t.Logf("%+v, %d requests", st, asks.Load())
	// Key frames are 0, 15, 30: 20..29 cannot be decoded.
	if st.Decoded != 35 || st.Lost == 0 || asks.Load() == 0 || asks.Load() > 3 {
		t.Errorf("%+v, %d requests for key frames; want 35 decoded, 1 to 3 requests", st, asks.Load())
	}
}

func TestVideoRefusesGiants(t *testing.T) {
	v := openVideo(t, "video/VP8", nil)
	forged := []byte{0x10, 0x10, 0x02, 0, 0x9d, 0x01, 0x2a, 0xff, 0x3f, 0xff, 0x3f, 1, 2, 3, 4, 5, 6, 7}
	h := append([]byte{0x80, 0x80 | 96, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4}, forged...)
	if err := v.Push(h); err != nil {
		t.Fatal(err)
	}
	if s := v.Stats(); s.Refused != 1 || s.Decoded != 0 {
		t.Errorf("a picture of 16383x16383: %+v", s)
	}
	s := sources()[0]
	if _, err := lookWhile(t, v, s.packets(s.film(t, 15))); err != nil {
		t.Errorf("the track after it: %v", err)
	}
}

// TestVideoRestarts holds that a decoder that gave up is replaced, also under a Look.
func TestVideoRestarts(t *testing.T) {
	s := sources()[0]
	film := s.packets(s.film(t, 15))
	v := openVideo(t, s.mime, nil)
	v.look.pipe.Free()
	broken, err := gst.New("appsrc name=src format=time ! identity error-after=1 ! valve name=gate ! fakesink", nil, "gate")
	if err != nil {
		t.Fatal(err)
	}
	if err := broken.Play(); err != nil {
		t.Fatal(err)
	}
	v.look.pipe = broken
	_, err = lookWhile(t, v, film)
	if st := v.Stats(); err != nil || st.Restarts != 1 {
		t.Errorf("%v, %+v", err, st)
	}
}

func TestVideoFlood(t *testing.T) {
	for _, mime := range VideoCodecs() {
		v := openVideo(t, mime, func() {})
		rnd := rand.New(rand.NewPCG(3, 4))
		b := make([]byte, 200)
		for i := range 10_000 {
			for j := range b {
				b[j] = byte(rnd.Uint32())
			}
			if i%2 == 0 {
				b[0], b[1] = 0x80, b[1]&0x80|96
				binary.BigEndian.PutUint16(b[2:], uint16(i))
			}
			if err := v.Push(b[:rnd.IntN(len(b))]); err != nil {
				t.Fatal(err)
			}
		}
		if s := v.Stats(); s.Flooded == 0 {
			t.Errorf("%s: %+v", mime, s)
		}
	}
}

func TestVideoEnds(t *testing.T) {
	for _, bad := range []struct {
		mime string
		o    VideoOptions
		want string
	}{
		{"video/theora", VideoOptions{}, "theora"},
		{"video/VP8", VideoOptions{Width: 5}, "5x448"},
	} {
		if _, err := NewVideoReader(bad.mime, bad.o); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	v := openVideo(t, "video/VP8", nil)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := v.Look(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nothing to see: %v", err)
	}
	time.AfterFunc(10*time.Millisecond, func() { v.Close() })
	if _, err := v.Look(t.Context()); err != ErrClosed {
		t.Errorf("closed while looking: %v", err)
	}
	if err := v.Push([]byte{1}); err != ErrClosed {
		t.Errorf("push after Close: %v", err)
	}
	if _, err := v.Look(t.Context()); err != ErrClosed {
		t.Errorf("look after Close: %v", err)
	}
}
