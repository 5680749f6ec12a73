// Package language turns the language_model of a HyperCLOVAX-SEED-Omni checkpoint, a plain Llama without biases and with
// an output matrix of its own, into the GGUF file that libllama loads.
//
// The file carries no vocabulary: ids and embeddings go in, logits come out; words are package tokenizer's. Tensors keep
// their numbers; only the rows of the query and key projections change places, because the checkpoint's rotary embedding
// turns the two halves of a head against each other and libllama's turns neighbours.
//
// # Concurrency
//
// Functions share nothing and may be called from many goroutines at once, on different files.
package language
