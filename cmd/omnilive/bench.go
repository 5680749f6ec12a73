package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"omnilive/model"
	"omnilive/model/small"
)

// benchFlags are the flags of bench beside those of the model.
type benchFlags struct {
	model     *modelFlags
	questions string
	runs      int
	out       string
	only      string // the sections wanted, with commas
	quick     bool
	draw      bool
	words     int
	load      loadFlags
}

// The sections of a report, in their order.
const (
	benchParts = "parts" // every part alone
	benchFirst = "first" // the first sound
	benchLoad  = "load"  // conversations at once
	benchCalls = "calls" // real calls
)

var benchSections = []string{benchParts, benchFirst, benchLoad, benchCalls}

// A benchReport is what bench found, as it is written with --json. Times are in milliseconds.
type benchReport struct {
	Machine  string              `json:"machine"`
	Model    string              `json:"model"`
	Kept     string              `json:"kept,omitempty"` // how an omni model's matrices are kept
	Weights  []weightRow         `json:"weights,omitempty"`
	Parts    []small.Measurement `json:"parts,omitempty"`    // of the small model
	Networks []networkRow        `json:"networks,omitempty"` // of an omni model
	Ways     []wayRow            `json:"ways,omitempty"`
	First    []firstRow          `json:"first_sound,omitempty"`
	Load     *loadReport         `json:"load,omitempty"`
	Calls    *callsReport        `json:"calls,omitempty"`
	MemoryMB float64             `json:"memory_mb,omitempty"` // resident when all that was measured here
}

const benchUsage = `usage: omnilive bench [flags]

Measures what --model names, the small default or the folder of a checkpoint, in four sections:
  parts  every part alone: milliseconds, real-time factor (RTF: seconds of computing for a second of a call)
  first  from the end of a question to the first sound of the answer, with the camera off and on
  load   conversations at once, in real time: how many this machine holds, and their latency (--svg draws it)
  calls  a server of its own with real calls over loopback: voice to voice, barge-in, memory, what a silent call costs
Figures of one run may be compared with one another; those of two runs only where the machine was as busy.

`

func parseBench(args []string) (*benchFlags, error) {
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	f := &benchFlags{model: newModelFlags(fs)}
	fs.StringVar(&f.questions, "questions", "", "`folder` of WAV or MP3 questions; empty: ten questions in the small model's voice")
	fs.IntVar(&f.runs, "runs", 5, "runs of each part and turns of each question; their median and 95th percentile count")
	fs.StringVar(&f.out, "json", "", "write the report to this `file`, too")
	fs.StringVar(&f.only, "only", strings.Join(benchSections, ","), "the sections wanted, with commas")
	fs.BoolVar(&f.quick, "quick", false, "short inputs, and no real calls: to see that everything runs")
	fs.BoolVar(&f.draw, "draw", false, "measure the image decoder, too")
	fs.IntVar(&f.words, "words", 16, "ids of each transcript of a checkpoint's answer; random weights would never end one")
	f.load.add(fs)
	fs.Usage = func() {
		fmt.Fprint(fs.Output(), benchUsage)
		fs.PrintDefaults()
	}
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("bench: unexpected argument %q", fs.Arg(0))
	}
	if f.quick {
		f.load.camera = min(f.load.camera, 2*time.Second)
	}
	return f, f.check()
}

// check refuses what would only be found after minutes.
func (f *benchFlags) check() error {
	if f.model.model != "small" && f.model.model != "tiny" && !isCheckpoint(f.model.model) {
		return fmt.Errorf("bench: --model %q: want small, tiny or the folder of a checkpoint", f.model.model)
	}
	for name, kept := range map[string]string{"quant": f.model.quant, "llm-quant": f.model.llmQuant} {
		if _, err := parseType(kept); err != nil {
			return fmt.Errorf("bench: --%s: %w", name, err)
		}
	}
	for _, s := range split(f.only) {
		if !slices.Contains(benchSections, s) {
			return fmt.Errorf("bench: --only %q: want some of %s", s, strings.Join(benchSections, ", "))
		}
	}
	if f.runs < 1 || f.runs > 1000 {
		return fmt.Errorf("bench: --runs %d: want 1 to 1000", f.runs)
	}
	if f.words < 1 || f.words > 256 {
		return fmt.Errorf("bench: --words %d: want 1 to 256", f.words)
	}
	if f.model.calls < 0 || f.model.calls > 64 {
		return fmt.Errorf("bench: --max-calls %d: want 1 to 64, or 0 for 16", f.model.calls)
	}
	for name, path := range map[string]string{"json": f.out, "svg": f.load.svg} {
		if path == "" {
			continue
		}
		if st, err := os.Stat(filepath.Dir(path)); err != nil || !st.IsDir() {
			return fmt.Errorf("bench: --%s %s: no such folder", name, path)
		}
	}
	if f.load.svg != "" && !f.wants(benchLoad) {
		return errors.New("bench: --svg draws the section load, which --only leaves out")
	}
	return f.load.check()
}

// wants tells whether a section is to be measured.
func (f *benchFlags) wants(section string) bool {
	return slices.Contains(split(f.only), section) && (section != benchCalls || !f.quick)
}

// runBench is the subcommand bench.
func runBench(ctx context.Context, args []string, stdout io.Writer) error {
	f, err := parseBench(args)
	if err != nil {
		return err
	}
	r := &benchReport{
		Machine: fmt.Sprintf("%s/%s, %d cores", runtime.GOOS, runtime.GOARCH, runtime.NumCPU()), Model: filepath.Base(f.model.model),
	}
	err = f.run(ctx, r, stdout)
	if f.out == "" {
		return err
	}
	data, broken := json.MarshalIndent(r, "", "  ")
	if broken == nil {
		broken = os.WriteFile(f.out, append(data, '\n'), 0o644)
	}
	return errors.Join(err, broken)
}

func (f *benchFlags) run(ctx context.Context, r *benchReport, stdout io.Writer) error {
	questions, err := f.readQuestions(ctx)
	if err != nil {
		return err
	}
	if f.wants(benchParts) || f.wants(benchFirst) || f.wants(benchLoad) {
		if err := f.measureModel(ctx, r, questions, stdout); err != nil {
			return err
		}
	}
	if !f.wants(benchCalls) {
		return nil
	}
	if len(questions) == 0 {
		_, err := fmt.Fprintln(stdout, "\nno real calls: there is nobody to ask the questions (omnilive models fetch, or --questions)")
		return err
	}
	r.Calls, err = f.measureCalls(ctx, questions)
	if err != nil {
		return err
	}
	r.Calls.print(stdout)
	return nil
}

// measureModel loads the model into this process, measures it and gives its memory back.
func (f *benchFlags) measureModel(ctx context.Context, r *benchReport, questions [][]float32, stdout io.Writer) (err error) {
	m, err := f.openMeasured(ctx, len(questions) == 0)
	if err != nil {
		return explain(err)
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	r.Kept = f.kept(m)
	fmt.Fprintf(stdout, "%s, model %s%s\n", r.Machine, r.Model, r.Kept)
	if f.wants(benchParts) {
		if err := f.measureParts(ctx, m, r); err != nil {
			return err
		}
		r.printParts(stdout)
	}
	q, err := f.question(questions)
	if err != nil {
		return err
	}
	if f.wants(benchFirst) {
		if err := f.measureFirst(ctx, m, q, r); err != nil {
			return err
		}
		r.printFirst(stdout)
	}
	if f.wants(benchLoad) {
		if r.Load, err = f.measureLoad(ctx, m, q); err != nil {
			return err
		}
		r.Load.print(stdout)
		if err := f.load.draw(r); err != nil {
			return err
		}
	}
	r.MemoryMB, err = residentMB(os.Getpid())
	if err == nil {
		_, err = fmt.Fprintf(stdout, "\nmemory: %.0f MB resident\n", r.MemoryMB)
	}
	return err
}

// openMeasured loads the model with room for as many calls as are tried, its answers cut to a few seconds.
// Without questions there is only a hum to hear, in which no recognizer finds words.
func (f *benchFlags) openMeasured(ctx context.Context, humming bool) (m model.Model, err error) {
	o := *f.model
	o.omni.uncaptioned = humming
	if o.calls = f.load.most(o.calls); f.quick {
		o.calls = min(o.calls, 2)
	}
	o.omni.words, o.omni.units = f.words, 4*25
	if f.quick {
		o.omni.words, o.omni.units = min(f.words, 4), 25
	}
	bar := newLoading()
	defer bar.close()
	if m, err = o.openModel(ctx, bar.tell); err != nil {
		return nil, err
	}
	bar.tell("warming up", 0)
	if err := m.Warm(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("warm up: %w", err), m.Close())
	}
	return m, nil
}

// kept says how an omni model's weights are kept.
func (f *benchFlags) kept(m model.Model) string {
	o, ok := m.(*omniModel)
	switch {
	case !ok:
		return ""
	case o.folder.Made != nil:
		return " (as it was converted)"
	}
	return fmt.Sprintf(" (%s, language model %s)", f.model.quant, f.model.llmQuant)
}
