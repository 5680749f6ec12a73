package ggml

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// libraries returns the folder with ggml's libraries, or skips.
func libraries(t testing.TB) string {
	t.Helper()
	dir := cmp.Or(os.Getenv("OMNILIVE_GPU_LIB"), os.Getenv("OMNILIVE_LIB"))
	if dir == "" {
		t.Skip("OMNILIVE_LIB is not set: no native libraries")
	}
	return filepath.Join(dir, "llama")
}

func TestLoad(t *testing.T) {
	dir := libraries(t)
	if Loaded() == "" {
		if _, err := Symbol("ggml_init"); err == nil {
			t.Error("Symbol found something before Load")
		}
		empty := t.TempDir()
		if err := Load(empty); err == nil || !strings.Contains(err.Error(), "models fetch") || !strings.Contains(err.Error(), empty) {
			t.Errorf("Load of an empty folder: %v, want the path and the remedy", err)
		}
	}
	for range 2 {
		if err := Load(dir); err != nil {
			t.Fatal(err)
		}
	}
	if Loaded() != dir {
		t.Errorf("Loaded() = %q, want %q", Loaded(), dir)
	}
	if err := Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "already loaded") {
		t.Errorf("Load of another folder: %v", err)
	}
	for _, name := range []string{"ggml_init", "ggml_backend_dev_count", "ggml_threadpool_new"} {
		if p, err := Symbol(name); err != nil || p == nil {
			t.Errorf("Symbol(%s) = %v, %v", name, p, err)
		}
	}
	if _, err := Symbol("ggml_no_such_thing"); err == nil {
		t.Error("Symbol found what does not exist")
	}
}

func TestLoadGarbage(t *testing.T) {
	libraries(t)
	dir := t.TempDir()
	name := filepath.Join(dir, "libggml-base"+suffix())
	if err := os.WriteFile(name, []byte("not a library"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openBase(dir); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("openBase with a broken library: %v, want its path", err)
	}
}
