// Package verify runs the networks on stored inputs and compares what comes out with what the reference implementations
// gave: the same folders serve this project's tests and a user who wants to know whether his machine computes right.
//
// A folder holds the weights of a small network in the checkpoint's own layout, its config, and cases.safetensors with
// inputs, intermediate values and outputs; tolerances.json or cases.json says how far a value may be off. The names of the
// folders say which network they are for; everything else is read from them.
//
// # Concurrency
//
// Check runs one folder on the caller's goroutine. Several may run at once on different backends.
package verify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"omnilive/model/ggml"
)

// A Row is one comparison.
type Row struct {
	Folder   string
	What     string        // the stored tensor, as in case0.output
	Absolute float64       // the worst absolute difference; for integers how many differ
	Relative float64       // that, divided by the largest stored value
	Limit    float64       // the largest absolute difference to accept
	Passed   bool          // whether it kept within the limit
	Note     string        // what else is to be said of it
	Time     time.Duration // since the folder's last row
}

// Options say how the networks run.
type Options struct {
	Backend *ggml.Backend
	Type    ggml.Type // how matrices are kept; tolerances are those of F32
	Report  func(Row) // called for every comparison, on the goroutine of Check; may be nil
}

// Folders returns the folders below dir, dir itself included, that Check knows, sorted.
func Folders(dir string) ([]string, error) {
	if _, known := checks[filepath.Base(filepath.Clean(dir))]; known {
		return []string{dir}, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	var found []string
	for _, e := range entries {
		if _, known := checks[e.Name()]; known && e.IsDir() {
			found = append(found, filepath.Join(dir, e.Name()))
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("verify %s: no folder in it that is checked here (want one of %v)", dir, Names())
	}
	return found, nil
}

// Names returns the names of the folders that are known, sorted.
func Names() []string {
	names := make([]string, 0, len(checks))
	for n := range checks {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// ErrDiffers is what Check returns when everything ran and something was off by more than its limit.
var ErrDiffers = errors.New("differs from the reference")

// Check runs one folder. It returns ErrDiffers where a comparison failed, and another error where it could not be made.
func Check(ctx context.Context, dir string, o Options) error {
	name := filepath.Base(filepath.Clean(dir))
	check, known := checks[name]
	if !known {
		return fmt.Errorf("verify %s: no such folder is known (want one of %v)", dir, Names())
	}
	r, err := open(dir, name, o)
	if err != nil {
		return fmt.Errorf("verify %s: %w", dir, err)
	}
	defer r.close()
	if err := check(ctx, r); err != nil {
		return fmt.Errorf("verify %s: %w", dir, err)
	}
	if r.err != nil {
		return fmt.Errorf("verify %s: %w", dir, r.err)
	}
	if r.rows == 0 {
		return fmt.Errorf("verify %s: nothing was compared", dir)
	}
	if r.failed > 0 {
		return fmt.Errorf("verify %s: %d of %d comparisons: %w", dir, r.failed, r.rows, ErrDiffers)
	}
	return nil
}
