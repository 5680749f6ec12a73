// Package compressor turns the rows that the audio encoder makes of a video's soundtrack, 25 a second, into one row a second:
// MambaMIA with one layer of Mamba2 (Dao and Gu 2024). In the checkpoint it is video_audio_compressor.
//
// A learned query stands behind the rows of each second; it takes a weighted mean of them, and what the recurrence reads
// at its place becomes the second's row. With one layer the weights of the mean are constants of the checkpoint, and
// nothing but the recurrence itself is wanted of the other rows. Nothing looks ahead of the current second: State is all
// that goes from one to the next, and seconds given one by one come out the same, to the bit, as all at once. Where time
// may be taken back, as while the last piece of the encoder still grows, keep a Clone of the State from before.
//
// # Concurrency
//
// A Compressor belongs to one goroutine at a time. A State belongs to whoever made it.
package compressor
