package llama

/*
#cgo linux LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>
#include "native.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"unsafe"

	"omnilive/model/ggml"
)

// Build is the release of llama.cpp whose C interface this package was written against.
const Build = "b10361"

const remedy = "run `omnilive models fetch` or name another folder with --lib-dir"

var opened struct {
	sync.Mutex
	done bool
}

// Open loads ggml and libllama out of libDir (its libllama.*.so and libggml*.so). It checks that the library lays out its
// parameters as this package expects and refuses any other build. It may be called again; see [ggml.Load].
func Open(libDir string) error {
	opened.Lock()
	defer opened.Unlock()
	if err := ggml.Load(libDir); err != nil {
		return err
	}
	if opened.done {
		return nil
	}
	if err := bind(libDir); err != nil {
		return err
	}
	C.native_start(ggml.LogCallback())
	opened.done = true
	return nil
}

func isOpen() error {
	opened.Lock()
	defer opened.Unlock()
	if !opened.done {
		return errors.New("llama: the library is not loaded: call Open first")
	}
	return nil
}

func bind(dir string) error {
	path, err := library(dir)
	if err != nil {
		return err
	}
	handle, err := openLibrary(path)
	if err != nil {
		return err
	}
	if missing := C.native_bind(handle); missing != nil {
		return fmt.Errorf("load %s: it has no %s, so it is not build %s; %s", path, C.GoString(missing), Build, remedy)
	}
	if err := bindPool(); err != nil {
		return err
	}
	if err := bindProducts(); err != nil {
		return err
	}
	if differs := C.native_check(); differs != nil {
		return fmt.Errorf("load %s: %s is laid out differently, so it is not build %s; %s", path, C.GoString(differs), Build, remedy)
	}
	return nil
}

func bindPool() error {
	var found [3]unsafe.Pointer
	for i, name := range []string{"ggml_threadpool_params_default", "ggml_threadpool_new", "ggml_threadpool_free"} {
		var err error
		if found[i], err = ggml.Symbol(name); err != nil {
			return err
		}
	}
	C.native_bind_ggml(found[0], found[1], found[2])
	return nil
}

// bindProducts finds what reroute.c needs of ggml; the names are in the order of enum native_ggml.
func bindProducts() error {
	var found [C.native_ggml_count]unsafe.Pointer
	for i, name := range []string{
		"ggml_init", "ggml_free", "ggml_new_tensor_2d", "ggml_mul_mat", "ggml_custom_4d", "ggml_backend_buffer_is_host", "ggml_backend_buffer_name",
	} {
		var err error
		if found[i], err = ggml.Symbol(name); err != nil {
			return err
		}
	}
	if !bool(C.native_bind_products(&found[0])) {
		return fmt.Errorf("load ggml: its tensors are laid out differently, so it is not of build %s; %s", Build, remedy)
	}
	return nil
}

// library finds libllama, whose file name carries the build in some packages.
func library(dir string) (string, error) {
	suffix := ".so"
	if runtime.GOOS == "darwin" {
		suffix = ".dylib"
	}
	for _, pattern := range []string{"libllama." + Build + suffix, "libllama" + suffix, "libllama.*" + suffix} {
		if paths, err := filepath.Glob(filepath.Join(dir, pattern)); err == nil && len(paths) > 0 {
			return paths[0], nil
		}
	}
	return "", fmt.Errorf("load libllama: %s is missing; %s", filepath.Join(dir, "libllama."+Build+suffix), remedy)
}

func openLibrary(path string) (unsafe.Pointer, error) {
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	runtime.LockOSThread() // dlerror speaks of the calling thread
	defer runtime.UnlockOSThread()
	if h := C.dlopen(p, C.RTLD_NOW|C.RTLD_GLOBAL); h != nil {
		return h, nil
	}
	return nil, fmt.Errorf("load libllama: %s; %s", C.GoString(C.dlerror()), remedy)
}
