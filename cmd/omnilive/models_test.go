package main

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

func TestModelsListOfEmptyFolders(t *testing.T) {
	var out bytes.Buffer
	dir := t.TempDir()
	err := runModels(t.Context(), []string{"list", "--models-dir", dir, "--lib-dir", dir}, &out)
	if !errors.Is(err, errParts) {
		t.Errorf("got %v, want errParts: an exit status for scripts", err)
	}
	for _, want := range []string{"PART", "whisper-base", "Apache-2.0", "147.9", "missing", filepath.Join(dir, "qwen2.5-0.5b-instruct-q4_k_m.gguf")} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the list lacks %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "smollm2") {
		t.Error("the default set lists the tiny model")
	}
}

func TestModelsFetchNamesTheCommandByHand(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // no clients at all
	dir := t.TempDir()
	var out bytes.Buffer
	err := runModels(t.Context(), []string{"fetch", "--models-dir", dir, "--lib-dir", dir, "--set", "eye"}, &out)
	if err == nil || !strings.Contains(err.Error(), "python3 is not installed") ||
		!strings.Contains(err.Error(), "python3 -m pip download") || !strings.Contains(err.Error(), "onnxruntime==") {
		t.Errorf("got %v", err)
	}
}

func TestModelsArguments(t *testing.T) {
	tests := map[string][]string{
		"no such verb":          {"destroy"},
		"unexpected argument":   {"list", "all"},
		`no set "big"`:          {"list", "--set", "big"},
		"flag provided but not": {"list", "--colour"},
	}
	for want, args := range tests {
		if err := runModels(t.Context(), args, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("models %v: %v, want %q", args, err, want)
		}
	}
	var out bytes.Buffer
	if err := runModels(t.Context(), []string{"notice"}, &out); err != nil || !strings.Contains(out.String(), "hibari") {
		t.Errorf("notice: %v", err)
	}
}

func TestFoldersComeFromTheEnvironmentOrTheCache(t *testing.T) {
	t.Setenv("OMNILIVE_MODELS", "/somewhere/models")
	t.Setenv("OMNILIVE_LIB", "")
	t.Setenv("XDG_CACHE_HOME", "/the/cache")
	dirs := folderFlags(newFlags("test"))
	if dirs.models != "/somewhere/models" || dirs.lib != "/the/cache/omnilive/lib" {
		t.Errorf("got %+v", *dirs)
	}
}

func TestLibraryVariants(t *testing.T) {
	for name, want := range map[string]string{"": "/lib/llama", "cpu": "/lib/llama", "vulkan": "/lib/llama-vulkan", "opencl": ""} {
		fs := newFlags("test")
		dirs, args := folderFlags(fs), []string{"--lib-dir", "/lib"}
		if name != "" {
			args = append(args, "--lib-variant", name)
		}
		if err := fs.Parse(args); (err == nil) != (want != "") || err == nil && dirs.llama() != want {
			t.Errorf("%q: %s, %v", name, dirs.llama(), err)
		}
	}
}

func TestPlaceFlag(t *testing.T) {
	fs := newFlags("test")
	var place map[string]string
	placeFlag(fs, &place)
	if err := fs.Parse([]string{"--place", "ear=cpu"}); err == nil {
		t.Error("a component that is none")
	}
	if err := fs.Parse([]string{"--place", "vision=gpu0"}); err != nil || place["vision_model"] != "gpu0" {
		t.Errorf("%v, %v", place, err)
	}
}
