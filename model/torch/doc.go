// Package torch reads the tensors of PyTorch's files: state dictionaries as torch.save writes them (a ZIP since version
// 1.6, five pickles and the numbers before), and TorchServe archives (.mar: a ZIP around such a file, with a manifest,
// a configuration and other small files).
//
// Of pickle only the opcodes such files need are known, and of the things it may call only those that build a dictionary
// and a tensor; they are recognised, not run. Everything is bounded by the size of the file before room is made for it.
// Numbers stay on disk until they are read; a weights file that lies compressed in an archive is unpacked into an unnamed
// temporary file first, so that no more than the tensor under way is ever in memory.
//
// # Concurrency
//
// A File does not change after Open; its methods, but Close, may be called from many goroutines at once.
package torch
