package ggml

/*
#cgo linux LDFLAGS: -ldl
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { level_error = 4, keep = 4, line = 240 };
static pthread_mutex_t lines_lock = PTHREAD_MUTEX_INITIALIZER;
static char lines[keep][line];
static unsigned lines_next;

// Keeps the newest error lines; called by ggml from any thread, so it never enters Go.
static void keep_line(int level, const char *text, void *unused) {
	(void)unused;
	if (level != level_error || text == NULL) return;
	size_t n = strcspn(text, "\n");
	if (n == 0) return;
	if (n >= line) n = line - 1;
	pthread_mutex_lock(&lines_lock);
	char *slot = lines[lines_next++ % keep];
	memcpy(slot, text, n);
	slot[n] = 0;
	pthread_mutex_unlock(&lines_lock);
}

// Copies the kept lines, oldest first and each ended by a newline, to out (keep*line bytes) and forgets them.
static void take_lines(char *out) {
	out[0] = 0;
	pthread_mutex_lock(&lines_lock);
	for (unsigned i = 0; i < keep; i++) {
		char *slot = lines[(lines_next + i) % keep];
		if (slot[0] == 0) continue;
		strcat(out, slot);
		strcat(out, "\n");
		slot[0] = 0;
	}
	pthread_mutex_unlock(&lines_lock);
}

static void *keep_line_address(void) { return (void *)keep_line; }

static void *open_global(const char *path) { return dlopen(path, RTLD_NOW | RTLD_GLOBAL); }
static void *open_resident(const char *path) { return dlopen(path, RTLD_NOW | RTLD_NOLOAD); }

static const char *call_version(void *f) { return ((const char *(*)(void))f)(); }
static void call_log_set(void *f) { ((void (*)(void *, void *))f)((void *)keep_line, NULL); }
static void call_load_all(void *f, const char *dir) { ((void (*)(const char *))f)(dir); }
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"unsafe"
)

// Version is the release of ggml whose C interface this module was written against.
const Version = "0.19.0"

// remedy ends every error that a fresh set of libraries cures.
const remedy = "run `omnilive models fetch` or name another folder with --lib-dir"

var loaded struct {
	sync.Mutex
	dir     string
	handles []unsafe.Pointer // in the order symbols are looked up
}

// Load loads ggml's shared libraries out of dir and registers the compute backends found there; the processor
// variant that suits this machine best is picked by ggml itself. It does so once per process: a second call with
// the same folder returns nil at once, one with another folder returns an error, since two copies cannot coexist.
// It refuses every release but [Version]. After an error it may be called again.
func Load(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("find ggml's folder: %w", err)
	}
	loaded.Lock()
	defer loaded.Unlock()
	if loaded.dir != "" {
		return sameFolder(loaded.dir, dir)
	}
	handles, err := openBase(dir)
	if err != nil {
		return err
	}
	if err := register(handles, dir); err != nil {
		for _, h := range handles {
			C.dlclose(h)
		}
		return err
	}
	loaded.handles = append(handles, variants(dir)...)
	loaded.dir = dir
	return nil
}

// Symbol returns the address of an exported function of ggml or of the processor backend in use.
func Symbol(name string) (unsafe.Pointer, error) {
	loaded.Lock()
	defer loaded.Unlock()
	if loaded.dir == "" {
		return nil, errors.New("find " + name + ": ggml is not loaded")
	}
	if p := lookup(loaded.handles, name); p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("find %s: not in the ggml libraries of %s; %s", name, loaded.dir, remedy)
}

// Loaded returns the folder the libraries came from, or "" before the first successful [Load].
func Loaded() string {
	loaded.Lock()
	defer loaded.Unlock()
	return loaded.dir
}

// LastLog returns the newest error lines ggml and the libraries on top of it have logged since the last call,
// oldest first and joined by "; ", and forgets them. Nothing else of their logs is kept or printed.
func LastLog() string {
	var buf [C.keep * C.line]byte
	C.take_lines((*C.char)(unsafe.Pointer(&buf[0])))
	text, _, _ := strings.Cut(string(buf[:]), "\x00")
	return strings.ReplaceAll(strings.TrimSpace(text), "\n", "; ")
}

// LogCallback returns the C function behind [LastLog], a ggml_log_callback for libraries with a logger of their own.
func LogCallback() unsafe.Pointer { return C.keep_line_address() }

func sameFolder(have, want string) error {
	a, errA := os.Stat(have)
	b, errB := os.Stat(want)
	if have == want || errA == nil && errB == nil && os.SameFile(a, b) {
		return nil
	}
	return fmt.Errorf("load ggml from %s: already loaded from %s", want, have)
}

// openBase opens the two libraries every backend needs.
func openBase(dir string) ([]unsafe.Pointer, error) {
	// An abort inside ggml would otherwise start a debugger on this process. Its own libraries read it when loaded.
	name, value := C.CString("GGML_NO_BACKTRACE"), C.CString("1")
	defer C.free(unsafe.Pointer(name))
	defer C.free(unsafe.Pointer(value))
	C.setenv(name, value, 1)
	var handles []unsafe.Pointer
	for _, pattern := range []string{"libggml-base" + suffix(), "libggml" + suffix(), "libggml.*" + suffix()} {
		paths, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, fmt.Errorf("look for ggml in %s: %w", dir, err)
		}
		for _, path := range paths {
			h, err := openLibrary(path)
			if err != nil {
				return nil, err
			}
			handles = append(handles, h)
		}
		if len(handles) == 0 {
			return nil, fmt.Errorf("load ggml: %s is missing; %s", filepath.Join(dir, pattern), remedy)
		}
	}
	if len(handles) < 2 {
		return nil, fmt.Errorf("load ggml: %s is missing; %s", filepath.Join(dir, "libggml"+suffix()), remedy)
	}
	return handles, nil
}

func openLibrary(path string) (unsafe.Pointer, error) {
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	runtime.LockOSThread() // dlerror speaks of the calling thread
	defer runtime.UnlockOSThread()
	if h := C.open_global(p); h != nil {
		return h, nil
	}
	return nil, fmt.Errorf("load ggml: %s; %s", C.GoString(C.dlerror()), remedy)
}

// register checks the release, takes over the log and lets ggml look for backends in dir.
func register(handles []unsafe.Pointer, dir string) error {
	version := lookup(handles, "ggml_version")
	logSet := lookup(handles, "ggml_log_set")
	loadAll := lookup(handles, "ggml_backend_load_all_from_path")
	if version == nil || logSet == nil || loadAll == nil {
		return fmt.Errorf("load ggml from %s: it is not ggml %s; %s", dir, Version, remedy)
	}
	if found := C.GoString(C.call_version(version)); found != Version {
		return fmt.Errorf("load ggml from %s: found version %s, want %s; %s", dir, found, Version, remedy)
	}
	C.call_log_set(logSet)
	d := C.CString(dir)
	defer C.free(unsafe.Pointer(d))
	C.call_load_all(loadAll, d)
	if len(variants(dir)) == 0 {
		return fmt.Errorf("load ggml: no libggml-cpu*.so in %s runs on this processor; %s", dir, remedy)
	}
	return nil
}

// variants returns the processor backends of dir that are loaded by now: one, as ggml keeps only the best. On every system
// their names end in .so.
func variants(dir string) []unsafe.Pointer {
	paths, err := filepath.Glob(filepath.Join(dir, "libggml-cpu*.so"))
	if err != nil {
		return nil
	}
	var handles []unsafe.Pointer
	for _, path := range paths {
		p := C.CString(path)
		if h := C.open_resident(p); h != nil {
			handles = append(handles, h)
		}
		C.free(unsafe.Pointer(p))
	}
	return handles
}

func lookup(handles []unsafe.Pointer, name string) unsafe.Pointer {
	n := C.CString(name)
	defer C.free(unsafe.Pointer(n))
	for _, h := range handles {
		if p := C.dlsym(h, n); p != nil {
			return p
		}
	}
	return nil
}

func suffix() string {
	if runtime.GOOS == "darwin" {
		return ".dylib"
	}
	return ".so"
}
