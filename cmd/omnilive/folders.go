package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"omnilive/model/omni"
	"omnilive/model/small"
)

// folders are where models and libraries are kept.
type folders struct {
	models, lib string
	variant     string // of libllama and ggml
}

// variants are the builds of libllama and ggml, by what they compute on. The sets of models.lock have their names.
var variants = []string{"cpu", "cuda", "vulkan", "metal"}

// llama is the folder of libllama and ggml.
func (f *folders) llama() string { return filepath.Join(f.lib, f.llamaDir()) }

// llamaDir is its name in the lib folder.
func (f *folders) llamaDir() string {
	if f.variant == "cpu" {
		return small.LlamaDir
	}
	return small.LlamaDir + "-" + f.variant
}

// folderFlags adds --models-dir and --lib-dir to fs. Their defaults are OMNILIVE_MODELS and OMNILIVE_LIB, else folders
// in the user's cache.
func folderFlags(fs *flag.FlagSet) *folders {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = filepath.Join(os.TempDir(), "cache")
	}
	models := cmp.Or(os.Getenv("OMNILIVE_MODELS"), filepath.Join(cache, "omnilive", "models"))
	lib := cmp.Or(os.Getenv("OMNILIVE_LIB"), filepath.Join(cache, "omnilive", "lib"))
	f := &folders{}
	fs.StringVar(&f.models, "models-dir", models, "folder of the model parts")
	fs.StringVar(&f.lib, "lib-dir", lib, "folder of the libraries (libllama, ggml, ONNX Runtime)")
	f.variant = "cpu"
	fs.Func("lib-variant", "`build` of libllama and ggml: cpu, cuda, vulkan or metal; omnilive models fetch --set cuda fetches that one (default cpu)",
		func(name string) error {
			if f.variant = name; !slices.Contains(variants, name) {
				return fmt.Errorf("want one of %s", strings.Join(variants, ", "))
			}
			return nil
		})
	return f
}

// placeFlag adds --place to fs.
func placeFlag(fs *flag.FlagSet, to *map[string]string) {
	fs.Func("place", "where components of a checkpoint run, as `vision=cpu,llm=gpu0`, or a device for all; doctor lists the devices (default: the GPU as far as there is room)",
		func(text string) (err error) {
			*to, err = omni.ParsePlace(text)
			return err
		})
}
