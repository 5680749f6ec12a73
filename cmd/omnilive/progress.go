package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"omnilive/model/parts"
)

// A progress shows how far a fetch is, on standard error: a bar on a terminal, else a line every few seconds.
type progress struct {
	on    bool
	bar   *progressbar.ProgressBar // nil where nobody watches, and before the first report
	stage string
	said  time.Time
}

// sayEvery is the time between two lines where there is no terminal.
const sayEvery = 5 * time.Second

func newProgress(on bool) *progress { return &progress{on: on} }

// tell is parts.Config.Progress.
func (p *progress) tell(at parts.Progress) {
	if !p.on {
		return
	}
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		p.line(at)
		return
	}
	if p.bar == nil || p.stage != at.Stage {
		p.close()
		p.stage = at.Stage
		p.bar = progressbar.NewOptions64(at.Total,
			progressbar.OptionSetWriter(os.Stderr), progressbar.OptionShowBytes(true),
			progressbar.OptionFullWidth(), progressbar.OptionThrottle(100*time.Millisecond))
	}
	p.bar.Describe(at.Stage + " " + filepath.Base(at.Name))
	p.bar.ChangeMax64(max(at.Total, 1))
	_ = p.bar.Set64(min(at.Done, max(at.Total, 1)))
}

// line reports a stage when it begins and again from time to time.
func (p *progress) line(at parts.Progress) {
	if p.stage == at.Stage && time.Since(p.said) < sayEvery {
		return
	}
	p.stage, p.said = at.Stage, time.Now()
	fmt.Fprintf(os.Stderr, "%-8s %5.0f of %.0f MB  %s\n", at.Stage, megabytes(at.Done), megabytes(at.Total), filepath.Base(at.Name))
}

func (p *progress) close() {
	if p.bar != nil {
		_ = p.bar.Finish()
		fmt.Fprintln(os.Stderr)
		p.bar = nil
	}
}
