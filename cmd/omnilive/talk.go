package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"

	"omnilive/signaling/caller"
	"omnilive/signaling/caller/devices"
)

// A recorder is an open microphone.
type recorder interface {
	Record(ctx context.Context, write func(pcm []float32) error) error
	Name() string
	Dropped() int64
}

// A player is an open loudspeaker.
type player interface {
	Play(pcm []float32)
	Clear()
	Dropped() int64
}

// talk calls with the microphone and the loudspeaker of this machine.
func (f callFlags) talk(ctx context.Context, url string, o caller.Options, w *words, all tools) (err error) {
	mic, err := devices.OpenMicrophone(f.microphone)
	if err != nil {
		return err
	}
	defer closing(&err, mic)
	speaker, err := devices.OpenLoudspeaker(f.loudspeaker)
	if err != nil {
		return err
	}
	defer closing(&err, speaker)
	return f.between(ctx, url, o, w, all, mic, speaker)
}

// between is a call between a microphone and a loudspeaker until ctx ends. Once it is connected, that is a good end.
func (f callFlags) between(ctx context.Context, url string, o caller.Options, w *words, all tools, mic recorder, speaker player) (err error) {
	o.Mic, o.Hear = mic.Record, speaker.Play
	o.OnEvent = func(e caller.Event) {
		if e.Type == "output_audio_buffer.cleared" {
			speaker.Clear()
		}
		w.event(e)
	}
	c, err := f.dial(ctx, url, o)
	if err != nil {
		return err
	}
	defer closing(&err, c)
	w.line("connected: speak into %s; Ctrl-C hangs up. Without headphones the answer interrupts itself.", mic.Name())
	drawn := pictures{dir: f.saveImages, w: w}
	var g errgroup.Group
	during, stop := context.WithCancel(ctx)
	g.Go(func() error { return drawn.follow(during, c) })
	err = converse(ctx, c, w, all)
	stop()
	err = errors.Join(err, g.Wait())
	if n := mic.Dropped() + c.Dropped() + speaker.Dropped(); n > 0 {
		w.line("%d samples were dropped on the way", n)
	}
	return errors.Join(err, f.keep(c))
}

// converse prints where the time of each answer went and answers what the model calls, until ctx or the call ends.
func converse(ctx context.Context, c *caller.Call, w *words, all tools) error {
	for n := 0; ; n++ {
		a, err := c.Answer(ctx, n)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, caller.ErrEnded):
			return errors.New("the server has ended the call")
		case err != nil:
			return err
		}
		if a.Latency != (caller.Latency{}) {
			w.latency(a.Latency)
		}
		if _, err := all.answer(c, a); err != nil {
			return err
		}
	}
}

// dial connects within the time that --timeout allows.
func (f callFlags) dial(ctx context.Context, url string, o caller.Options) (*caller.Call, error) {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	return caller.Dial(ctx, url, o)
}

func closing(err *error, c io.Closer) {
	if e := c.Close(); *err == nil {
		*err = e
	}
}

// listDevices prints what this machine has to talk with.
func listDevices(w io.Writer) error {
	list := devices.List()
	for _, d := range list {
		mark := " "
		if d.Default {
			mark = "*"
		}
		fmt.Fprintf(w, "%s %-11s  %s\n", mark, d.Kind, d.Name)
	}
	if len(list) == 0 {
		return errors.New("no microphone, no camera and no loudspeaker here: see that the sound server runs, and that this user is in the groups audio and video")
	}
	return nil
}
