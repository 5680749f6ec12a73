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
	"omnilive/model/ggml"
	"omnilive/model/gguf"
	"omnilive/model/omni"
	"omnilive/model/omni/language"
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
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		if _, err := omni.ReadManifest(path); err != nil { // half a conversion has no config.json yet
			return err
		}
	}
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
	fmt.Fprintln(w, "component\ttensors\twanted\tin the 8B\tnumbers\tstored\tMB\tin f32\tbf16\tq8_0\tq4_0 MB\t")
	wrong := len(unknown) > 0
	model, total := omni.Part{Name: "the eight components"}, omni.Part{Name: "all"}
	for _, p := range parts {
		wrong = wrong || p.Wrong != nil || len(p.Extra) > 0
		add(&total, p)
		if p.Published > 0 {
			add(&model, p)
		}
		if !p.Absent {
			partLine(w, p)
		}
	}
	partLine(w, model)
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
	fits(stdout, f.Config.Language, parts, total)
	if wrong {
		return errIncomplete
	}
	_, err = fmt.Fprintf(stdout, "complete: %d tensors, %d bytes\n", model.Tensors, model.Bytes)
	return err
}

// add adds a part to a sum of parts.
func add(sum *omni.Part, p omni.Part) {
	sum.Tensors, sum.Wanted, sum.Published = sum.Tensors+p.Tensors, sum.Wanted+p.Wanted, sum.Published+p.Published
	sum.Elements, sum.Bytes = sum.Elements+p.Elements, sum.Bytes+p.Bytes
	sum.Matrices, sum.Exact = sum.Matrices+p.Matrices, sum.Exact+p.Exact
}

// partLine prints a component with the memory that it takes in several types.
func partLine(w io.Writer, p omni.Part) {
	published := ""
	if p.Published > 0 {
		published = fmt.Sprint(p.Published)
	}
	in := func(t ggml.Type) string { return fmt.Sprintf("%.1f", megabytes(p.Memory(t))) }
	fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%d\t%s\t%.1f\t%s\t%s\t%s\t%s\t\n", p.Name, p.Tensors, p.Wanted, published, p.Elements,
		kinds(p.Types), megabytes(p.Bytes), in(ggml.F32), in(ggml.BF16), in(ggml.Q8_0), in(gguf.Q4_0))
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
	if p.Absent {
		fmt.Fprintf(stdout, "absent: %s: the model runs without it\n", p.Name)
	}
	if p.Wrong != nil {
		for line := range strings.Lines(p.Wrong.Error()) {
			fmt.Fprintf(stdout, "wrong: %s: %s\n", p.Name, strings.TrimSpace(line))
		}
	}
	for _, t := range p.Extra {
		fmt.Fprintf(stdout, "extra: %s: %s %v\n", p.Name, t.Name, t)
	}
}

// planned are the parts that the memory plan keeps in f32 whatever the others are: they are small, and what they give is
// heard or looked up.
var planned = map[string]bool{omni.SpeechTokenizer: true, omni.NamedVoices: true, omni.ClonedVoice: true}

// fits says in which types this machine's memory holds everything at once, with the keys and values of a long talk.
func fits(stdout io.Writer, c language.Config, parts []omni.Part, total omni.Part) {
	const positions = 32768
	cache := 2 * 2 * c.Layers * c.KeyHeads * c.HeadSize * positions // two bytes each
	plan := cache
	for _, p := range parts {
		if planned[p.Name] {
			plan += p.Memory(ggml.F32)
		} else {
			plan += p.Memory(ggml.BF16)
		}
	}
	fmt.Fprintf(stdout, "memory, with %.1f GB for the keys and values of %d positions:\n", gigabytes(cache), positions)
	have, err := availableMemory("/proc/meminfo")
	say := func(what string, need int64) {
		verdict := "fits"
		switch {
		case err != nil:
			verdict = "how much this machine has free is not known"
		case need+need/10 > have: // a tenth for what is computed in
			verdict = "does not fit"
		}
		fmt.Fprintf(stdout, "  %-5s %7.1f GB  %s\n", what, gigabytes(need), verdict)
	}
	say("plan", plan)
	for _, t := range []ggml.Type{ggml.F32, ggml.BF16, ggml.Q8_0, gguf.Q4_0} {
		say(t.String(), cache+total.Memory(t))
	}
	if err == nil {
		fmt.Fprintf(stdout, "this machine has %.1f GB free; plan is bf16 with the speech tokenizer and the vocoders in f32\n", gigabytes(have))
	}
}

func gigabytes(n int64) float64 { return float64(n) / 1e9 }

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
