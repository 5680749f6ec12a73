// Package convert makes of a published checkpoint a folder of GGUF files that loads as the checkpoint does, in types that
// take less room: one file a component, with its config and where it comes from in the header, the language model as
// libllama loads it; the vocoders' archives and the parts of the image decoder the same way. What is no weight is copied.
//
// Only matrices change their type; norms, biases, tables and everything else that a network reads as f32 keeps its numbers.
// Tensors go through memory some rows at a time. Every file is written under another name until it is whole, and the folder
// opens only once the list of all its files, which is written last, lies in it. A conversion that was cut off goes on
// behind the last stretch of tensors that reached the disk.
//
// # Concurrency
//
// Convert may run for several folders at once; of two for the same one the second is refused.
package convert
