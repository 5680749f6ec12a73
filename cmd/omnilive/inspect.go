package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"omnilive/model/checkpoint"
	"omnilive/model/omni"
	"omnilive/model/torch"
)

// errIncomplete makes inspect's exit status say that the checkpoint would not load.
var errIncomplete = errors.New("this checkpoint does not load: see what is wrong above")

const inspectUsage = `usage: omnilive inspect [flags] PATH

Looks at a checkpoint without loading it: a folder in the layout of HyperCLOVAX-SEED-Omni, published or converted, or a
single .safetensors, .gguf, .mar or .pt file.

`

// runInspect is the subcommand inspect.
func runInspect(_ context.Context, args []string, stdout io.Writer) error {
	fs := flag.NewFlagSet("inspect", flag.ContinueOnError)
	fs.Usage = func() { fmt.Fprint(fs.Output(), inspectUsage); fs.PrintDefaults() }
	all := fs.Bool("tensors", false, "list every tensor")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() != 1 {
		fs.Usage()
		return errors.New("inspect: name one folder or file")
	}
	path := fs.Arg(0)
	if _, err := os.Stat(filepath.Join(path, "config.json")); err == nil {
		return inspectFolder(path, *all, stdout)
	}
	return inspectFile(path, *all, stdout)
}

func inspectFolder(path string, all bool, stdout io.Writer) error {
	f, err := omni.OpenFolder(path)
	if err != nil {
		return err
	}
	defer f.Close()
	parts, unknown := f.Inspect()
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "component\ttensors\twanted\tin the 8B\tnumbers\tstored\tMB\tf32 MB\tbf16 MB\tq8_0 MB\tq4_0 MB\t")
	wrong := false
	total := omni.Part{Name: "all"}
	for _, p := range parts {
		wrong = wrong || p.Wrong != nil || len(p.Extra) > 0
		total.Tensors, total.Wanted, total.Published = total.Tensors+p.Tensors, total.Wanted+p.Wanted, total.Published+p.Published
		total.Elements, total.Bytes, total.Matrices = total.Elements+p.Elements, total.Bytes+p.Bytes, total.Matrices+p.Matrices
		partLine(w, p)
	}
	partLine(w, total)
	if err := w.Flush(); err != nil {
		return err
	}
	for _, p := range parts {
		complain(stdout, p)
	}
	for _, t := range unknown {
		fmt.Fprintf(stdout, "extra: %s %v belongs to no component\n", t.Name, t)
	}
	if all {
		listTensors(stdout, f.Source.Tensors())
	}
	fits(stdout, total)
	if wrong || len(unknown) > 0 {
		return errIncomplete
	}
	return nil
}

// partLine prints a component with the memory that it takes in several types.
func partLine(w io.Writer, p omni.Part) {
	published := ""
	if p.Published > 0 {
		published = fmt.Sprint(p.Published)
	}
	rest := float64(4 * (p.Elements - p.Matrices))
	in := func(bits float64) string { return fmt.Sprintf("%.1f", (float64(p.Matrices)*bits/8+rest)/1e6) }
	fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%d\t%s\t%.1f\t%s\t%s\t%s\t%s\t\n", p.Name, p.Tensors, p.Wanted, published, p.Elements,
		kinds(p.Types), float64(p.Bytes)/1e6, in(32), in(16), in(8.5), in(4.5))
}

// kinds lists how tensors are stored.
func kinds(types map[string]int) string {
	var list []string
	for _, t := range slices.Sorted(maps.Keys(types)) {
		list = append(list, fmt.Sprintf("%s×%d", t, types[t]))
	}
	return strings.Join(list, " ")
}

func complain(stdout io.Writer, p omni.Part) {
	if p.Wrong != nil {
		for line := range strings.Lines(p.Wrong.Error()) {
			fmt.Fprintf(stdout, "wrong: %s: %s\n", p.Name, strings.TrimSpace(line))
		}
	}
	for _, t := range p.Extra {
		fmt.Fprintf(stdout, "extra: %s: %s %v\n", p.Name, t.Name, t)
	}
}

// fits says in which types this machine's memory holds everything at once.
func fits(stdout io.Writer, total omni.Part) {
	have, err := availableMemory("/proc/meminfo")
	if err != nil {
		return
	}
	fmt.Fprintf(stdout, "this machine has %.1f GB of memory free:", float64(have)/1e9)
	for _, t := range []struct {
		name string
		bits float64
	}{{"f32", 32}, {"bf16", 16}, {"q8_0", 8.5}, {"q4_0", 4.5}} {
		need := float64(total.Matrices)*t.bits/8 + 4*float64(total.Elements-total.Matrices)
		verdict := "does not fit"
		if need*1.1 < float64(have) { // a tenth for keys, values and what is computed in
			verdict = "fits"
		}
		fmt.Fprintf(stdout, "  %s %s (%.1f GB)", t.name, verdict, need/1e9)
	}
	fmt.Fprintln(stdout)
}

// inspectFile lists the tensors of a single file.
func inspectFile(path string, all bool, stdout io.Writer) error {
	var src checkpoint.Source
	var err error
	switch filepath.Ext(path) {
	case ".mar", ".pt", ".pth":
		src, err = torch.Open(path)
	default:
		src, err = checkpoint.Open(path)
	}
	if err != nil {
		return err
	}
	defer src.Close()
	types, elements, bytes := map[string]int{}, int64(0), int64(0)
	for _, t := range src.Tensors() {
		types[t.Type.String()]++
		elements, bytes = elements+t.Elements(), bytes+t.Bytes()
	}
	fmt.Fprintf(stdout, "%s: %d tensors (%s), %d numbers, %.1f MB\n", path, len(src.Tensors()), kinds(types), elements, float64(bytes)/1e6)
	if all || len(src.Tensors()) <= 50 {
		listTensors(stdout, src.Tensors())
	}
	return nil
}

func listTensors(stdout io.Writer, tensors []checkpoint.Tensor) {
	for _, t := range tensors {
		fmt.Fprintf(stdout, "%s\t%v\n", t.Name, t)
	}
}
