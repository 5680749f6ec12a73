// Package llama runs language models with libllama (llama.cpp, build b10361), loaded at run time.
//
// [Open] loads the library, [LoadModel] a GGUF file. An [Engine] owns the model's cache and runs one step at a time
// for all calls: every [Sequence] that generates contributes one token, and prompts fill what room is left.
// A [Template] turns a conversation into tokens without letting anyone's words become control tokens.
//
// libllama aborts the process on many wrong arguments, so everything is checked here before it gets there.
//
// # Concurrency
//
// Open, LoadModel and every method of Model, Template and Dialect may be called by any goroutine. Engine.Run is called
// once and owns the cache until it returns; all other methods of Engine may be called by any goroutine. A Sequence
// belongs to one goroutine at a time, and says so with an error when two use it at once; its Len may be read by anyone
// at any time. The methods of a Sequence wait for the engine, so they need Run to be running.
// A TextDecoder and a sampler belong to one goroutine.
package llama
