package media

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"omnilive/media/gst"
)

// decodeOpus decodes packets, one after another, to 24 kHz.
func decodeOpus(t *testing.T, packets [][]byte) []float32 {
	t.Helper()
	got := make(chan []float32, len(packets)+1)
	p, err := gst.New("appsrc name=src format=time caps=audio/x-opus,channel-mapping-family=0,channels=1,rate=24000 ! "+
		"opusdec ! audio/x-raw,format=S16LE,rate=24000,channels=1 ! appsink name=pcm sync=false",
		map[string]gst.Sink{"pcm": func(b []byte, _ time.Duration) {
			x := make([]float32, len(b)/2)
			for i := range x {
				x[i] = float32(int16(uint16(b[2*i])|uint16(b[2*i+1])<<8)) / 32768
			}
			got <- x
		}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Free()
	if err := p.Play(); err != nil {
		t.Fatal(err)
	}
	var pcm []float32
	for i, b := range packets {
		if err := p.Push(b, time.Duration(i)*FrameTime); err != nil {
			t.Fatal(err)
		}
		select {
		case x := <-got:
			pcm = append(pcm, x...)
		case <-time.After(10 * time.Second):
			t.Fatalf("packet %d was not decoded: %v", i, p.Drain())
		}
	}
	return pcm
}

func loudness(pcm []float32) float64 {
	var s float64
	for _, x := range pcm {
		s += float64(x) * float64(x)
	}
	return math.Sqrt(s / float64(max(1, len(pcm))))
}

// TestOpusWriterForgets holds that nothing of a clause is heard at the start of the next one.
func TestOpusWriterForgets(t *testing.T) {
	var packets [][]byte
	w, err := NewOpusWriter(func(p []byte, d time.Duration) error {
		if d != FrameTime {
			t.Errorf("a packet of %v", d)
		}
		packets = append(packets, bytes.Clone(p))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	write := func(frames int, pcm []float32) {
		for range frames {
			if err := w.WriteFrame(t.Context(), &Frame{PCM: pcm}); err != nil {
				t.Fatal(err)
			}
		}
	}
	loud := tone(400, OutputRate, OutputFrame)
	write(20, loud)
	write(10, nil)
	write(3, make([]float32, OutputFrame)) // a clause that begins quietly
	write(10, loud)
	if len(packets) != 43 {
		t.Fatalf("%d packets from 43 frames", len(packets))
	}
	for i := 21; i < 30; i++ {
		if !bytes.Equal(packets[i], silentPacket) {
			t.Errorf("packet %d is %x, want silence", i, packets[i])
		}
	}
	pcm := decodeOpus(t, packets)
	if l := loudness(pcm[5*OutputFrame : 20*OutputFrame]); l < 0.25 {
		t.Errorf("the first clause is heard at %.4f", l)
	}
	if l := loudness(pcm[30*OutputFrame : 33*OutputFrame]); l > 0.003 {
		t.Errorf("%.4f of the first clause is heard in the second", l)
	}
	if l := loudness(pcm[36*OutputFrame : 43*OutputFrame]); l < 0.25 {
		t.Errorf("the second clause is heard at %.4f", l)
	}
}

func TestOpusWriterClips(t *testing.T) {
	var b [8]byte
	quantize(b[:], []float32{9, -9, float32(math.NaN()), float32(math.Inf(-1))})
	if want := []byte{0xff, 0x7f, 0, 0x80, 0, 0, 0, 0x80}; !bytes.Equal(b[:], want) {
		t.Errorf("%x, want %x", b, want)
	}
}

func TestOpusWriterErrors(t *testing.T) {
	down := errors.New("the line is down")
	w, err := NewOpusWriter(func([]byte, time.Duration) error { return down })
	if err != nil {
		t.Fatal(err)
	}
	if err := w.WriteFrame(t.Context(), &Frame{}); err != down {
		t.Errorf("%v", err)
	}
	if err := w.WriteFrame(t.Context(), &Frame{PCM: make([]float32, OutputFrame)}); err != down {
		t.Errorf("%v", err)
	}
	if err := w.WriteFrame(t.Context(), &Frame{PCM: make([]float32, 7)}); err == nil || !strings.Contains(err.Error(), "7 samples") {
		t.Errorf("%v", err)
	}
	w.Close()
	w.Close()
	if err := w.WriteFrame(t.Context(), &Frame{}); err != ErrClosed {
		t.Errorf("after Close: %v", err)
	}
}
