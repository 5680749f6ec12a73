// Package ggml builds and runs tensor graphs on ggml's C interface, which it loads at run time.
//
// ggml stops the process where a shape or a type does not suit an operation. So every operation here checks its
// operands in Go first; the first mistake sticks to the Graph, names the operation and comes out of Compute.
// The pieces: a Backend (the processor and its threads), a Store (tensors that stay: weights, caches) and a Graph
// (what is computed once and thrown away). Everything is freed by Close, nothing by a finalizer.
//
// # Concurrency
//
// Load, Symbol and LoadStore may be called from many goroutines. A Backend and the Graphs on it belong to one goroutine
// at a time. A Store may be read by graphs of several goroutines as long as none of them copies into it.
package ggml
