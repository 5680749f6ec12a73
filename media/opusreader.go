package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"omnilive/media/gst"
)

// ErrClosed is returned by a reader or writer that is used after its Close.
var ErrClosed = errors.New("track is closed")

// opusPackets is the most packets taken from one audio track in a second: ten times what 20 ms frames need.
const opusPackets = 500

// opusIn decodes Opus packets of the payload type that stands for %d. The jitter buffer holds packets only behind
// a hole. In-band FEC stays off: with it GStreamer 1.22 falls silent for ever after one corrupt packet.
const opusIn = "appsrc name=src is-live=true format=time do-timestamp=false max-buffers=200 max-bytes=0 " +
	"leaky-type=downstream caps=application/x-rtp,media=audio,clock-rate=48000,encoding-name=OPUS,payload=%d ! " +
	"rtpjitterbuffer latency=60 do-lost=true faststart-min-packets=1 ! rtpopusdepay ! opusdec plc=true ! " +
	"audio/x-raw,format=S16LE,rate=16000,channels=1,layout=interleaved ! appsink name=pcm sync=false max-buffers=200"

// An OpusReader is an AudioReader over the RTP packets of an Opus track (RFC 7587), decoded to 16 kHz.
//
// One goroutine pushes packets and one reads frames; Close may be called by either or by a third. Frames are 20 ms
// long whatever the packets are.
type OpusReader struct {
	payload uint8
	pipe    *gst.Pipeline
	queue   *frameQueue
	began   time.Time
	closed  atomic.Bool

	// The pushing goroutine's alone.
	limit limit
	red   red
	line  timeline

	packets, invalid, flooded, recovered atomic.Uint64
}

// OpusStats counts what an OpusReader did.
type OpusStats struct {
	Packets   uint64        // taken
	Invalid   uint64        // packets dropped because they are not RTP of this track
	Flooded   uint64        // packets dropped because too many came in a second
	Recovered uint64        // packets had from the redundancy of later ones
	Dropped   uint64        // frames lost because nobody read them in time
	Filled    time.Duration // silence put where the track had gaps
}

// NewOpusReader makes a reader for packets of the negotiated RTP payload type.
func NewOpusReader(payloadType uint8) (*OpusReader, error) {
	if payloadType > 127 {
		return nil, fmt.Errorf("open Opus reader: payload type %d is not below 128", payloadType)
	}
	r := &OpusReader{payload: payloadType, queue: newFrameQueue(), limit: limit{most: opusPackets}}
	pipe, err := gst.New(fmt.Sprintf(opusIn, payloadType), map[string]gst.Sink{"pcm": r.decoded})
	if err != nil {
		return nil, fmt.Errorf("open Opus reader: %w", err)
	}
	r.pipe, r.began = pipe, time.Now()
	if err := pipe.Play(); err != nil {
		pipe.Free()
		return nil, fmt.Errorf("open Opus reader: %w", err)
	}
	return r, nil
}

// decoded runs on the decoder's thread.
func (r *OpusReader) decoded(s16 []byte, pts time.Duration) {
	at := r.queue.part.at + int64(r.queue.n) // without a time: right behind what came before
	if pts >= 0 {
		at = int64(pts) / 1000 * InputRate / 1e6
	}
	r.queue.put(at, s16)
}

// Push takes one RTP packet as it came from the network, copying it. Packets that cannot be used are dropped and
// counted; an error means that the reader has ended.
func (r *OpusReader) Push(packet []byte) error {
	if r.closed.Load() {
		return ErrClosed
	}
	h, payload, err := parseRTP(packet)
	if err != nil || h.payload != r.payload || len(payload) == 0 {
		r.invalid.Add(1)
		return nil
	}
	if !r.limit.allow(time.Now()) {
		r.flooded.Add(1)
		return nil
	}
	r.red.see(h.sequence)
	return r.push(packet, h.timestamp)
}

func (r *OpusReader) push(packet []byte, timestamp uint32) error {
	r.packets.Add(1)
	if err := r.pipe.Push(packet, r.line.place(timestamp, time.Since(r.began))); err != nil {
		if errors.Is(err, gst.ErrFreed) {
			return ErrClosed
		}
		return fmt.Errorf("decode Opus: %w", err)
	}
	return nil
}

// ReadFrame copies the next 20 ms at 16 kHz into f, silence where the track has a gap of at most 2 s. A longer gap
// is closed up. After Close it gives what is left and then io.EOF.
func (r *OpusReader) ReadFrame(ctx context.Context, f *Frame) error {
	err := r.queue.read(ctx, f)
	if err != nil && err != io.EOF {
		return fmt.Errorf("read sound: %w", err)
	}
	return err
}

// Stats tells what the reader did so far. Any goroutine may call it.
func (r *OpusReader) Stats() OpusStats {
	r.queue.mu.Lock()
	dropped, filled := r.queue.dropped, r.queue.filled
	r.queue.mu.Unlock()
	return OpusStats{
		Packets: r.packets.Load(), Invalid: r.invalid.Load(), Flooded: r.flooded.Load(),
		Recovered: r.recovered.Load(), Dropped: dropped,
		Filled: time.Duration(filled) * time.Second / InputRate,
	}
}

// Close ends the track and frees the decoder. A ReadFrame that waits gets io.EOF once the queue is empty.
func (r *OpusReader) Close() error {
	if !r.closed.Swap(true) {
		r.pipe.Free()
		r.queue.end()
	}
	return nil
}
