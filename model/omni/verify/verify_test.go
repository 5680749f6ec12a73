package verify

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"omnilive/model/ggml"
	"omnilive/model/llama"
)

// backend loads the libraries that `make test` names.
func backend(t testing.TB) *ggml.Backend {
	t.Helper()
	dir := os.Getenv("OMNILIVE_LIB")
	if dir == "" {
		t.Skip("OMNILIVE_LIB is not set; make test sets it")
	}
	if err := ggml.Load(filepath.Join(dir, "llama")); err != nil {
		t.Fatal(err)
	}
	if err := llama.Open(filepath.Join(dir, "llama")); err != nil {
		t.Fatal(err)
	}
	b, err := ggml.NewBackend(1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// folders runs every known folder below dir.
func folders(t *testing.T, dir string) {
	b := backend(t)
	found, err := Folders(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Run(filepath.Base(f), func(t *testing.T) {
			err := Check(context.Background(), f, Options{Backend: b, Report: func(r Row) {
				if !r.Passed {
					t.Errorf("%s: off by %.3g (%.3g of the largest), limit %.3g %s", r.What, r.Absolute, r.Relative, r.Limit, r.Note)
				} else if testing.Verbose() {
					t.Logf("%s: %.3g of %.3g %s", r.What, r.Absolute, r.Limit, r.Note)
				}
			}})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFoldersKeptHere(t *testing.T) { folders(t, "testdata") }

// The whole of the golden data, where it lies beside the project.
func TestGoldenData(t *testing.T) {
	shared := os.Getenv("OMNILIVE_SHARED")
	if shared == "" {
		t.Skip("OMNILIVE_SHARED is not set: the golden data is not here")
	}
	folders(t, filepath.Join(shared, "golden"))
}
