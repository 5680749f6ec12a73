package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// All sections that need no call, on the tiny checkpoint: what is printed, what is drawn, what is written down.
func TestBenchOfACheckpoint(t *testing.T) {
	if os.Getenv("OMNILIVE_LIB") == "" || os.Getenv("OMNILIVE_MODELS") == "" {
		t.Skip("OMNILIVE_LIB and OMNILIVE_MODELS are not set: make test sets them")
	}
	dir := t.TempDir()
	svg, report := filepath.Join(dir, "load.svg"), filepath.Join(dir, "bench.json")
	var out bytes.Buffer
	err := runBench(t.Context(), []string{
		"--model", wholeCheckpoint, "--models-dir", dir, "--quick", "--draw", "--runs", "1", "--svg", svg, "--json", report, "--max-calls", "3",
	}, &out)
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, row := range []string{
		"audio encoder", "speech tokenizer", "compressor", "vision encoder", "image tokenizer", "language model", "calls at once: 2", "vocoder",
		"speaker encoder", "image decoder", "keys and values", "language_model", "RTF", "transcripts of 16 ids", "2s of camera before it",
		"conversations at once", "holds", "MB resident",
	} {
		if !strings.Contains(out.String(), row) {
			t.Errorf("nothing says %q in\n%s", row, out.String())
		}
	}
	if data, err := os.ReadFile(svg); err != nil || !bytes.HasPrefix(data, []byte("<svg")) || xml.Unmarshal(data, new(struct{})) != nil {
		t.Errorf("no drawing: %v", err)
	}
	data, err := os.ReadFile(report)
	var r benchReport
	if err != nil || json.Unmarshal(data, &r) != nil {
		t.Fatalf("no report: %v", err)
	}
	if len(r.Networks) < 15 || len(r.Weights) < 10 || len(r.Ways) != 2 || len(r.First) != 2 || r.Load == nil || len(r.Load.Tried) != 2 {
		t.Errorf("the report is short: %s", data)
	}
	if r.Calls != nil {
		t.Error("calls were made in spite of --quick")
	}
}

// What is wrong with the flags is said before anything is loaded.
func TestBenchFlags(t *testing.T) {
	for want, args := range map[string][]string{
		"want small, tiny or the folder":  {"--model", "no-such-folder"},
		`--only "everything"`:             {"--only", "everything"},
		"--runs 0":                        {"--runs", "0"},
		"--words 300":                     {"--words", "300"},
		"--limit -1s":                     {"--limit", "-1s"},
		"--turns 0":                       {"--turns", "0"},
		"--camera 2h":                     {"--camera", "2h"},
		"--max-calls 65":                  {"--max-calls", "65"},
		"--json /nonexistent/x.json":      {"--json", "/nonexistent/x.json"},
		"--svg /nonexistent/x.svg":        {"--svg", "/nonexistent/x.svg"},
		"--svg draws the section load":    {"--svg", "x.svg", "--only", "parts"},
		`unexpected argument "more"`:      {"more"},
		"no type":                         {"--quant", "f64", "--model", wholeCheckpoint},
		"no WAV or MP3 file there":        {"--questions", t.TempDir()},
		"invalid value \"x\" for flag -r": {"-runs", "x"},
	} {
		fs := flag.CommandLine.Output()
		flag.CommandLine.SetOutput(io.Discard)
		err := runBench(t.Context(), args, io.Discard)
		flag.CommandLine.SetOutput(fs)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q in it", args, err, want)
		}
	}
	if err := runBench(t.Context(), []string{"--help"}, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("--help: %v", err)
	}
}

// The server under measurement gets the flags of the model that is measured.
func TestModelFlagsTravel(t *testing.T) {
	parse := func(args []string) *modelFlags {
		fs := flag.NewFlagSet("", flag.ContinueOnError)
		f := newModelFlags(fs)
		if err := fs.Parse(args); err != nil {
			t.Fatal(err)
		}
		return f
	}
	for _, args := range [][]string{nil, {
		"--model", "m", "--llm", "l", "--threads", "3", "--max-calls", "9", "--languages", "fr", "--instructions", "Be brief.", "--voice", "v",
		"--quant", "f32", "--llm-quant", "f16", "--place", "vision=cpu,llm=gpu0", "--models-dir", "a", "--lib-dir", "b", "--lib-variant", "cuda",
	}} {
		one := parse(args)
		two := parse(one.args())
		if *one.dirs != *two.dirs || !maps.Equal(one.place, two.place) {
			t.Errorf("%v became %v", one.place, two.place)
		}
		if a, b := one.args(), two.args(); !slices.Equal(a, b) {
			t.Errorf("%v became %v", a, b)
		}
	}
}
