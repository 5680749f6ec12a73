package media

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const testType = 111

// speech is a signal with the spectrum and the rhythm of a voice, defined at every time in seconds.
func speech(t float64) float32 {
	if t < 0 {
		return 0
	}
	pitch := 120*t - 3*math.Cos(2*math.Pi*1.7*t)
	var x float64
	for k := 1; k <= 20; k++ {
		f := 120 * float64(k)
		formant := math.Exp(-math.Pow((f-500)/300, 2)) + 0.6*math.Exp(-math.Pow((f-1500)/400, 2))
		x += formant * math.Sin(2*math.Pi*float64(k)*pitch)
	}
	return float32(0.2 * x * (0.55 + 0.45*math.Sin(2*math.Pi*3*t)))
}

// packetizer puts Opus payloads into RTP.
type packetizer struct {
	sequence  uint16
	timestamp uint32
}

func (p *packetizer) next(payload []byte) []byte { return p.write(nil, payload) }

func (p *packetizer) write(b, payload []byte) []byte {
	b = append(b, 0x80, testType)
	b = binary.BigEndian.AppendUint16(b, p.sequence)
	b = binary.BigEndian.AppendUint32(b, p.timestamp)
	b = append(b, 1, 2, 3, 4)
	p.sequence++
	p.timestamp += 960
	return append(b, payload...)
}

// encodeSpeech returns the Opus payloads of so many frames of speech.
func encodeSpeech(t testing.TB, frames int) [][]byte {
	t.Helper()
	var out [][]byte
	w, err := NewOpusWriter(func(p []byte, _ time.Duration) error {
		out = append(out, append([]byte(nil), p...))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	f := Frame{PCM: make([]float32, OutputFrame)}
	for i := range frames {
		for j := range f.PCM {
			f.PCM[j] = speech(float64(i*OutputFrame+j) / OutputRate)
		}
		if err := w.WriteFrame(t.Context(), &f); err != nil {
			t.Fatal(err)
		}
	}
	if len(out) != frames {
		t.Fatalf("%d packets from %d frames", len(out), frames)
	}
	return out
}

// rtpSpeech is encodeSpeech as RTP packets.
func rtpSpeech(t testing.TB, frames int) [][]byte {
	var p packetizer
	out := encodeSpeech(t, frames)
	for i := range out {
		out[i] = p.next(out[i])
	}
	return out
}

// hear pushes packets 20 ms apart in virtual time, nil for one that never comes, and returns all that is read.
func hear(t *testing.T, packets [][]byte, push func(r *OpusReader, b []byte) error) (pcm []float32, stats OpusStats) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { pcm, stats = hearNow(t, packets, push) })
	return pcm, stats
}

func hearNow(t *testing.T, packets [][]byte, push func(r *OpusReader, b []byte) error) ([]float32, OpusStats) {
	t.Helper()
	r, err := NewOpusReader(testType)
	if err != nil {
		t.Fatal(err)
	}
	var pcm []float32
	done := make(chan error, 1)
	go func() {
		var f Frame
		for {
			err := r.ReadFrame(context.Background(), &f)
			if err != nil {
				done <- err
				return
			}
			if f.PTS != int64(len(pcm)) {
				done <- errors.New("PTS has a gap")
				return
			}
			pcm = append(pcm, f.PCM...)
		}
	}()
	began := time.Now()
	for i, b := range packets {
		time.Sleep(time.Until(began.Add(time.Duration(i) * FrameTime)))
		if b != nil {
			if err := push(r, b); err != nil {
				t.Error(err)
			}
		}
	}
	time.Sleep(longestWait + time.Millisecond)
	r.Close()
	if err := <-done; err != io.EOF {
		t.Errorf("after Close: %v, want io.EOF", err)
	}
	return pcm, r.Stats()
}

func push(r *OpusReader, b []byte) error { return r.Push(b) }

// match is the best correlation of pcm with speech over delays up to 100 ms.
func match(pcm []float32, rate int) (best float64, delay int) {
	want := make([]float64, len(pcm))
	for i := range want {
		want[i] = float64(speech(float64(i) / float64(rate)))
	}
	for d := 0; d < min(rate/10, len(pcm)); d += 2 {
		var xy, xx, yy float64
		for i := d; i < len(pcm); i++ {
			x, y := float64(pcm[i]), want[i-d]
			xy, xx, yy = xy+x*y, xx+x*x, yy+y*y
		}
		if c := xy / math.Sqrt(xx*yy+1e-9); c > best {
			best, delay = c, d
		}
	}
	return best, delay
}

func TestOpusRoundTrip(t *testing.T) {
	t.Parallel()
	pcm, stats := hear(t, rtpSpeech(t, 60), push)
	c, delay := match(pcm, InputRate)
	t.Logf("correlation %.3f at a delay of %d samples, %+v", c, delay, stats)
	if c < 0.9 {
		t.Errorf("correlation %.3f, want 0.9", c)
	}
	if n := len(pcm) / inputFrame; n < 58 || n > 62 {
		t.Errorf("%d frames out of 60", n)
	}
}

func TestOpusLossAndReorder(t *testing.T) {
	t.Parallel()
	packets := rtpSpeech(t, 60)
	packets[20], packets[40] = nil, nil
	for i := 25; i < 35; i += 2 {
		packets[i], packets[i+1] = packets[i+1], packets[i]
	}
	pcm, stats := hear(t, packets, push)
	c, _ := match(pcm, InputRate)
	t.Logf("correlation %.3f, %+v", c, stats)
	if c < 0.9 {
		t.Errorf("correlation %.3f with 2 of 60 packets lost and 10 reordered, want 0.9", c)
	}
	if n := len(pcm); n != 60*inputFrame || stats.Lost != 2 || stats.Concealed != 2*FrameTime || stats.Filled != 0 {
		t.Errorf("%d samples out of 60 frames, %+v", n, stats)
	}
}

// TestOpusDelayIsNoGap holds that packets which come late, in a burst, are heard without a hole.
func TestOpusDelayIsNoGap(t *testing.T) {
	t.Parallel()
	i := 0
	pcm, stats := hear(t, rtpSpeech(t, 60), func(r *OpusReader, b []byte) error {
		if i++; i == 20 || i == 40 {
			time.Sleep(200 * time.Millisecond)
		}
		return r.Push(b)
	})
	c, _ := match(pcm, InputRate)
	t.Logf("correlation %.3f, %+v", c, stats)
	if c < 0.95 || stats.Filled != 0 {
		t.Errorf("correlation %.3f, %v filled", c, stats.Filled)
	}
}

func TestOpusOutageIsSilence(t *testing.T) {
	t.Parallel()
	packets := rtpSpeech(t, 90)
	for i := 30; i < 60; i++ {
		packets[i] = nil
	}
	pcm, stats := hear(t, packets, push)
	t.Logf("%+v", stats)
	if len(pcm) != 90*inputFrame || stats.Concealed != mostConcealed || stats.Filled != 600*time.Millisecond-mostConcealed {
		t.Errorf("%d samples over a time of 90 frames, %+v", len(pcm), stats)
	}
	if c, _ := match(pcm, InputRate); c < 0.7 {
		t.Errorf("what comes after the hole is out of place: correlation %.3f", c)
	}
	if c, _ := match(pcm[:28*inputFrame], InputRate); c < 0.9 {
		t.Errorf("before the hole: correlation %.3f", c)
	}
}

// TestOpusClockIsExact holds that whatever the network does, what comes out is as long as what was sent: a gap of n
// packets is n frames.
func TestOpusClockIsExact(t *testing.T) {
	t.Parallel()
	opus := encodeSpeech(t, 200)
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		p := packetizer{sequence: uint16(rnd.Uint32()), timestamp: rnd.Uint32()}
		var packets [][]byte
		for _, b := range opus {
			packets = append(packets, p.next(b))
		}
		lost, moved := 0, 0
		for i := 1; i < len(packets)-1; i++ {
			switch x := rnd.Float64(); {
			case x < 0.1:
				packets[i] = nil
				lost++
			case x < 0.2 && packets[i-1] != nil && i > moved+1:
				packets[i-1], packets[i] = packets[i], packets[i-1]
				moved = i
			}
		}
		pcm, stats := hear(t, packets, push)
		if len(pcm) != len(opus)*inputFrame || stats.Lost != uint64(lost) || stats.Late != 0 {
			t.Errorf("seed %d: %d samples of %d, %d lost, %+v", seed, len(pcm), len(opus)*inputFrame, lost, stats)
		}
	}
}

// TestOpusPauses holds that what a sender leaves out without a loss (RFC 7587 §3.1.3) is silence of that length.
func TestOpusPauses(t *testing.T) {
	t.Parallel()
	var p packetizer
	var packets [][]byte
	for i, b := range encodeSpeech(t, 60) {
		switch {
		case i < 20 || i >= 40:
			packets = append(packets, p.next(b))
		case i == 30: // a sign of life
			packets = append(packets, p.next(silentPacket[:1]))
		default:
			p.timestamp += 960
			packets = append(packets, nil)
		}
	}
	pcm, stats := hear(t, packets, push)
	c, _ := match(pcm[:19*inputFrame], InputRate)
	if len(pcm) != 60*inputFrame || stats.Lost != 0 || stats.Concealed != 0 || c < 0.9 {
		t.Errorf("%d samples over a time of 60 frames, correlation %.3f, %+v", len(pcm), c, stats)
	}
}

// TestOpusNewSource holds that a sender that begins anew in mid-call is heard on, with a gap of a packet or two.
func TestOpusNewSource(t *testing.T) {
	t.Parallel()
	packets := rtpSpeech(t, 60)
	for i := 30; i < 60; i++ {
		binary.BigEndian.PutUint16(packets[i][2:], uint16(60_000+i))
		binary.BigEndian.PutUint32(packets[i][4:], 3_000_000_000+960*uint32(i))
		packets[i][11]++
	}
	pcm, stats := hear(t, packets, push)
	c, _ := match(pcm, InputRate)
	t.Logf("correlation %.3f, %+v", c, stats)
	if len(pcm) != 60*inputFrame || c < 0.9 || stats.Lost != 0 || stats.Invalid != 1 {
		t.Errorf("%d samples, correlation %.3f, %+v", len(pcm), c, stats)
	}
}

// TestOpusStereo holds that a stereo sender is heard in mono, at the same length.
func TestOpusStereo(t *testing.T) {
	t.Parallel()
	var p packetizer
	var packets [][]byte
	for range 20 {
		packets = append(packets, p.next([]byte{silentPacket[0] | 4, 0xff, 0xfe}))
	}
	if pcm, stats := hear(t, packets, push); len(pcm) != 20*inputFrame || stats.Filled != 0 {
		t.Errorf("%d samples, %+v", len(pcm), stats)
	}
}

// TestOpusGivesUpInTime holds that packets behind a hole are heard when they have waited, though no more come.
func TestOpusGivesUpInTime(t *testing.T) {
	packets := rtpSpeech(t, 10)
	synctest.Test(t, func(t *testing.T) {
		r, err := NewOpusReader(testType)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		for i, b := range packets {
			if i != 5 {
				_ = r.Push(b)
			}
		}
		began := time.Now()
		var f Frame
		for i := range packets {
			if err := r.ReadFrame(t.Context(), &f); err != nil {
				t.Fatal(err)
			}
			if waited := time.Since(began); (i < 5) != (waited == 0) || waited > longestWait {
				t.Errorf("frame %d came after %v", i, waited)
			}
		}
	})
}

func TestOpusSurvivesGarbage(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	packets := rtpSpeech(t, 60)
	pcm, stats := hear(t, packets, func(r *OpusReader, b []byte) error {
		for range 3 {
			junk := make([]byte, rnd.IntN(80))
			for i := range junk {
				junk[i] = byte(rnd.Uint32())
			}
			if err := r.Push(junk); err != nil {
				return err
			}
		}
		return r.Push(b)
	})
	c, _ := match(pcm, InputRate)
	t.Logf("correlation %.3f, %+v", c, stats)
	if c < 0.9 || stats.Invalid == 0 {
		t.Errorf("correlation %.3f, %d invalid packets", c, stats.Invalid)
	}
}

func TestOpusFloodIsCut(t *testing.T) {
	t.Parallel()
	r, err := NewOpusReader(testType)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var p packetizer
	for range 10_000 {
		if err := r.Push(p.next(silentPacket)); err != nil {
			t.Fatal(err)
		}
	}
	s := r.Stats()
	if s.Packets+s.Flooded != 10_000 || s.Flooded < 5000 {
		t.Errorf("%+v", s)
	}
	if err := r.Push(nil); err != nil {
		t.Errorf("an empty packet: %v", err)
	}
}

func TestOpusReaderEnds(t *testing.T) {
	if _, err := NewOpusReader(200); err == nil || !strings.Contains(err.Error(), "200") {
		t.Errorf("payload type 200: %v", err)
	}
	r, err := NewOpusReader(testType)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Millisecond, os.ErrDeadlineExceeded)
	defer cancel()
	var f Frame
	if err := r.ReadFrame(ctx, &f); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("with nothing to read: %v", err)
	}
	r.Close()
	r.Close()
	for range 2 {
		if err := r.ReadFrame(t.Context(), &f); err != io.EOF {
			t.Errorf("after Close: %v", err)
		}
	}
	if err := r.Push(make([]byte, 20)); err != ErrClosed {
		t.Errorf("push after Close: %v", err)
	}
}
