package devices

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gen2brain/malgo"
	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/frame"
	"github.com/pion/mediadevices/pkg/prop"
	"github.com/pion/mediadevices/pkg/wave"

	_ "github.com/pion/mediadevices/pkg/driver/videotest" // a camera that shows colour bars

	"omnilive/media"
	"omnilive/signaling/caller"
)

// chirp is a second that rises from 300 to 1500 Hz, with soft ends.
func chirp(rate int) []float32 {
	pcm := make([]float32, rate)
	for i := range pcm {
		s := float64(i) / float64(rate)
		pcm[i] = float32(0.4 * math.Sin(math.Pi*s) * math.Sin(2*math.Pi*(300*s+600*s*s)))
	}
	return pcm
}

// likeness is the largest correlation of a short sound with any stretch of a long one, in [-1, 1].
func likeness(short, long []float32) float64 {
	best := -1.0
	for at := 0; at+len(short) <= len(long); at++ {
		var xy, xx, yy float64
		for i, x := range short {
			y := long[at+i]
			xy, xx, yy = xy+float64(x*y), xx+float64(x*x), yy+float64(y*y)
		}
		if yy > 0 {
			best = max(best, xy/math.Sqrt(xx*yy))
		}
	}
	return best
}

// thin keeps each fourth sample, enough for sounds below 2 kHz.
func thin(pcm []float32) []float32 {
	var few []float32
	for i := 0; i < len(pcm); i += 4 {
		few = append(few, pcm[i])
	}
	return few
}

// What the microphone hears arrives, and what the other side says is played.
func TestCall(t *testing.T) {
	plug(t, "Tape 7", &tape{pcm: append(make([]float32, recordRate/2), chirp(recordRate)...)})
	mic, err := OpenMicrophone("tape 7")
	if err != nil {
		t.Fatal(err)
	}
	e := &ears{}
	speaker, err := openLoudspeaker(e.open)
	if err != nil {
		t.Fatal(err)
	}
	answer := slices.Concat(make([]float32, media.OutputRate/4), chirp(media.OutputRate), make([]float32, media.OutputRate/4))
	c, p := call(t, caller.Options{Mic: mic.Record, Hear: speaker.Play}, answer)
	var heard []float32
	select {
	case heard = <-p.heard:
	case <-time.After(20 * time.Second):
		t.Fatal("the microphone is not heard")
	}
	time.Sleep(2 * time.Second) // the answer
	for _, closer := range []io.Closer{c, speaker, mic} {
		if err := closer.Close(); err != nil {
			t.Error(err)
		}
	}
	question := thin(chirp(media.InputRate))
	if r := likeness(question, thin(heard)); r < 0.9 {
		t.Errorf("the question's likeness is %.3f", r)
	}
	if r := likeness(question, thin(e.pcm)); r < 0.9 {
		t.Errorf("the answer's likeness is %.3f (%d samples dropped)", r, speaker.Dropped())
	}
	t.Logf("likeness %.3f and %.3f; dropped %d, %d, %d samples", likeness(question, thin(heard)), likeness(question, thin(e.pcm)),
		mic.Dropped(), c.Dropped(), speaker.Dropped())
}

// The colour bars arrive in their colours.
func TestCamera(t *testing.T) {
	camera, err := OpenCamera("videotest")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // after the call's own, which ends it
		if err := camera.Close(); err != nil {
			t.Error(err)
		}
	})
	_, p := call(t, caller.Options{Video: camera.Video()}, nil)
	var seen media.Picture
	select {
	case seen = <-p.seen:
	case <-time.After(20 * time.Second):
		t.Fatal("the camera is not seen")
	}
	// The bars, left to right, within the upper three quarters.
	for i, want := range []string{"RGB", "RG", "GB", "G", "RB", "R", "B"} {
		x, y := (2*i+1)*seen.Width/14, seen.Height*2/5
		at := seen.RGB[3*(y*seen.Width+x):][:3]
		got := ""
		for ch, name := range []string{"R", "G", "B"} {
			if at[ch] > 90 {
				got += name
			}
		}
		if got != want {
			t.Errorf("bar %d is %v (%s), want %s", i, at, got, want)
		}
	}
}

func TestCameraMode(t *testing.T) {
	mode := func(w, h int, rate float32, f frame.Format) prop.Media {
		return prop.Media{Video: prop.Video{Width: w, Height: h, FrameRate: rate, FrameFormat: f}}
	}
	modes := []prop.Media{
		mode(1920, 1080, 30, frame.FormatMJPEG), mode(640, 480, 30, frame.FormatYUYV), mode(640, 480, 15, frame.FormatYUYV),
		mode(640, 480, 15, frame.FormatZ16), mode(320, 240, 15, frame.FormatYUYV),
	}
	if m, ok := best(modes); !ok || m != modes[2] {
		t.Errorf("%+v, %v", m, ok)
	}
	if m, ok := best(modes[:1]); !ok || m != modes[0] {
		t.Errorf("%+v, %v", m, ok)
	}
	if m, ok := best(modes[3:4]); ok {
		t.Errorf("takes depth for a picture: %+v", m)
	}
}

// Whatever keeps a microphone from working is named, with the remedy.
func TestMicrophoneRefuses(t *testing.T) {
	silence := make([]float32, recordRate)
	for name, c := range map[string]struct {
		device *tape
		asked  string
		want   string
	}{
		"no permission": {&tape{unopened: syscall.EACCES}, "tape", "group audio"},
		"busy":          {&tape{unstarted: malgo.ErrBusy}, "tape", "close the program"},
		"gone":          {&tape{unopened: syscall.ENODEV}, "tape", "plug it in again"},
		"broken":        {&tape{unstarted: errors.New("no format")}, "tape", "--list-devices"},
		"other name":    {&tape{}, "no such name", "--list-devices"},
		"wrong rate":    {&tape{pcm: silence, rate: 44100}, "tape", "44100"},
		"unplugged":     {&tape{pcm: silence, chunks: 2, end: func() error { return io.EOF }}, "tape", "stopped"},
	} {
		t.Run(name, func(t *testing.T) {
			plug(t, "Tape", c.device)
			m, err := OpenMicrophone(c.asked)
			if err == nil {
				err = m.Record(t.Context(), func([]float32) error { return nil })
				if e := m.Close(); e != nil {
					t.Error(e)
				}
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if c.asked == "no such name" && !errors.Is(err, ErrNone) {
				t.Errorf("%v is not ErrNone", err)
			}
		})
	}
}

// A microphone that says nothing any more can be closed, and one that nobody reads keeps the newest.
func TestMicrophoneLeftAlone(t *testing.T) {
	d := &tape{pcm: make([]float32, recordRate), chunks: 15}
	d.end = func() error { <-d.closed; return io.EOF }
	for i := range d.pcm {
		d.pcm[i] = float32(i/(recordRate/50)+1) / 100 // each chunk has a level of its own
	}
	plug(t, "Tape", d)
	m, err := OpenMicrophone("Tape")
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); m.Dropped() < 4*media.OutputFrame; time.Sleep(chunkTime) {
		if time.Now().After(end) {
			t.Fatalf("%d samples were dropped", m.Dropped())
		}
	}
	if oldest := (<-m.chunks)[media.OutputFrame/2]; oldest < 0.04 {
		t.Errorf("the oldest chunk has level %.3f: the newest were dropped", oldest)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := m.Record(ctx, func([]float32) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("record: %v", err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

func TestMono(t *testing.T) {
	size := wave.ChunkInfo{Channels: 2, Len: 2, SamplingRate: recordRate}
	floats, shorts := wave.NewFloat32Interleaved(size), wave.NewInt16NonInterleaved(size)
	copy(floats.Data, []float32{1, 0, -0.5, -0.5})
	shorts.SetInt16(0, 0, 16384)
	shorts.SetInt16(1, 0, -32768)
	shorts.SetInt16(1, 1, -32768)
	for _, c := range []struct {
		chunk wave.Audio
		want  []float32
	}{{floats, []float32{0.5, -0.5}}, {shorts, []float32{0.25, -1}}} {
		if got, err := mono(nil, c.chunk); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%T: %v, %v, want %v", c.chunk, got, err, c.want)
		}
	}
}

func TestLoudspeaker(t *testing.T) {
	l, err := openLoudspeaker(func(func([]float32)) (io.Closer, error) { return io.NopCloser(nil), nil })
	if err != nil {
		t.Fatal(err)
	}
	next := func(n int) (sum float32) {
		out := make([]float32, n)
		out[0] = 9
		l.fill(out)
		for _, v := range out {
			sum += v
		}
		return sum
	}
	ones := slices.Repeat([]float32{1}, playMost)
	l.Play(ones[:playAhead-1])
	if got := next(10); got != 0 {
		t.Errorf("plays %.0f before enough is there", got)
	}
	l.Play(ones[:1])
	if got := next(10); got != 10 {
		t.Errorf("plays %.0f of 10", got)
	}
	if got := next(playAhead); got != playAhead-10 {
		t.Errorf("plays %.0f at the end", got)
	}
	l.Play(ones[:10])
	if got := next(10); got != 0 {
		t.Errorf("plays %.0f in a hole", got)
	}
	l.Play(ones)
	if l.Dropped() != playMost+10-playAhead {
		t.Errorf("dropped %d", l.Dropped())
	}
	l.Clear()
	if got := next(10); got != 0 {
		t.Errorf("plays %.0f after Clear", got)
	}
}

// A silent microphone is none; what is there is listed, the default first.
func TestList(t *testing.T) {
	plug(t, "Tape", &tape{})
	for _, label := range []string{"00", "6e756c6c"} { // the second one is registered by the driver itself where there is no sound
		if err := driver.GetManager().Register(&tape{}, driver.Info{Label: label, Name: "Silence", Priority: 9}); err != nil {
			t.Fatal(err)
		}
	}
	if err := driver.GetManager().Register(&tape{}, driver.Info{Name: "Best;usb-1", Priority: 1}); err != nil {
		t.Fatal(err)
	}
	found := registered(KindMicrophone)
	t.Cleanup(func() { driver.GetManager().Delete(found[0].ID()) })
	list := List()
	if first := (Device{KindMicrophone, "Best usb-1", true}); list[0] != first {
		t.Errorf("first is %+v", list[0])
	}
	for _, d := range []Device{{KindMicrophone, "Tape", false}} {
		if !slices.Contains(list, d) {
			t.Errorf("%+v is not in %+v", d, list)
		}
	}
	if !slices.ContainsFunc(list, func(d Device) bool { return d.Kind == KindCamera && d.Name == "VideoTest" }) {
		t.Errorf("no camera in %+v", list)
	}
}

func TestMissing(t *testing.T) {
	for kind, want := range map[Kind]string{KindMicrophone: "--say", KindCamera: "plug one in", KindLoudspeaker: "sound server"} {
		kept := nodes[kind]
		nodes[kind] = t.TempDir() + "/*"
		err := missing(kind)
		nodes[kind] = kept
		if !errors.Is(err, ErrNone) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), string(kind)) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if err := refused(KindCamera, "/dev/video0", syscall.EACCES); !strings.Contains(err.Error(), "usermod -aG video") {
		t.Error(err)
	}
}
