package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"

	"omnilive/model/small"
)

// benchFlags are the flags of bench.
type benchFlags struct {
	dirs      *folders
	model     string
	questions string
	runs      int
	out       string
	noCalls   bool
	noParts   bool
}

// A benchReport is what bench found, as it is written with --json.
type benchReport struct {
	Machine string              `json:"machine"`
	Model   string              `json:"model"`
	Parts   []small.Measurement `json:"parts,omitempty"`
	Calls   *callsReport        `json:"calls,omitempty"`
}

const benchUsage = `usage: omnilive bench [flags]

Measures every part of the model alone, then a server of its own with real calls over loopback: voice to voice, barge-in,
memory, and what a silent call costs. Figures of one run may be compared with one another; those of two runs only where
the machine was as busy.

`

// runBench is the subcommand bench.
func runBench(ctx context.Context, args []string, stdout io.Writer) error {
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	f := benchFlags{dirs: folderFlags(fs)}
	fs.StringVar(&f.model, "model", "small", "small or tiny")
	fs.StringVar(&f.questions, "questions", "", "`folder` of WAV or MP3 questions; empty: ten questions in the model's own voice")
	fs.IntVar(&f.runs, "runs", 5, "runs of each part; their median counts")
	fs.StringVar(&f.out, "json", "", "write the report to this `file`, too")
	fs.BoolVar(&f.noCalls, "no-calls", false, "leave the calls out")
	fs.BoolVar(&f.noParts, "no-parts", false, "leave the parts out")
	fs.Usage = func() {
		fmt.Fprint(fs.Output(), benchUsage)
		fs.PrintDefaults()
	}
	if err := fs.Parse(args); err != nil {
		return err
	}
	return f.run(ctx, stdout)
}

func (f benchFlags) run(ctx context.Context, stdout io.Writer) error {
	r := benchReport{Machine: fmt.Sprintf("%s/%s, %d cores", runtime.GOOS, runtime.GOARCH, runtime.NumCPU()), Model: f.model}
	questions, err := f.measureParts(ctx, &r)
	if err != nil {
		return err
	}
	r.printParts(stdout)
	if !f.noCalls {
		if r.Calls, err = f.measureCalls(ctx, questions); err != nil {
			return err
		}
		r.Calls.print(stdout)
	}
	if f.out == "" {
		return nil
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(f.out, append(data, '\n'), 0o644)
}

// measureParts times the parts and makes the questions, then gives the model's memory back.
func (f benchFlags) measureParts(ctx context.Context, r *benchReport) (questions [][]float32, err error) {
	m, err := small.Open(ctx, small.Config{ModelsDir: f.dirs.models, LibDir: f.dirs.lib, Llama: f.dirs.llamaDir(), Tiny: f.model == "tiny"})
	if err != nil {
		return nil, explain(err)
	}
	defer func() {
		if e := m.Close(); err == nil {
			err = e
		}
	}()
	if !f.noParts {
		if err := m.Warm(ctx); err != nil {
			return nil, err
		}
		if r.Parts, err = m.Measure(ctx, f.runs); err != nil {
			return nil, err
		}
	}
	return f.readQuestions(ctx, m)
}

func (r *benchReport) printParts(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s, model %s\n", r.Machine, r.Model)
	for _, p := range r.Parts {
		fmt.Fprintf(t, "%s\t%s\t%.1f %s\n", p.Part, p.What, p.Value, p.Unit)
	}
	t.Flush()
}

// benchQuestions are asked where no folder of questions is given.
var benchQuestions = []string{
	"What is the capital of France?", "What is seven times eight?", "Who wrote Romeo and Juliet?", "How far away is the moon?",
	"How many days are there in a leap year?", "Can you tell me a joke?", "What color is the sky?", "What is the opposite of hot?",
	"Which ocean is the largest?", "How many legs does a spider have?",
}

// readQuestions returns the questions, mono at 24 kHz.
func (f benchFlags) readQuestions(ctx context.Context, m *small.Model) (all [][]float32, err error) {
	if f.questions == "" {
		for _, q := range benchQuestions {
			pcm, err := m.Say(ctx, q)
			if err != nil {
				return nil, err
			}
			all = append(all, pcm)
		}
		return all, nil
	}
	files, err := filepath.Glob(filepath.Join(f.questions, "*"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if !isSound(file) {
			continue
		}
		pcm, err := readSpeech(file)
		if err != nil {
			return nil, err
		}
		all = append(all, pcm)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("--questions %s: no WAV or MP3 file there", f.questions)
	}
	return all, nil
}

// quantile is the value below which a share q of sorted values lies.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func inOrder(times []time.Duration) []time.Duration {
	s := slices.Clone(times)
	slices.Sort(s)
	return s
}
