package verify

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"omnilive/model/ggml"
	"omnilive/model/llama"
)

// Every network gives the stored values by ggml's own operations too, which is what runs on a GPU.
func TestFoldersOnPlainProcessor(t *testing.T) {
	backend(t) // for the libraries
	b, err := ggml.OpenBackend(ggml.PlainProcessor, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	onDevice(t, b, "testdata")
}

// OMNILIVE_GPU_LIB names a lib folder whose llama is a build for GPUs: all networks run on each GPU that it finds. It is the
// only test then, as a process can load one build: go test -run TestFoldersOnGPU.
func TestFoldersOnGPU(t *testing.T) {
	dir := os.Getenv("OMNILIVE_GPU_LIB")
	if dir == "" {
		t.Skip("OMNILIVE_GPU_LIB is not set: no build for GPUs")
	}
	if ggml.Loaded() == "" {
		if err := ggml.Precise(); err != nil {
			t.Fatal(err)
		}
	}
	if err := llama.Open(filepath.Join(dir, "llama")); err != nil {
		t.Skip(err)
	}
	devices, err := ggml.Devices()
	if err != nil || len(devices) < 2 {
		t.Skipf("no GPU is found: %v", err)
	}
	for _, d := range devices[1:] {
		t.Run(d.Name, func(t *testing.T) {
			b, err := ggml.OpenBackend(d.Name, 1)
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			onDevice(t, b, "testdata")
		})
	}
}

func onDevice(t *testing.T, b *ggml.Backend, dir string) {
	found, err := Folders(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Run(filepath.Base(f), func(t *testing.T) {
			err := Check(context.Background(), f, Options{Backend: b, Report: func(r Row) {
				if !r.Passed {
					t.Errorf("%s: off by %.3g (%.3g of the largest), limit %.3g %s", r.What, r.Absolute, r.Relative, r.Limit, r.Note)
				}
			}})
			if err != nil {
				t.Error(err)
			}
		})
	}
}
