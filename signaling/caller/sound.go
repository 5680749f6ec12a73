package caller

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
	sample "github.com/pion/webrtc/v4/pkg/media"

	"omnilive/media"
	"omnilive/signaling"
)

const (
	maxWaiting = 10 * 60 * media.OutputRate // samples Say may queue: ten minutes
	maxKept    = 10 * 60 * media.InputRate  // samples of the answer that are kept: ten minutes
	maxPacket  = 1600
	// A microphone's sound that waits: when its clock is faster than ours there is more and more, and each cut leaves a few
	// frames against its unrest.
	maxLive  = 6 * media.OutputFrame
	keepLive = 2 * media.OutputFrame
)

// A Stretch is sound and when its first sample went out or came in, since the call began.
type Stretch struct {
	At  time.Duration
	PCM []float32
}

// mouth is what is still to be said, mono at media.OutputRate.
type mouth struct {
	mu      sync.Mutex // guards what follows
	waiting []float32
	sent    []time.Duration // when each frame with sound went out
	wake    chan struct{}   // one token whenever waiting became empty
	live    []float32       // from the microphone
	dropped int64           // samples of the microphone
}

// ear is what was heard, mono at media.InputRate.
type ear struct {
	mu   sync.Mutex // guards what follows
	kept []Stretch
	n    int
}

// tracks adds the microphone (and the camera) to the offer.
func (c *Call) tracks() (*webrtc.TrackLocalStaticSample, error) {
	out, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2,
	}, "mic", "caller")
	if err != nil {
		return nil, fmt.Errorf("make microphone track: %w", err)
	}
	if _, err := c.pc.AddTrack(out); err != nil {
		return nil, fmt.Errorf("add microphone track: %w", err)
	}
	if c.o.Video == nil {
		return out, nil
	}
	c.camera, err = webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: c.o.Video.MIME, ClockRate: 90000}, "camera", "caller")
	if err != nil {
		return nil, fmt.Errorf("make camera track: %w", err)
	}
	if _, err := c.pc.AddTrack(c.camera); err != nil {
		return nil, fmt.Errorf("add camera track: %w", err)
	}
	return out, nil
}

// talk sends one frame every 20 ms for the whole call: what Say queued, else silence.
func (c *Call) talk(ctx context.Context, out *webrtc.TrackLocalStaticSample) error {
	enc, err := c.o.Codecs.Speech(func(packet []byte, d time.Duration) error {
		return out.WriteSample(sample.Sample{Data: packet, Duration: d})
	})
	if err != nil {
		return fmt.Errorf("open speech encoder: %w", err)
	}
	defer enc.Close()
	select {
	case <-c.hand.open:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	tick := time.NewTicker(media.FrameTime)
	defer tick.Stop()
	for n := int64(0); ; n++ {
		f := media.Frame{PTS: n * media.OutputFrame, PCM: c.mouth.next(time.Since(c.began))}
		if err := enc.WriteFrame(ctx, &f); err != nil && ctx.Err() == nil && !errors.Is(err, io.ErrClosedPipe) {
			return fmt.Errorf("send sound: %w", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// next takes one frame off what is waiting, before what the microphone heard: nil while there is nothing.
func (m *mouth) next(at time.Duration) []float32 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.waiting) == 0 {
		return m.nextLive()
	}
	f := make([]float32, media.OutputFrame)
	m.waiting = m.waiting[copy(f, m.waiting):]
	m.sent = append(m.sent, at)
	if len(m.waiting) == 0 {
		select {
		case m.wake <- struct{}{}:
		default:
		}
	}
	return f
}

// nextLive takes a whole frame of the microphone's; m.mu is held.
func (m *mouth) nextLive() []float32 {
	if len(m.live) < media.OutputFrame {
		return nil
	}
	f := append([]float32(nil), m.live[:media.OutputFrame]...)
	m.live = append(m.live[:0], m.live[media.OutputFrame:]...)
	return f
}

// hear queues what the microphone heard.
func (m *mouth) hear(pcm []float32) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.live = append(m.live, pcm...)
	if over := len(m.live) - keepLive; len(m.live) > maxLive {
		m.live = append(m.live[:0], m.live[over:]...)
		m.dropped += int64(over)
	}
	return nil
}

// record runs the microphone for the whole call.
func (c *Call) record(ctx context.Context) error {
	if c.o.Mic == nil {
		return nil
	}
	select {
	case <-c.hand.open:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := c.o.Mic(ctx, c.mouth.hear); err != nil && ctx.Err() == nil {
		return fmt.Errorf("hear microphone: %w", err)
	}
	return nil
}

// Dropped is how many samples of the microphone could not be sent in time.
func (c *Call) Dropped() int64 {
	c.mouth.mu.Lock()
	defer c.mouth.mu.Unlock()
	return c.mouth.dropped
}

// Say queues speech (mono at media.OutputRate, 24 kHz) to be sent in real time and returns at once.
func (c *Call) Say(pcm []float32) error {
	c.mouth.mu.Lock()
	defer c.mouth.mu.Unlock()
	if len(c.mouth.waiting)+len(pcm) > maxWaiting {
		return fmt.Errorf("say: more than %d s are waiting to be said", maxWaiting/media.OutputRate)
	}
	c.mouth.waiting = append(c.mouth.waiting, pcm...)
	return nil
}

// Said waits until everything queued has been sent and returns when its last frame went out.
func (c *Call) Said(ctx context.Context) (time.Duration, error) {
	for {
		c.mouth.mu.Lock()
		waiting, sent := len(c.mouth.waiting), c.mouth.sent
		c.mouth.mu.Unlock()
		if waiting == 0 && len(sent) > 0 {
			return sent[len(sent)-1], nil
		}
		select {
		case <-c.mouth.wake:
		case <-c.hand.done:
			return 0, ErrEnded
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

// Sent returns when each frame with speech went out: frame i holds samples [i, i+1)*media.OutputFrame of what was said.
func (c *Call) Sent() []time.Duration {
	c.mouth.mu.Lock()
	defer c.mouth.mu.Unlock()
	return append([]time.Duration(nil), c.mouth.sent...)
}

// Heard returns what came back so far, silence included, mono at media.InputRate.
func (c *Call) Heard() []Stretch {
	c.ear.mu.Lock()
	defer c.ear.mu.Unlock()
	return append([]Stretch(nil), c.ear.kept...)
}

// listen decodes the answer's track when it comes.
func (c *Call) listen(ctx context.Context, heard chan *webrtc.TrackRemote) error {
	for {
		select {
		case t := <-heard:
			if !strings.EqualFold(t.Codec().MimeType, webrtc.MimeTypeOpus) {
				continue
			}
			if err := c.decode(ctx, t); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (c *Call) decode(ctx context.Context, t *webrtc.TrackRemote) error {
	dec, err := c.o.Codecs.Audio(uint8(t.PayloadType()))
	if err != nil {
		return fmt.Errorf("open audio decoder: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	var kept sync.WaitGroup
	kept.Go(func() { c.keep(ctx, dec) })
	defer dec.Close()
	defer kept.Wait()
	defer stop()
	buf := make([]byte, maxPacket)
	for {
		n, _, err := t.Read(buf)
		if err != nil {
			return nil
		}
		_ = dec.Push(buf[:n]) // a bad packet is a lost one
	}
}

// keep stamps each frame with the time it came.
func (c *Call) keep(ctx context.Context, dec signaling.AudioReceiver) {
	for {
		var f media.Frame
		if err := dec.ReadFrame(ctx, &f); err != nil {
			return
		}
		length := time.Duration(len(f.PCM)) * time.Second / media.InputRate
		c.ear.mu.Lock()
		if c.ear.n < maxKept {
			c.ear.kept = append(c.ear.kept, Stretch{At: time.Since(c.began) - length, PCM: f.PCM})
			c.ear.n += len(f.PCM)
		}
		c.ear.mu.Unlock()
		if c.o.Hear != nil {
			c.o.Hear(f.PCM)
		}
	}
}

// film sends the camera.
func (c *Call) film(ctx context.Context) error {
	if c.camera == nil {
		return nil
	}
	select {
	case <-c.hand.open:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	err := c.o.Video.Frames(ctx, func(frame []byte, d time.Duration) error {
		return c.camera.WriteSample(sample.Sample{Data: frame, Duration: d})
	})
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("send camera: %w", err)
	}
	return nil
}
