package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"omnilive/model/omni/prompt"
)

// An askPrinter shows an answer as it comes: its words on out, all else on err.
type askPrinter struct {
	out, err io.Writer
	show     askShow
	terminal bool // err is one: what goes on is shown on a line that changes
	side     int  // codes in a row of a picture
	open     prompt.EventKind
	begun    bool // a line of out is open, of the kind open
	said     bool // words came
	units    int
	codes    int
	ids      []int32
	part     string // that is being loaded
}

func newAskPrinter(out, err io.Writer, show askShow) *askPrinter {
	f, ok := err.(*os.File)
	return &askPrinter{out: out, err: err, show: show, terminal: ok && term.IsTerminal(int(f.Fd()))}
}

// taken is told every id of the answer.
func (p *askPrinter) taken(id int32) { p.ids = append(p.ids, id) }

// labels stand before what is no plain answer.
var labels = map[prompt.EventKind]string{
	prompt.Reasoning: "(thinking) ", prompt.UserTranscript: "(heard) ", prompt.Transcript: "(says) ",
}

// event shows a piece of the answer.
func (p *askPrinter) event(e prompt.Event) {
	if p.show.json {
		p.line(jsonEvent(e))
		return
	}
	switch e.Kind {
	case prompt.Words, prompt.UserTranscript, prompt.Transcript:
		p.words(e.Kind, e.Text)
	case prompt.Reasoning:
		if p.show.think {
			p.words(e.Kind, e.Text)
		}
	case prompt.Unit:
		p.units++
		p.status("speech: %d units, %.1f s", p.units, float64(p.units)/25)
	case prompt.Code:
		p.codes++
		p.status("picture: %d of %d codes", p.codes, p.side*p.side)
	case prompt.SpeakerInfo:
		p.note("voice: %s", e.Text)
	case prompt.ToolCall:
		if !e.Call.Picture {
			p.words(e.Kind, fmt.Sprintf("%s %s", e.Call.Name, e.Call.Arguments))
		}
	case prompt.Broken:
		p.note("broken: %s", e.Text)
	}
}

// words prints text behind its label, each kind on lines of its own.
func (p *askPrinter) words(kind prompt.EventKind, text string) {
	p.clear()
	p.said = p.said || kind != prompt.Reasoning
	if p.begun && p.open != kind {
		fmt.Fprintln(p.out)
		p.begun = false
	}
	if !p.begun {
		fmt.Fprint(p.out, labels[kind])
	}
	p.begun, p.open = true, kind
	text = strings.Map(printable, text)
	if kind == prompt.Reasoning && p.terminal {
		text = "\033[2m" + text + "\033[0m"
	}
	fmt.Fprint(p.out, text)
}

// printable leaves out what would command a terminal.
func printable(r rune) rune {
	if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 {
		return -1
	}
	return r
}

// finish ends an open line and prints the ids.
func (p *askPrinter) finish() {
	p.clear()
	if p.begun {
		fmt.Fprintln(p.out)
		p.begun = false
	}
	switch {
	case !p.show.ids:
	case p.show.json:
		p.line(map[string]any{"type": "ids", "ids": p.ids})
	default:
		for i, id := range p.ids {
			if i > 0 {
				fmt.Fprint(p.out, " ")
			}
			fmt.Fprint(p.out, id)
		}
		fmt.Fprintln(p.out)
	}
	if p.units > 0 {
		p.note("speech: %d units", p.units)
	}
	if p.codes > 0 {
		p.note("picture: %d codes", p.codes)
	}
}

// saved tells of a file that was written.
func (p *askPrinter) saved(path, what string) {
	if p.show.json {
		p.line(map[string]any{"type": "saved", "file": path, "what": what})
		return
	}
	p.note("wrote %s: %s", path, what)
}

// loading shows what is being loaded.
func (p *askPrinter) loading(part string, done, total int64) {
	if p.show.quiet || p.show.json {
		return
	}
	if p.terminal {
		p.status("loading %s %3d %%", part, 100*done/max(total, 1))
	} else if part != p.part {
		fmt.Fprintln(p.err, "loading", part)
	}
	p.part = part
}

// step shows how far the image decoder is.
func (p *askPrinter) step(done, of int) {
	const width = 30
	if p.show.json {
		p.line(map[string]any{"type": "step", "done": done, "of": of})
		return
	}
	n := width * done / max(of, 1)
	p.status("drawing %s%s %d of %d", bar[:3*n], dots[:width-n], done, of)
}

// status changes the last line of a terminal.
func (p *askPrinter) status(format string, args ...any) {
	if p.terminal && !p.show.quiet && !p.show.json {
		p.newline()
		fmt.Fprintf(p.err, "\r\033[K"+format, args...)
	}
}

// clear takes away what status wrote.
func (p *askPrinter) clear() {
	if p.terminal && !p.show.quiet && !p.show.json && !p.begun {
		fmt.Fprint(p.err, "\r\033[K")
	}
}

// newline ends an open line of words before another writer's.
func (p *askPrinter) newline() {
	if p.begun {
		fmt.Fprintln(p.out)
		p.begun = false
	}
}

// note prints a line beside the answer.
func (p *askPrinter) note(format string, args ...any) {
	if p.show.quiet || p.show.json {
		return
	}
	p.newline()
	p.clear()
	fmt.Fprintf(p.err, format+"\n", args...)
}

// line prints a line of JSON.
func (p *askPrinter) line(v any) {
	text, err := json.Marshal(v)
	if err == nil {
		fmt.Fprintf(p.out, "%s\n", text)
	}
}

// eventNames are the types of events in JSON.
var eventNames = map[prompt.EventKind]string{
	prompt.Words: "words", prompt.Reasoning: "reasoning", prompt.UserTranscript: "user_transcript", prompt.Transcript: "transcript",
	prompt.SpeakerInfo: "speaker_info", prompt.Unit: "unit", prompt.UnitsEnd: "units_end", prompt.Code: "code", prompt.Picture: "picture",
	prompt.ToolCall: "tool_call", prompt.Broken: "broken", prompt.End: "end",
}

// jsonEvent is an event as --json prints it.
func jsonEvent(e prompt.Event) map[string]any {
	line := map[string]any{"type": eventNames[e.Kind]}
	switch e.Kind {
	case prompt.Unit, prompt.Code:
		line["code"] = e.Code
	case prompt.Picture:
		line["codes"], line["ratio"] = e.Codes, e.Ratio.String()
	case prompt.ToolCall:
		line["name"], line["arguments"] = e.Call.Name, e.Call.Arguments
	case prompt.End, prompt.UnitsEnd:
	default:
		line["text"] = e.Text
	}
	return line
}
