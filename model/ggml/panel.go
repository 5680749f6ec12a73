package ggml

// #include "kernels.h"
import "C"

// panelSize is how many outputs the kernels of this processor compute side by side: 32 with AVX-512, 16 with AVX2, else 8.
func panelSize() int { return int(C.kernels_panel()) }

// limitPanel makes do with smaller kernels, and without the processor's dot products; only tests do so, before anything is
// packed.
func limitPanel(n int, dots bool) { C.kernels_limit(C.int(n), flag(dots)) }
