package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// A verdict is how bad a finding is.
type verdict string

const (
	fine verdict = "ok"
	warn verdict = "warn" // calls work, with something less
	fail verdict = "fail" // no calls until it is cured
)

// A finding is one line of the doctor's report.
type finding struct {
	verdict verdict
	what    string
	remedy  string // what cures it; empty when fine
}

// errSick makes the doctor's exit status say that something must be cured.
var errSick = errors.New("something is missing that calls need: see the lines that begin with fail")

// runDoctor is the subcommand doctor: it checks what a call needs and says the remedy for what is not there. It fails
// where calls would.
func runDoctor(ctx context.Context, args []string, stdout io.Writer) error {
	fs := flag.NewFlagSet("doctor", flag.ContinueOnError)
	dirs := folderFlags(fs)
	listen := fs.String("listen", "127.0.0.1:8080", "address that serve would listen on")
	media := fs.Int("media-port", 0, "UDP and TCP port of all media that serve would take; 0 means any free one")
	set := fs.String("set", "default", "sets of parts to check, with commas: default, tiny, eye, libs, cuda, vulkan, metal or all")
	if err := fs.Parse(args); err != nil {
		return err
	}
	store, err := openStore(dirs, nil, false)
	if err != nil {
		return err
	}
	var findings []finding
	findings = append(findings, checkMachine("/proc/meminfo")...)
	findings = append(findings, checkMedia()...)
	sets := splitSets(*set)
	if dirs.variant != "cpu" {
		sets = append(sets, dirs.variant)
	}
	found, whole := checkParts(ctx, store, sets)
	findings = append(findings, found...)
	findings = append(findings, checkLibraries(dirs, whole)...)
	findings = append(findings, checkPorts(*listen, *media)...)
	findings = append(findings, checkPrograms(ctx)...)
	return report(stdout, findings)
}

// report prints the findings, and the remedies under those that have one.
func report(stdout io.Writer, findings []finding) error {
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	sick := false
	for _, f := range findings {
		sick = sick || f.verdict == fail
		fmt.Fprintf(w, "%s\t%s\n", f.verdict, f.what)
		if f.verdict != fine && f.remedy != "" {
			fmt.Fprintf(w, "\t  → %s\n", f.remedy)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if sick {
		return errSick
	}
	return nil
}

// oneLine makes the text of an error fit into one line of the report.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
