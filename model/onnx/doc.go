// Package onnx runs networks in the ONNX format with ONNX Runtime on the CPU.
//
// Open loads the library once per process. A Session holds the weights of one network; Run takes tensors of any
// shape the network allows, and a Binding ties a Session to fixed buffers so that repeated runs allocate nothing:
//
//	if err := onnx.Open(libPath); err != nil { ... }
//	s, err := onnx.NewSession(path, onnx.Options{})
//	out, err := s.Run(onnx.Of(ids, 1, len(ids)), onnx.Of([]float32{1}, 1))
//	sound, err := onnx.Values[float32](out[0])
//
// Names, element types and shapes are checked in Go before the library sees them; a mistake is an error that names
// the tensor. Threads that wait never spin.
//
// # Concurrency
//
// Every function and every method of Session may be called by many goroutines at once; runs of one Session go on side
// by side on the callers' threads and share its weights. Close waits for the runs under way; later calls return an
// error. A Binding is used by one goroutine at a time; several Bindings of one Session may run at once.
package onnx
