package ggml

// #include <stdlib.h>
import "C"

import (
	"errors"
	"unsafe"
)

// Precise has GPUs compute in f32 what is f32: left alone, CUDA's products round f32 to the 10 bits of TF32 and Vulkan's to
// f16. It is what a comparison with a reference needs, and slow. It takes effect where it is called before Load.
func Precise() error {
	if Loaded() != "" {
		return errors.New("ggml: precise products must be asked for before the libraries are loaded")
	}
	// The drivers' libraries read these when they are loaded.
	for name, value := range map[string]string{"NVIDIA_TF32_OVERRIDE": "0", "GGML_VK_DISABLE_F16": "1"} {
		n, v := C.CString(name), C.CString(value)
		C.setenv(n, v, 1)
		C.free(unsafe.Pointer(n))
		C.free(unsafe.Pointer(v))
	}
	return nil
}
