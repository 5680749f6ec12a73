// Command torch compares layers of the 8B's real size with PyTorch: the same weights, drawn at random, the same input and as
// many threads on either side, run by run in turn:
//
//	go run ./bench/torch -lib LIB [-python VENV/bin/python] [-networks vision,audio] [-threads 1,2] [-rounds 5] [-out FOLDER]
//
// Without -python it makes a virtual environment with the packages of requirements.txt in the user's cache. It prints for
// each network, type and number of threads the milliseconds of wall and of processor time, PyTorch's divided by ours (the
// median of the rounds), and how far our result is from PyTorch's in float32. Processor time is what counts on a machine
// that does other work too. -out writes the same as torch.md and torch.json.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"omnilive/model/ggml"
)

func main() {
	lib := flag.String("lib", "", "folder with llama/")
	python := flag.String("python", "", "a Python that has the packages of requirements.txt")
	here := flag.String("dir", ".", "the repository")
	names := flag.String("networks", "vision,audio,compressor,bigvgan", "which, in turn")
	threads := flag.String("threads", "1,2", "threads of either side, in turn")
	rounds := flag.Int("rounds", 5, "runs of each kind")
	out := flag.String("out", "", "folder for torch.md and torch.json")
	flag.Parse()
	if err := run(*lib, *python, *here, *out, *rounds, strings.Split(*names, ","), strings.Split(*threads, ",")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(lib, python, here, out string, rounds int, names, threads []string) error {
	if err := ggml.Load(filepath.Join(lib, "llama")); err != nil {
		return err
	}
	here = filepath.Join(here, "bench/torch")
	python, err := environment(python, here)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "bench-torch")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	var all []result
	fmt.Print(heading)
	for _, name := range names {
		if all, err = compareAll(python, here, folder, name, threads, rounds, all); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if out == "" {
		return nil
	}
	return save(out, all)
}

// compareAll appends the results of one network.
func compareAll(python, here, folder, name string, threads []string, rounds int, all []result) ([]result, error) {
	ref, err := startReference(python, here, folder, name)
	if err != nil {
		return all, err
	}
	defer ref.close()
	for _, word := range threads {
		n, err := strconv.Atoi(word)
		if err != nil {
			return all, fmt.Errorf("threads: %w", err)
		}
		rows, err := compare(ref, folder, name, n, rounds)
		if err != nil {
			return all, err
		}
		for _, r := range rows {
			fmt.Print(r.line())
		}
		all = append(all, rows...)
	}
	return all, nil
}

// kinds are the types of our weights, each with the type of PyTorch's beside which it is run.
var kinds = []struct {
	ours  ggml.Type
	torch string
}{{ggml.F32, "float32"}, {ggml.F16, "float32"}, {ggml.BF16, "bfloat16"}, {ggml.Q8_0, "bfloat16"}}

// compare runs both sides in turn.
func compare(ref *reference, folder, name string, threads, rounds int) ([]result, error) {
	b, err := ggml.NewBackend(threads)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	rows := make([]result, len(kinds))
	sides := make([]*network, len(kinds))
	for i, k := range kinds {
		if sides[i], err = open(b, folder, name, k.ours); err != nil {
			return nil, err
		}
		defer sides[i].close()
		rows[i] = result{Network: name, Type: k.ours.String(), Threads: threads}
		if rows[i].Error, err = sides[i].check(context.Background()); err != nil { // and warm
			return nil, err
		}
	}
	for range rounds {
		theirs := map[string]cost{}
		for i, k := range kinds {
			if _, done := theirs[k.torch]; !done {
				if theirs[k.torch], err = ref.run(k.torch, threads); err != nil {
					return nil, err
				}
			}
			ours, err := sides[i].measure(context.Background())
			if err != nil {
				return nil, err
			}
			rows[i].add(ours, theirs["float32"], theirs[k.torch])
		}
	}
	return rows, nil
}

// A result is what the rounds of one network, type and number of threads gave.
type result struct {
	Network string
	Type    string
	Threads int
	Error   float64 // of our result, the root of the mean square, relative to that of PyTorch's in float32
	Ours    []cost
	Float32 []cost // PyTorch's
	Half    []cost `json:",omitempty"` // PyTorch's in bfloat16, beside our bf16 and q8_0
}

func (r *result) add(ours, float32s, beside cost) {
	r.Ours, r.Float32 = append(r.Ours, ours), append(r.Float32, float32s)
	if beside != float32s {
		r.Half = append(r.Half, beside)
	}
}

// preface says what was measured.
const preface = `What go run ./bench/torch found on the machine it was last run on: both sides in turn, milliseconds and ratios are medians of
the rounds, with those of processor time in brackets. vision is two of the tower's 32 blocks (one in windows) with patches,
merger and projector on 448 by 448 pixels; audio two of the encoder's 32 layers with convolutions and projector on 30 s: both
against transformers. compressor (a minute of sound) and bigvgan (two seconds of speech) are whole networks, against plain
PyTorch written for this comparison; our compressor leaves out what nothing reads. error is relative to PyTorch's float32.

`

const heading = `| network | weights | threads | ours ms wall (processor) | PyTorch float32 | ours is faster by | PyTorch bfloat16 | ours is faster by | error |
|---|---|---|---|---|---|---|---|---|
`

// line is r as a row of the table.
func (r result) line() string {
	beside := "| – | – "
	if r.Half != nil {
		beside = fmt.Sprintf("| %s | %s ", middle(r.Half), ratio(r.Half, r.Ours))
	}
	return fmt.Sprintf("| %s | %s | %d | %s | %s | %s %s| %.1e |\n", r.Network, r.Type, r.Threads, middle(r.Ours), middle(r.Float32), ratio(r.Float32, r.Ours), beside, r.Error)
}

func middle(c []cost) string {
	return fmt.Sprintf("%.0f (%.0f)", median(c, func(i int) float64 { return c[i].Wall }), median(c, func(i int) float64 { return c[i].Processor }))
}

func ratio(theirs, ours []cost) string {
	return fmt.Sprintf("%.2f (%.2f)", median(ours, func(i int) float64 { return theirs[i].Wall / ours[i].Wall }),
		median(ours, func(i int) float64 { return theirs[i].Processor / ours[i].Processor }))
}

func median(c []cost, f func(i int) float64) float64 {
	v := make([]float64, len(c))
	for i := range c {
		v[i] = f(i)
	}
	slices.SortFunc(v, cmp.Compare)
	if len(v) == 0 {
		return 0
	}
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

func save(folder string, all []result) error {
	table := preface + heading
	for _, r := range all {
		table += r.line()
	}
	if err := os.WriteFile(filepath.Join(folder, "torch.md"), []byte(table), 0o644); err != nil {
		return err
	}
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "torch.json"), append(text, '\n'), 0o644)
}
