// Package whisper turns speech into words with OpenAI's Whisper (Radford et al. 2022), base size and 80 mel bands.
//
// Convert makes one GGUF file out of a CTranslate2 model; Open loads it; Transcribe hears one utterance, of which no more
// than its own length is encoded (surroundings.go says how), and decodes it greedily without timestamps. The words of
// the last caption, given as a Draft, are verified in a single pass of the decoder: a final that says the same costs
// one pass instead of one per token, and is the same bit by bit.
//
// # Concurrency
//
// A Recognizer may be used from many goroutines; it serves one call at a time, finals before captions. Close waits for
// nobody: no Transcribe may be under way.
package whisper
