package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"omnilive"
	"omnilive/model/parts"
)

// errParts says that models list or verify found parts missing or corrupt; what and which is printed already.
var errParts = errors.New("some model parts are missing or corrupt: run omnilive models fetch")

const modelsUsage = `usage: omnilive models [list|fetch|verify|notice] [flags]

  list     what is there, what is missing, sizes, licences (the default)
  fetch    get what is missing; interrupted, it goes on where it was
  verify   read every file and hold it against its checksum
  notice   who made the parts, and under which licences

`

// runModels is the subcommand models. It fails where parts are missing after list or verify, or cannot be had by fetch.
func runModels(ctx context.Context, args []string, stdout io.Writer) error {
	verb := "list"
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		verb, args = args[0], args[1:]
	}
	fs := flag.NewFlagSet("models "+verb, flag.ContinueOnError)
	fs.Usage = func() {
		fmt.Fprint(fs.Output(), modelsUsage)
		fs.PrintDefaults()
	}
	dirs := folderFlags(fs)
	set := fs.String("set", "default", "sets of parts, with commas: default, tiny, eye, libs, cuda, vulkan, metal or all")
	keep := fs.Bool("keep-downloads", false, "leave the fetched packages in MODELS-DIR/.downloads")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("models %s: unexpected argument %q", verb, fs.Arg(0))
	}
	if verb == "notice" {
		_, err := io.WriteString(stdout, omnilive.Notice)
		return err
	}
	bar := newProgress(verb == "fetch")
	defer bar.close()
	store, err := openStore(dirs, bar.tell, *keep)
	if err != nil {
		return err
	}
	sets := splitSets(*set)
	switch verb {
	case "list":
		return showParts(stdout, func() ([]parts.Status, error) { return store.List(ctx, sets...) })
	case "verify":
		return showParts(stdout, func() ([]parts.Status, error) { return store.Verify(ctx, sets...) })
	case "fetch":
		return fetchParts(ctx, stdout, store, sets, dirs)
	}
	return fmt.Errorf("models %s: no such verb: want list, fetch, verify or notice", verb)
}

// openStore opens the folders as models.lock sees them.
func openStore(dirs *folders, tell func(parts.Progress), keep bool) (*parts.Store, error) {
	lock, err := parts.ParseLock(omnilive.Lock)
	if err != nil {
		return nil, err
	}
	return parts.Open(parts.Config{
		Lock: lock, ModelsDir: dirs.models, LibDir: dirs.lib,
		Steps: partSteps(dirs), Progress: tell, KeepDownloads: keep,
	})
}

// splitSets reads the flag --set; "all" means every part that is not optional.
func splitSets(list string) []string {
	if list == "all" || list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

func fetchParts(ctx context.Context, stdout io.Writer, store *parts.Store, sets []string, dirs *folders) error {
	if err := store.Fetch(ctx, sets...); err != nil {
		return err
	}
	_, err := fmt.Fprintf(stdout, "model parts are complete: %s, %s\n", dirs.models, dirs.lib)
	return err
}

func showParts(stdout io.Writer, look func() ([]parts.Status, error)) error {
	found, err := look()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PART\tSTATE\tMB\tLICENCE\tWHAT")
	whole := true
	var bytes int64
	for _, st := range found {
		whole = whole && st.Whole()
		bytes += st.Size
		fmt.Fprintf(w, "%s\t%s\t%.1f\t%s\t%s\n", st.Part.Name, st.State, megabytes(st.Size), st.Part.Licence, st.Part.About)
	}
	fmt.Fprintf(w, "\t\t%.1f\t\tin all\n", megabytes(bytes))
	if err := w.Flush(); err != nil {
		return err
	}
	for _, st := range found {
		if !st.Whole() {
			fmt.Fprintf(stdout, "%s: %s\n", st.Part.Name, worst(st))
		}
	}
	if !whole {
		return errParts
	}
	return nil
}

func megabytes(n int64) float64 { return float64(n) / 1e6 }
