package main

import (
	"cmp"
	"flag"
	"os"
	"path/filepath"
)

// folders are where models and libraries are kept.
type folders struct {
	models, lib string
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
	return f
}
