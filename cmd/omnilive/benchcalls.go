package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"omnilive/cmd/omnilive/measure"
	"omnilive/signaling/caller"
)

// readSpeech reads a question for a call.
func readSpeech(path string) ([]float32, error) { return caller.ReadSpeech(path) }

// A callsReport is what real calls to a server of its own found. Times are in milliseconds.
type callsReport struct {
	Turns         []turnReport `json:"turns"`
	Median        float64      `json:"voice_to_voice_median_ms"`
	P95           float64      `json:"voice_to_voice_p95_ms"`
	BargeIn       float64      `json:"barge_in_ms"` // from the interrupting voice to silence
	MemoryMB      float64      `json:"memory_mb"`   // resident, models warm, no call
	CallMB        float64      `json:"call_mb"`     // one more silent call
	SilentPercent float64      `json:"silent_call_percent_of_a_core"`
}

// A turnReport is one question and the wait for its answer.
type turnReport struct {
	Question     string         `json:"question"`
	Answer       string         `json:"answer"`
	VoiceToVoice float64        `json:"voice_to_voice_ms"`
	Latency      caller.Latency `json:"latency"`
}

// A child is a server under measurement, in a process of its own.
type child struct {
	cmd *exec.Cmd
	url string
}

// startServer runs this program's serve on a free port and waits until it is ready.
func (f *benchFlags) startServer(ctx context.Context) (*child, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, exe, append([]string{"serve", "--listen", "127.0.0.1:0"}, f.model.args()...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, url, ok := strings.Cut(lines.Text(), "open "); ok {
			return &child{cmd: cmd, url: strings.TrimSuffix(url, "/")}, nil
		}
	}
	return nil, fmt.Errorf("the server under measurement did not start: %w", cmd.Wait())
}

// stop ends the server and waits for it.
func (c *child) stop() error {
	if err := c.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return c.cmd.Wait()
}

func (f *benchFlags) measureCalls(ctx context.Context, questions [][]float32) (r *callsReport, err error) {
	server, err := f.startServer(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	r = &callsReport{}
	if err := server.measureSilence(ctx, r); err != nil {
		return r, err
	}
	var times []time.Duration
	for _, q := range questions {
		t, wait, err := server.ask(ctx, q, f.session())
		if err != nil {
			return r, err
		}
		times = append(times, wait)
		r.Turns = append(r.Turns, t)
	}
	r.Median, r.P95 = inMS(measure.Quantile(times, 0.5)), inMS(measure.Quantile(times, 0.95))
	r.BargeIn, err = server.interrupt(ctx, questions[0])
	return r, err
}

// session are the settings of calls that ask: an omni model's answers end after some seconds, whatever its weights.
func (f *benchFlags) session() json.RawMessage {
	if !isCheckpoint(f.model.model) {
		return nil
	}
	return json.RawMessage(`{"type": "realtime", "max_output_tokens": 400}`)
}

// line is an answer's first words, for a terminal.
func line(text string) string {
	r := []rune(strings.TrimSpace(strings.Map(printable, strings.ReplaceAll(text, "\n", " "))))
	return string(r[:min(len(r), 80)])
}

func inMS(d time.Duration) float64 { return float64(d.Milliseconds()) }

// ask asks one question in a call of its own and measures the wait on the caller's clock.
func (c *child) ask(ctx context.Context, question []float32, session json.RawMessage) (t turnReport, wait time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	call, err := caller.Dial(ctx, c.url, caller.Options{Session: session})
	if err != nil {
		return t, 0, err
	}
	defer call.Close()
	if err := call.Say(question); err != nil {
		return t, 0, err
	}
	a, err := call.Answer(ctx, 0)
	if err != nil {
		return t, 0, fmt.Errorf("no answer: %w", err)
	}
	end, _ := caller.LastVoiced(question, call.Sent())
	first, ok := caller.FirstSound(call.Heard(), end)
	if !ok {
		return t, 0, fmt.Errorf("the answer %q made no sound", a.Said)
	}
	return turnReport{Question: a.Question, Answer: a.Said, Latency: a.Latency, VoiceToVoice: inMS(first - end)}, first - end, nil
}

// interrupt speaks over an answer and measures from the first voiced sample of the interruption to the last of the answer.
func (c *child) interrupt(ctx context.Context, question []float32) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	started := make(chan struct{}, 8)
	call, err := caller.Dial(ctx, c.url, caller.Options{OnEvent: func(e caller.Event) {
		if e.Type == "output_audio_buffer.started" {
			started <- struct{}{}
		}
	}})
	if err != nil {
		return 0, err
	}
	defer call.Close()
	if err := longAnswer(call); err != nil {
		return 0, err
	}
	select {
	case <-started:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	time.Sleep(1200 * time.Millisecond)
	before := len(call.Sent())
	if err := call.Say(question); err != nil {
		return 0, err
	}
	if _, err := call.Answer(ctx, 0); err != nil {
		return 0, err
	}
	time.Sleep(300 * time.Millisecond) // what was on its way has come
	sent := call.Sent()
	voice := sent[before] + firstVoiced(question)
	last := caller.LastSound(call.Heard(), voice, 200*time.Millisecond)
	return inMS(max(last-voice, 0)), nil
}

// longAnswer asks for something that takes a while to say.
func longAnswer(call *caller.Call) error {
	return call.Type("Count slowly from one to thirty, in words, as one long sentence.")
}

func firstVoiced(pcm []float32) time.Duration {
	for i, v := range pcm {
		if v > caller.Loud || v < -caller.Loud {
			return time.Duration(i) * time.Second / 24000
		}
	}
	return 0
}

func (r *callsReport) print(w io.Writer) {
	fmt.Fprintf(w, "\n%d questions over loopback, voice to voice: median %.0f ms, p95 %.0f ms\n", len(r.Turns), r.Median, r.P95)
	for _, t := range r.Turns {
		l := t.Latency
		fmt.Fprintf(w, "  %5.0f ms = endpoint %4.0f | recognize %4.0f | prefill %4.0f | first sound %4.0f  %s — %s\n",
			t.VoiceToVoice, l.Endpoint, l.Recognize, l.Prefill, l.FirstSound, line(t.Question), line(t.Answer))
	}
	fmt.Fprintf(w, "barge-in: silent %.0f ms after the interrupting voice began\n", r.BargeIn)
	fmt.Fprintf(w, "memory: %.0f MB with the models warm, %.1f MB for one more silent call, which costs %.1f %% of a core\n", r.MemoryMB, r.CallMB, r.SilentPercent)
}
