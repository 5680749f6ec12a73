// Package checkpoint reads the weights of a model by explicit name and shape, whatever files they lie in.
//
// A Source is where tensors come from: safetensors files, sharded or not, or GGUF files. A Plan is what a network wants:
// each tensor by its name, with its shape in PyTorch's order. Declaring costs no memory; Err lists everything that is
// missing or misshapen; Load then reads it all into huge pages, in the type asked for, and refuses numbers that are not
// finite. The same plan serves loading, inspection and conversion.
//
// # Concurrency
//
// A Source may be read from many goroutines at once until Close. A Plan belongs to one goroutine. Weights do not change
// after Load and may be read by graphs of several goroutines.
package checkpoint
