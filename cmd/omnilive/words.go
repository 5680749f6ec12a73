package main

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"omnilive/signaling/caller"
)

// words prints both sides' words as they come, and lines between them. Any goroutine may use it.
type words struct {
	mu   sync.Mutex // guards what follows
	w    io.Writer
	side string // whose words the last line holds; empty when it is over
}

// event prints what a caller's event says, if it says anything.
func (p *words) event(e caller.Event) {
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
		p.news(e)
		return
	}
	_ = e.Decode(&d)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.side != now {
		p.finish()
		fmt.Fprint(p.w, now)
		d.Delta = strings.TrimLeft(d.Delta, " ")
	}
	p.side = now
	fmt.Fprint(p.w, d.Delta, d.Error.Message)
}

// news prints events that are a line of their own.
func (p *words) news(e caller.Event) {
	var d struct {
		Name      string  `json:"name"`
		Arguments string  `json:"arguments"`
		Position  int     `json:"position"`
		Wait      float64 `json:"estimated_wait_ms"`
		Width     int     `json:"width"`
		Height    int     `json:"height"`
	}
	_ = e.Decode(&d)
	switch e.Type {
	case "response.function_call_arguments.done":
		p.line("calls %s %s", d.Name, d.Arguments)
	case "omnilive.image.started":
		p.line("draws a picture of %dx%d", d.Width, d.Height)
	case "omnilive.queue":
		if d.Position > 0 {
			p.line("waiting: place %d, about %.0f s", d.Position, d.Wait/1000)
		}
	}
}

// finish ends an open line; p.mu is held.
func (p *words) finish() {
	if p.side != "" {
		fmt.Fprintln(p.w)
	}
	p.side = ""
}

// line prints a line of its own.
func (p *words) line(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.finish()
	fmt.Fprintf(p.w, format+"\n", args...)
}

// latency prints where the time of an answer went.
func (p *words) latency(l caller.Latency) {
	p.line("latency: endpoint %.0f ms, recognize %.0f, prefill %.0f, first sound %.0f, pacer %.0f, total %.0f (speculated: %v)",
		l.Endpoint, l.Recognize, l.Prefill, l.FirstSound, l.Pacer, l.Total, l.Speculated)
}
