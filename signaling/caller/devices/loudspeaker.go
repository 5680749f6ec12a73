package devices

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/gen2brain/malgo"

	"omnilive/media"
)

// How much of the answer waits for the device: it begins with playAhead, so that late packets leave no holes, and is cut
// back to that when there is more than playMost, because then the device's clock is slower than the server's.
const (
	playAhead = 60 * media.InputRate / 1000
	playMost  = 300 * media.InputRate / 1000
	playChunk = 10 * time.Millisecond
)

// A Loudspeaker is one that is open.
type Loudspeaker struct {
	sink io.Closer

	mu      sync.Mutex // guards what follows
	waiting []float32
	playing bool // since playAhead samples were there and none since then was missing
	dropped int64
}

// OpenLoudspeaker opens the loudspeaker whose name contains the given one, in any case of letters, or the default
// loudspeaker for an empty name. Its error names the remedy; it is ErrNone when there is no such loudspeaker.
func OpenLoudspeaker(name string) (*Loudspeaker, error) {
	return openLoudspeaker(func(fill func([]float32)) (io.Closer, error) { return openSink(name, fill) })
}

// openLoudspeaker opens a sink that calls fill for each stretch of sound it needs, mono at media.InputRate.
func openLoudspeaker(open func(fill func([]float32)) (io.Closer, error)) (*Loudspeaker, error) {
	l := &Loudspeaker{waiting: make([]float32, 0, playMost)}
	var err error
	l.sink, err = open(l.fill)
	return l, err
}

// Play queues sound, mono at media.InputRate, and returns at once: caller.Options.Hear.
func (l *Loudspeaker) Play(pcm []float32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, pcm...)
	if over := len(l.waiting) - playAhead; len(l.waiting) > playMost {
		l.skip(over)
		l.dropped += int64(over)
	}
}

// Clear forgets what is not played yet, for an answer that was interrupted.
func (l *Loudspeaker) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting, l.playing = l.waiting[:0], false
}

// Dropped is how many samples came faster than they could be played.
func (l *Loudspeaker) Dropped() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dropped
}

// fill is the device's side: out is played next.
func (l *Loudspeaker) fill(out []float32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.playing = l.playing || len(l.waiting) >= playAhead
	n := 0
	if l.playing {
		n = copy(out, l.waiting)
		l.skip(n)
		l.playing = n == len(out)
	}
	clear(out[n:])
}

// skip forgets the n oldest samples; l.mu is held.
func (l *Loudspeaker) skip(n int) { l.waiting = append(l.waiting[:0], l.waiting[n:]...) }

// Close silences the loudspeaker at once.
func (l *Loudspeaker) Close() error { return l.sink.Close() }

// backends are all ways out but miniaudio's silent one, in its own order.
var backends = []malgo.Backend{malgo.BackendWasapi, malgo.BackendCoreaudio, malgo.BackendPulseaudio, malgo.BackendAlsa, malgo.BackendJack}

// sink is a device of miniaudio.
type sink struct {
	context *malgo.AllocatedContext
	device  *malgo.Device
}

func openSink(name string, fill func([]float32)) (io.Closer, error) {
	ctx, err := malgo.InitContext(backends, malgo.ContextConfig{}, nil)
	if err != nil {
		return nil, missing(KindLoudspeaker)
	}
	s := &sink{context: ctx}
	if err := s.open(name, fill); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

func (s *sink) open(name string, fill func([]float32)) error {
	found := outputs(s.context)
	if len(found) == 0 {
		return missing(KindLoudspeaker)
	}
	config := malgo.DefaultDeviceConfig(malgo.Playback)
	config.Playback.Format, config.Playback.Channels, config.SampleRate = malgo.FormatF32, 1, media.InputRate
	config.PeriodSizeInMilliseconds = uint32(playChunk.Milliseconds())
	title := "by default"
	if name != "" {
		i := 0
		for i < len(found) && !matches(found[i].Name(), name) {
			i++
		}
		if i == len(found) {
			return unknown(KindLoudspeaker, name)
		}
		title, config.Playback.DeviceID = found[i].Name(), found[i].ID.Pointer()
	}
	var pcm []float32
	device, err := malgo.InitDevice(s.context.Context, config, malgo.DeviceCallbacks{Data: func(out, _ []byte, n uint32) {
		pcm = append(pcm[:0], make([]float32, n)...)
		fill(pcm)
		for i, v := range pcm {
			binary.NativeEndian.PutUint32(out[4*i:], math.Float32bits(v))
		}
	}})
	if err != nil {
		return unopened(KindLoudspeaker, title, err)
	}
	s.device = device
	if err := device.Start(); err != nil {
		return unopened(KindLoudspeaker, title, err)
	}
	return nil
}

// Close implements io.Closer. No fill is called any more when it returns.
func (s *sink) Close() error {
	if s.device != nil {
		s.device.Uninit()
	}
	err := s.context.Uninit()
	s.context.Free()
	if err != nil {
		return fmt.Errorf("close loudspeaker: %w", err)
	}
	return nil
}

// outputs are the devices that can be heard.
func outputs(ctx *malgo.AllocatedContext) []malgo.DeviceInfo {
	found, err := ctx.Devices(malgo.Playback)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(found, func(d malgo.DeviceInfo) bool { return silent(d.ID.String()) })
}

// loudspeakers are those of this machine, the default one first.
func loudspeakers() []Device {
	ctx, err := malgo.InitContext(backends, malgo.ContextConfig{}, nil)
	if err != nil {
		return nil
	}
	defer func() {
		_ = ctx.Uninit()
		ctx.Free()
	}()
	var list []Device
	for _, d := range outputs(ctx) {
		device := Device{Kind: KindLoudspeaker, Name: d.Name(), Default: d.IsDefault > 0}
		if device.Default {
			list = append([]Device{device}, list...)
		} else {
			list = append(list, device)
		}
	}
	return list
}
