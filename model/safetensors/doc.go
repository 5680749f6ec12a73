// Package safetensors reads .safetensors files: a length, a JSON header, then the tensors side by side (the format of
// Hugging Face's safetensors library).
//
// A file is treated as hostile: its header's length, every type, shape and offset is compared with the size of the file
// before anything is allocated for it. Tensors must lie inside the file, apart from each other, and as long as their
// type and shape say. An error names the tensor that is wrong.
//
// # Concurrency
//
// A File does not change after Open; its methods, but Close, may be called from many goroutines at once.
package safetensors
