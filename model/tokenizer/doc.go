// Package tokenizer turns text into the ids of a Hugging Face tokenizer.json and back: byte-level BPE, the kind that GPT-2,
// Llama 3, Qwen and HyperCLOVA X use.
//
// Text passes a normaliser, is cut into words by a pattern, and each word's bytes are merged pair by pair in the order of
// the merges. Tokens added by name ("<|im_end|>") stand outside of this: they are found only in text that the caller marks
// as its own ([Part.Special]). What a user said never becomes one, however it is spelled.
//
// Everything comes from the file. A component that this package does not know is an error that names it, because a
// tokenizer that is almost right is worse than none. Text longer than 4 MiB is refused; time and memory grow in proportion
// to the text, also for one word of 100 kB.
//
// # Concurrency
//
// A Tokenizer is never changed once it is read and may be used by any number of goroutines. A Decoder belongs to one.
package tokenizer
