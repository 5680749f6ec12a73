package media

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"omnilive/media/gst"
)

// ErrClosed is returned by a reader or writer that is used after its Close.
var ErrClosed = errors.New("track is closed")

// opusPackets is the most packets taken from one audio track in a second: ten times what 20 ms frames need.
const opusPackets = 500

// opusIn decodes Opus packets. In-band FEC stays off: with it GStreamer 1.22 falls silent for ever after one corrupt
// packet.
const (
	opusIn   = "opusdec name=in plc=true ! audio/x-raw,format=S16LE,rate=16000,channels=1,layout=interleaved ! appsink name=pcm sync=false async=false"
	opusCaps = "audio/x-opus,rate=48000,channels=2,channel-mapping-family=0"
)

// mostConcealed is how much of a loss the decoder is asked to conceal: after that, its guess is a hum. The rest is silence.
const mostConcealed = 60 * time.Millisecond

// An OpusReader is an AudioReader over the RTP packets of an Opus track (RFC 7587), decoded to 16 kHz.
//
// One goroutine pushes packets and one reads frames; Close may be called by either or by a third. A packet is decoded
// by the goroutine that pushes it; those that wait behind a hole which nothing fills, by the one that reads. Frames are
// 20 ms long whatever the packets are.
type OpusReader struct {
	payload uint8
	pipe    *gst.Pipeline
	queue   *frameQueue
	began   time.Time
	closed  atomic.Bool
	waiting atomic.Bool // packets wait behind a hole

	mu    sync.Mutex // guards what follows
	limit limit
	order reorder
	line  timeline
	at    int64 // samples; where the next sound from the decoder belongs
	err   error // of the decoder
	stats OpusStats
}

// OpusStats counts what an OpusReader did.
type OpusStats struct {
	Packets   uint64        // taken
	Invalid   uint64        // packets dropped because they are not RTP of this track
	Flooded   uint64        // packets dropped because too many came in a second
	Duplicate uint64        // packets dropped because they had come before
	Late      uint64        // packets dropped because they were given up before they came
	Lost      uint64        // packets given up
	Recovered uint64        // packets had from the redundancy of later ones
	Concealed time.Duration // sound that the decoder was asked to guess
	Dropped   uint64        // frames lost because nobody read them in time
	Filled    time.Duration // silence put where the track had gaps
}

// NewOpusReader makes a reader for packets of the negotiated RTP payload type.
func NewOpusReader(payloadType uint8) (*OpusReader, error) {
	if payloadType > 127 {
		return nil, fmt.Errorf("open Opus reader: payload type %d is not below 128", payloadType)
	}
	r := &OpusReader{payload: payloadType, queue: newFrameQueue(), limit: limit{most: opusPackets}, began: time.Now()}
	r.order.out = r.decode
	pipe, err := gst.NewInline(opusIn, opusCaps, map[string]gst.Sink{"pcm": r.decoded})
	if err != nil {
		return nil, fmt.Errorf("open Opus reader: %w", err)
	}
	r.pipe = pipe
	if err := pipe.Play(); err != nil {
		pipe.Free()
		return nil, fmt.Errorf("open Opus reader: %w", err)
	}
	return r, nil
}

// Push takes one RTP packet as it came from the network, copying it. Packets that cannot be used are dropped and
// counted; an error means that the reader has ended.
func (r *OpusReader) Push(packet []byte) error {
	return r.take(packet, func(h rtpHeader, payload []byte, now time.Duration) bool {
		if h.payload != r.payload {
			return false
		}
		r.count(h, r.order.put(h, payload, now), now)
		return true
	})
}

// take reads a packet's header and lets use have it under the lock; use says whether it was of this track.
func (r *OpusReader) take(packet []byte, use func(rtpHeader, []byte, time.Duration) bool) error {
	if r.closed.Load() {
		return ErrClosed
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	h, payload, err := parseRTP(packet)
	if err != nil || len(payload) == 0 {
		r.stats.Invalid++
		return nil
	}
	at := time.Now()
	if !r.limit.allow(at) {
		r.stats.Flooded++
		return nil
	}
	if !use(h, payload, at.Sub(r.began)) {
		r.stats.Invalid++
	}
	if r.waiting.Store(r.order.held > 0); r.order.held > 0 {
		r.queue.wake() // the reader is to look at the time
	}
	return r.failure()
}

// count notes what became of a packet that came by itself.
func (r *OpusReader) count(h rtpHeader, v verdict, now time.Duration) {
	switch v {
	case taken:
		r.stats.Packets++
	case late:
		r.stats.Late++
	case duplicate:
		r.stats.Duplicate++
		return
	case stray:
		r.stats.Invalid++
		return
	}
	r.order.jitter.see(h.timestamp, now)
}

// decode gives the decoder the packet whose turn it is, and before it what is to be concealed.
func (r *OpusReader) decode(p rtpPacket) {
	ticks := r.line.place(p.timestamp, p.arrived)
	at := ticks * InputRate / opusClock
	if p.missing > 0 {
		r.stats.Lost += uint64(p.missing)
		r.conceal(at)
	}
	r.at = at
	r.note(r.pipe.Push(p.payload, fromTicks(ticks)))
}

// conceal has the decoder guess the beginning of what is missing until a place, in samples. It guesses in steps of 2.5 ms.
func (r *OpusReader) conceal(until int64) {
	const step = InputRate / 400
	n := min(until-r.at, int64(mostConcealed*InputRate/time.Second)) / step * step
	if n <= 0 {
		return
	}
	d := time.Duration(n) * time.Second / InputRate
	r.stats.Concealed += d
	r.note(r.pipe.Gap(time.Duration(r.at)*time.Second/InputRate, d))
}

// decoded is called by the decoder, inside decode.
func (r *OpusReader) decoded(s16 []byte, _ time.Duration) {
	r.queue.put(r.at, s16)
	r.at += int64(len(s16) / 2)
}

// note keeps the first error of the decoder.
func (r *OpusReader) note(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *OpusReader) failure() error {
	switch {
	case r.err == nil:
		return nil
	case errors.Is(r.err, gst.ErrFreed):
		return ErrClosed
	}
	return fmt.Errorf("decode Opus: %w", r.err)
}

// ReadFrame copies the next 20 ms at 16 kHz into f, silence where the track has a gap of at most 2 s. A longer gap
// is closed up. After Close it gives what is left and then io.EOF.
func (r *OpusReader) ReadFrame(ctx context.Context, f *Frame) error {
	for {
		if ok, err := r.queue.take(f); ok || err != nil {
			return err
		}
		if err := r.wait(ctx); err != nil {
			return fmt.Errorf("read sound: %w", err)
		}
	}
}

// wait returns when there may be a frame. It does not let packets wait longer for a hole to be filled than they should.
func (r *OpusReader) wait(ctx context.Context) error {
	var alarm <-chan time.Time
	if r.waiting.Load() {
		if d, ok := r.expire(); ok {
			timer := time.NewTimer(d)
			defer timer.Stop()
			alarm = timer.C
		}
	}
	select {
	case <-r.queue.ready:
	case <-alarm:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

// expire decodes what has waited for long enough and says when to come again, if at all.
func (r *OpusReader) expire() (again time.Duration, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Since(r.began)
	next, ok := r.order.expire(now)
	r.waiting.Store(ok)
	return next - now, ok
}

// Stats tells what the reader did so far. Any goroutine may call it.
func (r *OpusReader) Stats() OpusStats {
	r.mu.Lock()
	s := r.stats
	r.mu.Unlock()
	r.queue.mu.Lock()
	s.Dropped, s.Filled = r.queue.dropped, time.Duration(r.queue.filled)*time.Second/InputRate
	r.queue.mu.Unlock()
	return s
}

// Close ends the track and frees the decoder. A ReadFrame that waits gets io.EOF once the queue is empty.
func (r *OpusReader) Close() error {
	if !r.closed.Swap(true) {
		r.pipe.Free()
		r.queue.end()
	}
	return nil
}
