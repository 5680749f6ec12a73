package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"omnilive/model/ggml"
	"omnilive/model/llama"
	"omnilive/model/omni/verify"
)

// errDiffers makes the exit status say that this machine does not compute what the reference does.
var errDiffers = errors.New("this machine does not compute what the reference does: see the lines that say off or error")

const verifyUsage = `usage: omnilive verify [flags] DIR

Runs the networks on the stored inputs of every golden folder below DIR (or of DIR itself) and compares all that is stored:
worst absolute and relative error, the tolerance, the verdict, milliseconds. The exit status is 1 where anything is off.

`

// runVerify is the subcommand verify.
func runVerify(ctx context.Context, args []string, stdout io.Writer) error {
	fs := flag.NewFlagSet("verify", flag.ContinueOnError)
	fs.Usage = func() { fmt.Fprint(fs.Output(), verifyUsage); fs.PrintDefaults() }
	dirs := folderFlags(fs)
	threads := fs.Int("threads", max(1, runtime.NumCPU()-1), "threads of the networks")
	types := fs.String("types", "f32", "types in which matrices are kept, with commas: f32, f16, bf16, q8_0; all but f32 are only reported")
	only := fs.String("only", "", "folders to run, with commas; empty means all")
	device := fs.String("device", "cpu", "where the networks run: cpu, or a device that doctor lists, as gpu0")
	fast := fs.Bool("fast", false, "let a GPU round f32 as it does in calls (to TF32 or f16): within no tolerance, but what it will be like")
	brief := fs.Bool("brief", false, "one line a folder: its worst comparison")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() != 1 {
		fs.Usage()
		return errors.New("verify: name one folder")
	}
	if *device != ggml.Processor && !*fast {
		if err := ggml.Precise(); err != nil {
			return err
		}
	}
	if err := llama.Open(dirs.llama()); err != nil {
		return err
	}
	found, err := verify.Folders(fs.Arg(0))
	if err != nil {
		return err
	}
	b, err := ggml.OpenBackend(*device, *threads)
	if err != nil {
		return err
	}
	defer b.Close()
	v := &verifying{stdout: stdout, w: tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0), b: b, brief: *brief}
	for _, name := range strings.Split(*types, ",") {
		t, err := parseType(name)
		if err != nil {
			return err
		}
		v.all(ctx, found, t, *only)
	}
	return v.end()
}

// parseType reads the name of a type that matrices are kept in.
func parseType(name string) (ggml.Type, error) {
	for _, t := range []ggml.Type{ggml.F32, ggml.F16, ggml.BF16, ggml.Q8_0} {
		if t.String() == strings.ToLower(strings.TrimSpace(name)) {
			return t, nil
		}
	}
	return 0, fmt.Errorf("no type %.20q: want f32, f16, bf16 or q8_0", name)
}

// verifying prints the table of comparisons.
type verifying struct {
	stdout  io.Writer
	w       *tabwriter.Writer
	b       *ggml.Backend
	brief   bool
	worst   verify.Row
	rows    int
	off     int
	folders int
	errs    []error
}

func (v *verifying) all(ctx context.Context, found []string, t ggml.Type, only string) {
	fmt.Fprintf(v.w, "folder\twhat\tabsolute\trelative\tlimit\tverdict\tms\t\n")
	for _, dir := range found {
		name := filepath.Base(filepath.Clean(dir))
		if only != "" && !strings.Contains(","+only+",", ","+name+",") {
			continue
		}
		if t != ggml.F32 && strings.HasPrefix(name, "omni-") {
			continue // whose ids follow from one another: one rounding more and all later ones are others
		}
		v.folder(ctx, dir, t)
	}
	v.w.Flush()
}

func (v *verifying) folder(ctx context.Context, dir string, t ggml.Type) {
	v.worst, v.folders = verify.Row{Absolute: -1}, v.folders+1
	began, failed := time.Now(), 0
	err := verify.Check(ctx, dir, verify.Options{Backend: v.b, Type: t, Report: func(r verify.Row) {
		v.rows++
		if !r.Passed {
			failed++
		}
		if share(r) > share(v.worst) {
			v.worst = r
		}
		if !v.brief || !r.Passed && t == ggml.F32 {
			v.row(r, t)
		}
	}})
	if v.brief && failed == 0 && v.worst.Absolute >= 0 || v.brief && t != ggml.F32 && v.worst.Absolute >= 0 {
		v.worst.Time = time.Since(began)
		v.row(v.worst, t)
	}
	v.w.Flush()
	switch {
	case err == nil:
	case errors.Is(err, verify.ErrDiffers) && t != ggml.F32:
	case errors.Is(err, verify.ErrDiffers):
		v.off++
	default:
		v.errs = append(v.errs, err)
		fmt.Fprintf(v.stdout, "error: %v\n", err)
	}
}

// share is how much of its limit a comparison took.
func share(r verify.Row) float64 {
	if r.Limit == 0 {
		return r.Absolute
	}
	return r.Absolute / r.Limit
}

func (v *verifying) row(r verify.Row, t ggml.Type) {
	verdict := "ok"
	switch {
	case t != ggml.F32 && !math.IsInf(r.Absolute, 0):
		verdict = t.String()
	case !r.Passed:
		verdict = "off"
	}
	fmt.Fprintf(v.w, "%s\t%s\t%.2e\t%.2e\t%.1e\t%s\t%.1f\t%s\n",
		r.Folder, r.What, r.Absolute, r.Relative, r.Limit, verdict, float64(r.Time.Microseconds())/1000, r.Note)
}

func (v *verifying) end() error {
	fmt.Fprintf(v.stdout, "%d comparisons in %d folders: %d folders off, %d errors\n", v.rows, v.folders, v.off, len(v.errs))
	if v.off > 0 || len(v.errs) > 0 {
		return errDiffers
	}
	return nil
}
