// Package gguf reads and writes GGUF version 3 files: named values and named tensors in one little-endian file
// (layout after docs/gguf.md of the ggml project).
//
// A file is treated as hostile. Every count, length, shape and offset is compared with what the file can hold before
// anything is allocated for it, and an error names the key or the tensor that is wrong. Version 2 files, which differ in
// nothing that is read here, are accepted.
//
// # Concurrency
//
// A File does not change after Open; all its methods but Close may be called from many goroutines at once.
// A Writer belongs to one goroutine.
package gguf
