package main

import (
	"fmt"
	"os"

	"golang.org/x/term"
)

// A loading shows which part of the model is being loaded, on standard error.
type loading struct {
	terminal bool
	part     string
}

func newLoading() *loading { return &loading{terminal: term.IsTerminal(int(os.Stderr.Fd()))} }

// tell is small.Config.Progress.
func (l *loading) tell(part string, done float64) {
	if l.terminal {
		const width = 30
		n := int(done * width)
		fmt.Fprintf(os.Stderr, "\r\033[Kloading %-16s %s%s", part, bar[:3*n], dots[:width-n])
	} else if part != l.part {
		fmt.Fprintln(os.Stderr, "loading", part)
	}
	l.part = part
}

const (
	bar  = "━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━"
	dots = ".............................."
)

func (l *loading) close() {
	if l.terminal {
		fmt.Fprint(os.Stderr, "\r\033[K")
	}
}
