package llama

/*
#include <stdlib.h>
#include "native.h"
*/
import "C"

import (
	"fmt"
	"os"
	"path/filepath"
	"unsafe"

	"omnilive/model/ggml"
)

// FileType is how a GGUF's weights are stored, by libllama's numbers.
type FileType int32

// The storage types this project makes.
const (
	FileF16  FileType = 1
	FileQ4_0 FileType = 2 // repacked for the processor at load: the fastest
	FileQ8_0 FileType = 7
)

// Quantize writes in again as out with weights of another type; weights that are quantized already are allowed, with some
// loss. It takes seconds to minutes on the given number of threads. The file appears under its name only when whole.
func Quantize(in, out string, t FileType, threads int) error {
	if err := isOpen(); err != nil {
		return err
	}
	if err := checkMagic(in); err != nil {
		return err
	}
	if t != FileF16 && t != FileQ4_0 && t != FileQ8_0 {
		return fmt.Errorf("quantize %s: file type %d is none of F16, Q4_0 and Q8_0", in, t)
	}
	if threads < 1 || threads > maxThreads {
		return fmt.Errorf("quantize %s: %d threads, want 1 to %d", in, threads, maxThreads)
	}
	dir, err := os.MkdirTemp(filepath.Dir(out), ".quantize-*")
	if err != nil {
		return fmt.Errorf("quantize %s: %w", in, err)
	}
	defer os.RemoveAll(dir)
	temporary := filepath.Join(dir, filepath.Base(out))
	if err := quantize(in, temporary, t, threads); err != nil {
		return err
	}
	if err := os.Rename(temporary, out); err != nil {
		return fmt.Errorf("quantize %s: %w", in, err)
	}
	return nil
}

func quantize(in, out string, t FileType, threads int) error {
	from, to := C.CString(in), C.CString(out)
	defer C.free(unsafe.Pointer(from))
	defer C.free(unsafe.Pointer(to))
	ggml.LastLog()
	if code := C.native_quantize(from, to, C.int32_t(t), C.int32_t(threads)); code != 0 {
		return fmt.Errorf("quantize %s to %s: libllama says %d (%s)", in, out, code, ggml.LastLog())
	}
	return nil
}
