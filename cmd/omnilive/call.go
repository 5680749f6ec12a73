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
)

// callFlags are the flags of call.
type callFlags struct {
	say, save, apiKey string
	timeout           time.Duration
	trust             bool
}

const callUsage = `usage: omnilive call [flags] URL

Calls a server, asks one question and prints what both sides said and how long the answer took.
The exit status is 0 only when a spoken answer came.

`

// runCall is the subcommand call.
func runCall(ctx context.Context, args []string, stdout io.Writer) error {
	fs := flag.NewFlagSet("call", flag.ContinueOnError)
	var f callFlags
	fs.StringVar(&f.say, "say", "", "the question: a WAV or MP3 `file`, or words to type")
	fs.StringVar(&f.save, "save", "", "WAV `file` for the answer")
	fs.StringVar(&f.apiKey, "api-key", os.Getenv("OMNILIVE_API_KEY"), "bearer token (default $OMNILIVE_API_KEY)")
	fs.DurationVar(&f.timeout, "timeout", time.Minute, "how long to wait for the answer")
	fs.BoolVar(&f.trust, "trust", false, "take any TLS certificate, such as a self-signed one")
	fs.Usage = func() {
		fmt.Fprint(fs.Output(), callUsage)
		fs.PrintDefaults()
	}
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() != 1 || f.say == "" {
		fs.Usage()
		return errors.New("call: want a URL and --say")
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	return f.call(ctx, strings.TrimSuffix(fs.Arg(0), "/"), stdout)
}

// isSound says whether the question is a file of sound.
func isSound(say string) bool {
	ext := strings.ToLower(filepath.Ext(say))
	return ext == ".wav" || ext == ".mp3"
}

func (f callFlags) call(ctx context.Context, url string, stdout io.Writer) error {
	var speech []float32
	if isSound(f.say) {
		var err error
		if speech, err = caller.ReadSpeech(f.say); err != nil {
			return err
		}
	}
	o := caller.Options{APIKey: f.apiKey, OnEvent: printWords(stdout)}
	if f.trust {
		o.HTTP = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // asked for by --trust
	}
	c, err := caller.Dial(ctx, url, o)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := f.ask(c, speech); err != nil {
		return err
	}
	a, err := c.Answer(ctx, 0)
	if err != nil {
		return fmt.Errorf("wait for the answer: %w", err)
	}
	f.report(stdout, c, a, speech)
	if f.save != "" {
		if err := caller.SaveReply(f.save, c.Heard(), 0); err != nil {
			return err
		}
	}
	if !a.Spoken {
		return fmt.Errorf("no spoken answer came (response %s)", a.Status)
	}
	return nil
}

func (f callFlags) ask(c *caller.Call, speech []float32) error {
	if speech != nil {
		return c.Say(speech)
	}
	item := map[string]any{"type": "message", "role": "user", "content": []any{map[string]any{"type": "input_text", "text": f.say}}}
	if err := c.Send(map[string]any{"type": "conversation.item.create", "item": item}); err != nil {
		return err
	}
	return c.Send(map[string]any{"type": "response.create"})
}

// printWords prints both sides' words as they come.
func printWords(w io.Writer) func(caller.Event) {
	side := ""
	return func(e caller.Event) {
		var d struct {
			Delta string `json:"delta"`
			Error struct {
				Message string `json:"message"`
			} `json:"error"`
		}
		now := ""
		switch e.Type {
		case "conversation.item.input_audio_transcription.delta":
			now = "you: "
		case "response.output_audio_transcript.delta", "response.output_text.delta":
			now = "assistant: "
		case "error":
			now = "error: "
		default:
			return
		}
		_ = e.Decode(&d)
		if side != now {
			if side != "" {
				fmt.Fprintln(w)
			}
			fmt.Fprint(w, now)
			d.Delta = strings.TrimLeft(d.Delta, " ")
		}
		side = now
		fmt.Fprint(w, d.Delta, d.Error.Message)
	}
}

func (f callFlags) report(w io.Writer, c *caller.Call, a caller.Answer, speech []float32) {
	l := a.Latency
	fmt.Fprintf(w, "\n\nlatency: endpoint %.0f ms, recognize %.0f, prefill %.0f, first sound %.0f, pacer %.0f, total %.0f (speculated: %v)\n",
		l.Endpoint, l.Recognize, l.Prefill, l.FirstSound, l.Pacer, l.Total, l.Speculated)
	end, said := caller.LastVoiced(speech, c.Sent())
	if first, heard := caller.FirstSound(c.Heard(), end); said && heard {
		fmt.Fprintf(w, "voice to voice: %d ms\n", (first - end).Milliseconds())
	}
}
