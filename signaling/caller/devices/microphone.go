package devices

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/io/audio"
	"github.com/pion/mediadevices/pkg/prop"
	"github.com/pion/mediadevices/pkg/wave"
	"golang.org/x/sync/errgroup"

	"omnilive/media"
)

const (
	recordRate = 48000
	chunkTime  = 20 * time.Millisecond
	maxChunks  = 10 // that wait for Record
	// patience is how long Close waits for the device's next chunk before it takes the device away from its reader.
	patience = 500 * time.Millisecond
)

// A Microphone is one that is open. It hears from when it was opened; what nobody reads is dropped, oldest first.
type Microphone struct {
	device  driver.Driver
	chunks  chan []float32 // mono at media.OutputRate
	quit    chan struct{}
	ended   chan struct{} // closed when the device gives no more
	reader  errgroup.Group
	dropped atomic.Int64
}

// OpenMicrophone opens the microphone whose name contains the given one, in any case of letters, or the default
// microphone for an empty name. Its error names the remedy; it is ErrNone when there is no such microphone.
func OpenMicrophone(name string) (*Microphone, error) {
	d, err := find(KindMicrophone, name)
	if err != nil {
		return nil, err
	}
	recorder, ok := d.(driver.AudioRecorder)
	if !ok {
		return nil, unknown(KindMicrophone, name)
	}
	resampler, err := media.NewResampler(recordRate, media.OutputRate)
	if err != nil {
		return nil, err
	}
	if err := d.Open(); err != nil {
		return nil, unopened(KindMicrophone, title(d), err)
	}
	// Not out of d.Properties: miniaudio converts to any format, but the driver lists only those the hardware has, and
	// none at all for the 24 and 32 bits that sound servers like.
	r, err := recorder.AudioRecord(prop.Media{Audio: prop.Audio{
		ChannelCount: 1, SampleRate: recordRate, SampleSize: 4, IsFloat: true, IsInterleaved: true, Latency: chunkTime,
	}})
	if err != nil {
		return nil, unopened(KindMicrophone, title(d), err)
	}
	m := &Microphone{device: d, chunks: make(chan []float32, maxChunks), quit: make(chan struct{}), ended: make(chan struct{})}
	m.reader.Go(func() error { return m.read(r, resampler) })
	return m, nil
}

// read takes the device's chunks at once, for the driver hands out memory that is the device's again soon after.
func (m *Microphone) read(r audio.Reader, resampler *media.Resampler) error {
	defer close(m.ended)
	var pcm []float32
	for {
		select {
		case <-m.quit:
			return nil
		default:
		}
		chunk, release, err := r.Read()
		if err != nil {
			return fmt.Errorf("the microphone %s stopped: %w", title(m.device), err)
		}
		pcm, err = mono(pcm[:0], chunk)
		release()
		if err != nil {
			return fmt.Errorf("read microphone %s: %w", title(m.device), err)
		}
		m.pass(resampler.Resample(nil, pcm))
	}
}

// pass queues a chunk, at the cost of the oldest.
func (m *Microphone) pass(chunk []float32) {
	for {
		select {
		case m.chunks <- chunk:
			return
		default:
		}
		select {
		case old := <-m.chunks:
			m.dropped.Add(int64(len(old)))
		default:
		}
	}
}

// mono appends the mean of a chunk's channels to dst, in [-1, 1].
func mono(dst []float32, chunk wave.Audio) ([]float32, error) {
	info := chunk.ChunkInfo()
	if info.SamplingRate != recordRate || info.Channels < 1 {
		return dst, fmt.Errorf("the driver gives %d channels at %d Hz, not %d Hz as asked", info.Channels, info.SamplingRate, recordRate)
	}
	for i := range info.Len {
		var sum float32
		for ch := range info.Channels {
			switch v := chunk.At(i, ch).(type) {
			case wave.Float32Sample:
				sum += float32(v)
			case wave.Int16Sample:
				sum += float32(v) / (1 << 15)
			default:
				return dst, fmt.Errorf("the driver gives samples of type %T", v)
			}
		}
		dst = append(dst, sum/float32(info.Channels))
	}
	return dst, nil
}

// Record writes what is said from now on, mono at media.OutputRate, until ctx or the device ends: caller.Options.Mic.
func (m *Microphone) Record(ctx context.Context, write func(pcm []float32) error) error {
	for range len(m.chunks) { // heard before the call
		<-m.chunks
	}
	for {
		select {
		case chunk := <-m.chunks:
			if err := write(chunk); err != nil {
				return err
			}
		case <-m.ended:
			if err := m.reader.Wait(); err != nil {
				return err
			}
			return errors.New("the microphone is closed")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Name is what the system calls the microphone.
func (m *Microphone) Name() string { return title(m.device) }

// Dropped is how many samples nobody was there to read.
func (m *Microphone) Dropped() int64 { return m.dropped.Load() }

// Close ends the recording. The device is closed after its reader has let go of it, because its memory goes with it; only
// a device that has fallen silent is closed under the reader, which ends it.
func (m *Microphone) Close() error {
	close(m.quit)
	select {
	case <-m.ended:
	case <-time.After(patience):
	}
	err := m.device.Close()
	_ = m.reader.Wait() // Record has told it
	return err
}
