package media

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"omnilive/media/gst"
)

// opusOut encodes 24 kHz sound, one packet for each 20 ms pushed.
const (
	opusOut = "opusenc name=in frame-size=20 inband-fec=true packet-loss-percentage=5 dtx=false bitrate=32000 bitrate-type=vbr " +
		"audio-type=voice complexity=5 ! appsink name=opus sync=false async=false"
	opusOutCaps = "audio/x-raw,format=S16LE,rate=24000,channels=1,layout=interleaved"
)

// silentPacket is 20 ms of silence in Opus: CELT at full band, mono, one frame without content (RFC 6716 §3.1).
var silentPacket = []byte{0xf8, 0xff, 0xfe}

// An OpusWriter is an AudioWriter that encodes to Opus. Each WriteFrame encodes and sends one packet on the caller's
// goroutine, which takes half a millisecond, or nothing for silence. One goroutine writes; Close may be called by another.
type OpusWriter struct {
	send   func(packet []byte, d time.Duration) error
	pipe   *gst.Pipeline
	closed atomic.Bool

	// The writing goroutine's alone.
	s16     [2 * OutputFrame]byte
	out     []byte // the packet being sent
	frames  int64  // pushed into the encoder
	pending bool   // the encoder still holds the end of the last sound
}

// NewOpusWriter makes a writer that hands each packet, the Opus payload without RTP, with its duration to send.
// send must not keep the packet.
func NewOpusWriter(send func(packet []byte, d time.Duration) error) (*OpusWriter, error) {
	w := &OpusWriter{send: send, out: make([]byte, 0, maxPacket)}
	pipe, err := gst.NewInline(opusOut, opusOutCaps, map[string]gst.Sink{"opus": w.encoded})
	if err != nil {
		return nil, fmt.Errorf("open Opus writer: %w", err)
	}
	w.pipe = pipe
	if err := pipe.Play(); err != nil {
		pipe.Free()
		return nil, fmt.Errorf("open Opus writer: %w", err)
	}
	return w, nil
}

// encoded is called by the encoder, inside encode.
func (w *OpusWriter) encoded(packet []byte, _ time.Duration) { w.out = append(w.out[:0], packet...) }

// WriteFrame encodes and sends OutputFrame samples, clipped to [-1, 1], or, when f.PCM is empty, sends silence.
// The first silence after sound carries the last milliseconds of that sound, which the encoder holds back, so that
// they are not heard at the start of the next.
func (w *OpusWriter) WriteFrame(_ context.Context, f *Frame) error {
	switch {
	case w.closed.Load():
		return ErrClosed
	case len(f.PCM) == OutputFrame:
		w.pending = true
		quantize(w.s16[:], f.PCM)
	case len(f.PCM) != 0:
		return fmt.Errorf("write sound: frame of %d samples, want %d or none", len(f.PCM), OutputFrame)
	case w.pending:
		w.pending = false
		clear(w.s16[:])
	default:
		return w.send(silentPacket, FrameTime)
	}
	if err := w.encode(); err != nil {
		return err
	}
	return w.send(w.out, FrameTime)
}

// encode sets w.out to the packet for w.s16, or to silence where the encoder makes none: the call's clock goes on.
func (w *OpusWriter) encode() error {
	w.out = append(w.out[:0], silentPacket...)
	if err := w.pipe.Push(w.s16[:], time.Duration(w.frames)*FrameTime); err != nil {
		if errors.Is(err, gst.ErrFreed) {
			return ErrClosed
		}
		return fmt.Errorf("encode Opus: %w", err)
	}
	w.frames++
	return nil
}

// Close frees the encoder.
func (w *OpusWriter) Close() error {
	if !w.closed.Swap(true) {
		w.pipe.Free()
	}
	return nil
}

// quantize writes samples as 16-bit little-endian, clipped.
func quantize(dst []byte, pcm []float32) {
	for i, x := range pcm {
		if x != x { // not a number
			x = 0
		}
		v := int16(max(-32768, min(32767, x*32768)))
		dst[2*i], dst[2*i+1] = byte(v), byte(v>>8)
	}
}
