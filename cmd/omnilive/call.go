package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"omnilive/signaling/caller"
	"omnilive/signaling/caller/devices"
)

// callFlags are the flags of call.
type callFlags struct {
	say, save, apiKey                     string
	microphone, loudspeaker, cameraDevice string // parts of their names; empty means the default
	camera, list, trust                   bool
	timeout                               time.Duration
	more
}

// more are the flags of what not every model can do.
type more struct {
	draw                         string // what a picture should show
	saveImages, voiceLike, tools string // a folder, a recording, a JSON file
}

const callUsage = `usage: omnilive call [flags] URL

Calls a server and prints what both sides say, what the model calls and draws, and how long each answer took. With --say it
asks one question; the exit status is 0 only when a spoken answer came. With --draw it asks for a picture, and the exit status
is 0 only when it came. Without either it talks through the microphone and the loudspeaker of this machine until Ctrl-C; the exit status is 0 when the call was connected and lasted until then.

`

// runCall is the subcommand call.
func runCall(ctx context.Context, args []string, stdout io.Writer) error {
	fs := flag.NewFlagSet("call", flag.ContinueOnError)
	var f callFlags
	fs.StringVar(&f.say, "say", "", "the question: a WAV or MP3 `file`, or words to type")
	fs.StringVar(&f.save, "save", "", "WAV `file` for the answer")
	fs.StringVar(&f.draw, "draw", "", "ask for a picture of `what` is said here; with --camera, of what the camera sees changed so")
	fs.StringVar(&f.saveImages, "save-images", "", "`folder` for the pictures that the model draws")
	fs.StringVar(&f.voiceLike, "voice-like", "", "WAV or MP3 `file`: speak like this recording")
	fs.StringVar(&f.tools, "tools", "", "JSON `file` with an array of tools as in session.tools; the field output of each is what its calls give back")
	fs.BoolVar(&f.camera, "camera", false, "show what the camera sees")
	fs.StringVar(&f.cameraDevice, "camera-device", "", "part of the camera's `name`")
	fs.StringVar(&f.microphone, "microphone", "", "part of the microphone's `name`")
	fs.StringVar(&f.loudspeaker, "loudspeaker", "", "part of the loudspeaker's `name`")
	fs.BoolVar(&f.list, "list-devices", false, "list microphones, cameras and loudspeakers (* is taken by default) and end")
	fs.StringVar(&f.apiKey, "api-key", os.Getenv("OMNILIVE_API_KEY"), "bearer token (default $OMNILIVE_API_KEY)")
	fs.DurationVar(&f.timeout, "timeout", time.Minute, "how long to wait for the answer to --say, or without it for the connection")
	fs.BoolVar(&f.trust, "trust", false, "take any TLS certificate, such as a self-signed one")
	fs.Usage = func() {
		fmt.Fprint(fs.Output(), callUsage)
		fs.PrintDefaults()
	}
	if err := fs.Parse(args); err != nil {
		return err
	}
	if f.list {
		return listDevices(stdout)
	}
	if fs.NArg() != 1 {
		fs.Usage()
		return errors.New("call: want a URL")
	}
	return f.call(ctx, strings.TrimSuffix(fs.Arg(0), "/"), stdout)
}

// isSound says whether the question is a file of sound.
func isSound(say string) bool {
	ext := strings.ToLower(filepath.Ext(say))
	return ext == ".wav" || ext == ".mp3"
}

// call calls with the camera, if there is to be one, and asks or talks.
func (f callFlags) call(ctx context.Context, url string, stdout io.Writer) error {
	w := &words{w: stdout}
	session, all, err := f.session()
	if err != nil {
		return err
	}
	o := caller.Options{APIKey: f.apiKey, OnEvent: w.event, Session: session}
	if f.trust {
		o.HTTP = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // asked for by --trust
	}
	if f.camera {
		camera, err := devices.OpenCamera(f.cameraDevice)
		if err != nil {
			return err
		}
		defer camera.Close()
		o.Video = camera.Video()
	}
	if f.say == "" && f.draw == "" {
		return f.talk(ctx, url, o, w, all)
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	return f.question(ctx, url, o, w, all)
}

// question asks what --say says, or for the picture of --draw, and waits for the answer.
func (f callFlags) question(ctx context.Context, url string, o caller.Options, w *words, all tools) error {
	var speech []float32
	if isSound(f.say) {
		var err error
		if speech, err = caller.ReadSpeech(f.say); err != nil {
			return err
		}
	}
	c, err := caller.Dial(ctx, url, o)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := f.ask(c, speech); err != nil {
		return err
	}
	a, err := answer(ctx, c, all)
	if err != nil {
		return fmt.Errorf("wait for the answer: %w", err)
	}
	if a.Latency != (caller.Latency{}) {
		w.latency(a.Latency)
	}
	end, said := caller.LastVoiced(speech, c.Sent())
	if first, heard := caller.FirstSound(c.Heard(), end); said && heard {
		w.line("voice to voice: %d ms", (first - end).Milliseconds())
	}
	if err := f.keep(c); err != nil {
		return err
	}
	drawn := pictures{dir: f.saveImages, w: w}
	if err := drawn.rest(ctx, c); err != nil {
		return fmt.Errorf("wait for the picture: %w", err)
	}
	switch {
	case f.draw != "" && drawn.kept == 0:
		return fmt.Errorf("no picture came (response %s)", a.Status)
	case f.draw == "" && !a.Spoken:
		return fmt.Errorf("no spoken answer came (response %s)", a.Status)
	}
	return nil
}

// answer waits for the first answer that calls no tool; those before it get their tools' outputs.
func answer(ctx context.Context, c *caller.Call, all tools) (caller.Answer, error) {
	for n := 0; ; n++ {
		a, err := c.Answer(ctx, n)
		if err != nil {
			return a, err
		}
		if more, err := all.answer(c, a); err != nil || !more {
			return a, err
		}
	}
}

// keep writes what came back where --save says.
func (f callFlags) keep(c *caller.Call) error {
	if f.save == "" {
		return nil
	}
	return caller.SaveReply(f.save, c.Heard(), 0)
}

func (f callFlags) ask(c *caller.Call, speech []float32) error {
	switch {
	case f.draw != "":
		return c.Draw(f.draw, f.camera)
	case speech != nil:
		return c.Say(speech)
	}
	return c.Type(f.say)
}
