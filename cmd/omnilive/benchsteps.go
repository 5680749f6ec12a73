package main

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/term"
)

// A steps shows how far a measurement is, on standard error: a bar on a terminal, else a line every few seconds.
type steps struct {
	terminal bool
	said     time.Time
}

func newSteps() *steps { return &steps{terminal: term.IsTerminal(int(os.Stderr.Fd()))} }

// tell shows what is measured now, and that done of so many are behind it.
func (s *steps) tell(what string, done, of int) {
	const width = 20
	if s.terminal {
		n := width * done / max(of, 1)
		fmt.Fprintf(os.Stderr, "\r\033[K%s%s %d/%d %.60s", bar[:3*n], dots[:width-n], done, of, what)
		return
	}
	if time.Since(s.said) >= sayEvery {
		fmt.Fprintf(os.Stderr, "measuring %d/%d %s\n", done+1, of, what)
		s.said = time.Now()
	}
}

func (s *steps) close() {
	if s.terminal {
		fmt.Fprint(os.Stderr, "\r\033[K")
	}
}
