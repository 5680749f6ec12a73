package onnx

import (
	"fmt"
	"os"
	"sync"

	ort "github.com/yalue/onnxruntime_go"
)

// library is the one copy of ONNX Runtime in this process; the library itself allows no second one.
var library struct {
	mu   sync.Mutex
	path string // empty until Open has succeeded
}

// Open loads ONNX Runtime (1.24 or newer) from the shared library at libPath. Calling it again with the same path
// does nothing; another path is an error, for the library stays loaded until the process ends.
func Open(libPath string) error {
	library.mu.Lock()
	defer library.mu.Unlock()
	if library.path == libPath && libPath != "" {
		return nil
	}
	if library.path != "" {
		return fmt.Errorf("open ONNX Runtime %s: %s is loaded already, and a process holds only one", libPath, library.path)
	}
	if err := checkFile("ONNX Runtime", libPath); err != nil {
		return err
	}
	ort.SetSharedLibraryPath(libPath)
	if err := ort.InitializeEnvironment(ort.WithLogLevelFatal()); err != nil {
		return fmt.Errorf("open ONNX Runtime %s: %w (`omnilive models fetch` brings one that fits)", libPath, err)
	}
	library.path = libPath
	return nil
}

// Version is that of the loaded library, empty before Open.
func Version() string {
	if !isOpen() {
		return ""
	}
	return ort.GetVersion()
}

func isOpen() bool {
	library.mu.Lock()
	defer library.mu.Unlock()
	return library.path != ""
}

// checkFile says early and in words what the library would only hint at.
func checkFile(what, path string) error {
	if path == "" {
		return fmt.Errorf("open %s: no path given", what)
	}
	f, err := os.Stat(path)
	switch {
	case err != nil:
		return fmt.Errorf("open %s: %w (run `omnilive models fetch`)", what, err)
	case !f.Mode().IsRegular() || f.Size() == 0:
		return fmt.Errorf("open %s: %s is not a file with content (run `omnilive models fetch`)", what, path)
	}
	return nil
}
