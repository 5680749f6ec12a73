package devices

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/io/audio"
	"github.com/pion/mediadevices/pkg/prop"
	"github.com/pion/mediadevices/pkg/wave"

	"omnilive/media"
	"omnilive/signaling"
	"omnilive/signaling/caller"
	"omnilive/streaming"
)

// tape is a microphone that plays a recording at recordRate again and again, in stereo, as 16 bits.
type tape struct {
	pcm       []float32
	unopened  error         // Open returns it
	unstarted error         // AudioRecord returns it
	rate      int           // of the chunks; 0 means recordRate
	chunks    int           // how many there are before end; 0 means no end
	end       func() error  // what Read returns then
	closed    chan struct{} // since Open
}

func (d *tape) Open() error              { d.closed = make(chan struct{}); return d.unopened }
func (d *tape) Close() error             { close(d.closed); return nil }
func (d *tape) Properties() []prop.Media { return nil }

func (d *tape) AudioRecord(prop.Media) (audio.Reader, error) {
	if d.rate == 0 {
		d.rate = recordRate
	}
	at, n := 0, d.rate/50
	tick := time.NewTicker(chunkTime)
	return audio.ReaderFunc(func() (wave.Audio, func(), error) {
		if d.chunks > 0 && at/n == d.chunks {
			return nil, func() {}, d.end()
		}
		select {
		case <-tick.C:
		case <-d.closed:
			return nil, func() {}, io.EOF
		}
		a := wave.NewInt16Interleaved(wave.ChunkInfo{Channels: 2, Len: n, SamplingRate: d.rate})
		for i := range n {
			v := wave.Int16Sample(32767 * d.pcm[(at+i)%len(d.pcm)])
			a.SetInt16(i, 0, v)
			a.SetInt16(i, 1, v)
		}
		at += n
		return a, func() {}, nil
	}), d.unstarted
}

// plug registers a microphone until the test ends.
func plug(t *testing.T, name string, d driver.Adapter) {
	t.Helper()
	if err := driver.GetManager().Register(d, driver.Info{Label: "tape", Name: name, DeviceType: driver.Microphone}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, d := range registered(KindMicrophone) {
			if title(d) == name {
				driver.GetManager().Delete(d.ID())
			}
		}
	})
}

// ears is a loudspeaker in nobody's room: it takes a stretch each 10 ms and keeps it.
type ears struct {
	quit chan struct{}
	done sync.WaitGroup
	pcm  []float32 // to be read after Close
}

func (e *ears) open(fill func([]float32)) (io.Closer, error) {
	e.quit = make(chan struct{})
	e.done.Go(func() {
		tick := time.NewTicker(playChunk)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-e.quit:
				return
			}
			out := make([]float32, media.InputRate/100)
			fill(out)
			e.pcm = append(e.pcm, out...)
		}
	})
	return e, nil
}

func (e *ears) Close() error {
	close(e.quit)
	e.done.Wait()
	return nil
}

// person is a session that keeps what it hears, answers the first loud second with tone, and looks once.
type person struct {
	streaming.Ports
	heard  chan []float32
	seen   chan media.Picture
	answer []float32 // at media.OutputRate
}

func (person) Do(context.Context, streaming.Command) error { return nil }

func (p person) Run(ctx context.Context) error {
	p.Emit(streaming.SessionCreated{Settings: streaming.Settings{ID: "sess_1", Voice: "anna"}})
	var looking sync.WaitGroup
	defer looking.Wait()
	if p.Camera != nil {
		looking.Go(func() {
			if picture, err := p.Camera.Look(ctx); err == nil {
				p.seen <- picture
			}
		})
	}
	var pcm []float32
	for len(pcm) < 3*media.InputRate {
		var f media.Frame
		if err := p.Mic.ReadFrame(ctx, &f); err != nil {
			return err
		}
		pcm = append(pcm, f.PCM...)
	}
	p.heard <- pcm
	tick := time.NewTicker(media.FrameTime)
	defer tick.Stop()
	for at := 0; at+media.OutputFrame <= len(p.answer); at += media.OutputFrame {
		if err := p.Out.WriteFrame(ctx, &media.Frame{PTS: int64(at), PCM: p.answer[at : at+media.OutputFrame]}); err != nil {
			return err
		}
		<-tick.C
	}
	<-ctx.Done()
	return ctx.Err()
}

// call calls a hub with a person in it. What the person hears and sees comes out of the channels.
func call(t *testing.T, o caller.Options, answer []float32) (*caller.Call, person) {
	t.Helper()
	r, err := media.NewOpusReader(111)
	if err != nil {
		t.Skipf("no Opus decoder on this machine: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	p := person{heard: make(chan []float32, 1), seen: make(chan media.Picture, 1), answer: answer}
	hub, err := signaling.New(signaling.Config{
		Log: slog.New(slog.DiscardHandler),
		NewSession: func(ports streaming.Ports) (streaming.Runner, error) {
			at := p
			at.Ports = ports
			return at, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- hub.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	o.Exchange = func(ctx context.Context, offer string) (string, string, error) {
		id, answer, err := hub.Answer(ctx, offer, signaling.CallOptions{})
		return answer, caller.CallsPath + "/" + id, err
	}
	c, err := caller.Dial(t.Context(), "in this process", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, p
}
